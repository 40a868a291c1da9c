import { decodeFloat64, encodeArray } from '../../training/model.ts'
import type { NumberParam } from '../../training/params.ts'
import { askedOf, assigner, columnsOf, learntModel } from '../asked.ts'
import type { Learner, LearntModel, OutputColumn } from '../learner.ts'
import { readMatrix, unfit } from '../matrix.ts'
import { squared } from './kernels.ts'
import { type Clusters, kmeans } from './lloyd.ts'

const KIND = 'k-means'
const PARAMS = {
  clusters: { value: 8, min: 1, max: 4096, integer: true },
  maxIterations: { value: 300, min: 1, max: 100_000, integer: true },
  tolerance: { value: 1e-4, min: 0, max: 1 },
  restarts: { value: 1, min: 1, max: 100, integer: true },
  /** Rows of a mini-batch; 0: all rows in each iteration. */
  batch: { value: 0, min: 0, max: 1e7, integer: true },
} as const satisfies Record<string, NumberParam>

const OUTPUTS: readonly OutputColumn[] = [
  { name: 'cluster', type: 'int32' },
  { name: 'distance', type: 'float64' },
]

/** k-means: every row belongs to the nearest of k centres. Clusters are numbered by size, the largest first. */
export const kMeansLearner: Learner = {
  kind: KIND,
  outputs(params) {
    askedOf(KIND, params, PARAMS)
    return OUTPUTS
  },
  async fit(task, ctx) {
    const asked = askedOf(KIND, task.params, PARAMS)
    const x = await readMatrix(task, ctx, asked.standardise)
    if (x.rows < asked.clusters)
      throw unfit(
        `${x.rows} rows can not make ${asked.clusters} clusters`,
        'a cluster has a row at least',
        'bring more rows, or ask for fewer clusters',
      )
    let best: Clusters | undefined
    for (let run = 0; run < asked.restarts; run++) {
      const found = await kmeans(x, { ...asked, seed: task.seed, threads: task.threads }, run, ctx)
      if (!best || found.inertia < best.inertia) best = found
    }
    const { centres, k, sizes, inertia, iterations } = best as Clusters
    if (k < asked.clusters)
      ctx.say?.(`there are ${k} clusters, not ${asked.clusters}: the rows have no more that differ`)
    const body = { columns: x.columns, k, centres: encodeArray(centres), sizes, inertia, iterations, rows: x.rows }
    return learntModel(KIND, task, asked, body)
  },
  load(model) {
    const columns = columnsOf(model, KIND)
    const centres = decodeFloat64(model.body, 'centres')
    const d = columns.length
    const k = centres.length / d
    return assigner(model, columns, OUTPUTS, (row, out) => {
      let [best, label] = [Infinity, 0]
      for (let c = 0; c < k; c++) {
        const s = squared(row, 0, centres, c * d, d)
        if (s < best) [best, label] = [s, c]
      }
      out[0] = label
      out[1] = Math.sqrt(best)
    })
  },
  figures(model: LearntModel) {
    const { k, inertia, iterations, rows } = model.body as Record<string, number>
    return { clusters: k ?? 0, inertia: inertia ?? 0, iterations: iterations ?? 0, rows: rows ?? 0 }
  },
}
