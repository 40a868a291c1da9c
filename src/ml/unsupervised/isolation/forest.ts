import { bodyNumber, decodeFloat64, decodeInt32, encodeArray } from '../../training/model.ts'
import type { NumberParam } from '../../training/params.ts'
import { askedOf, assigner, columnsOf, learntModel } from '../asked.ts'
import { cutOf, floats, ints, withCrew } from '../crew.ts'
import type { Learner, OutputColumn } from '../learner.ts'
import { readMatrix } from '../matrix.ts'
import { depthOf, growTrees, meanDepth, type Trees } from './trees.ts'

const KIND = 'isolation-forest'
const PARAMS = {
  trees: { value: 100, min: 1, max: 2000, integer: true },
  /** Rows that a tree sees. */
  samples: { value: 256, min: 2, max: 65_536, integer: true },
  /** The share of the rows that are taken to be anomalies. */
  contamination: { value: 0.01, min: 0, max: 0.5 },
} as const satisfies Record<string, NumberParam>
const OUTPUTS: readonly OutputColumn[] = [
  { name: 'anomaly_score', type: 'float64' },
  { name: 'anomaly', type: 'bool' },
]
/** Rows whose scores say where anomalies begin. */
const JUDGED = 200_000

export const kernels = {
  scores(
    arrays: Trees & Record<'x' | 'depths', Float64Array>,
    { d, every }: Record<'d' | 'every', number>,
    from: number,
    to: number,
  ): void {
    for (let i = from; i < to; i++) arrays.depths[i] = depthOf(arrays, arrays.x, i * every * d)
  },
}

const sharedFloats = (values: Float64Array) => {
  const out = floats(values.length)
  out.set(values)
  return out
}
const sharedInts = (values: Int32Array) => {
  const out = ints(values.length)
  out.set(values)
  return out
}

/** Isolation forest (Liu, Ting and Zhou 2008): rows that few cuts set apart are anomalies. The score is near 1 for them and below 0.5 for the common ones. */
export const isolationForestLearner: Learner = {
  kind: KIND,
  outputs(params) {
    askedOf(KIND, params, PARAMS)
    return OUTPUTS
  },
  async fit(task, ctx) {
    const asked = askedOf(KIND, task.params, PARAMS)
    const x = await readMatrix(task, ctx, asked.standardise)
    const trees = growTrees(x.data, x.rows, x.width, { ...asked, seed: task.seed })
    ctx.progress({ done: 1, total: 2, unit: 'steps' })
    const every = Math.ceil(x.rows / JUDGED)
    const cut = cutOf(Math.ceil(x.rows / every))
    const depths = floats(cut.rows)
    const arrays = {
      ...{ x: x.data, depths, feature: sharedInts(trees.feature), threshold: sharedFloats(trees.threshold) },
      ...{ below: sharedInts(trees.below), depth: sharedFloats(trees.depth), roots: sharedInts(trees.roots) },
    }
    const crew = { module: import.meta.url, kernels, cut, arrays, threads: task.threads, signal: ctx.signal }
    await withCrew({ ...crew, work: cut.rows * asked.trees }, (run) => run('scores', { d: x.width, every }))
    ctx.progress({ done: 2, total: 2, unit: 'steps' })
    const normal = asked.trees * meanDepth(Math.min(asked.samples, x.rows))
    const scores = depths.map((depth) => scoreOf(depth, normal)).sort()
    // of equal scores none is an anomaly unless all are within the share
    const place = Math.floor(scores.length * (1 - asked.contamination))
    const threshold = scores[Math.max(0, place - 1)] as number
    const body = {
      ...{ columns: x.columns, normal, threshold, rows: x.rows },
      ...{ feature: encodeArray(trees.feature), cuts: encodeArray(trees.threshold), below: encodeArray(trees.below) },
      ...{ depth: encodeArray(trees.depth), roots: encodeArray(trees.roots) },
    }
    return learntModel(KIND, task, asked, body)
  },
  load(model) {
    const columns = columnsOf(model, KIND)
    const { body } = model
    const trees: Trees = {
      ...{
        feature: decodeInt32(body, 'feature'),
        threshold: decodeFloat64(body, 'cuts'),
        below: decodeInt32(body, 'below'),
      },
      ...{ depth: decodeFloat64(body, 'depth'), roots: decodeInt32(body, 'roots') },
    }
    const [normal, threshold] = [bodyNumber(body, 'normal'), bodyNumber(body, 'threshold')]
    return assigner(model, columns, OUTPUTS, (row, out) => {
      const score = scoreOf(depthOf(trees, row, 0), normal)
      out[0] = score
      out[1] = score > threshold ? 1 : 0
    })
  },
  figures: ({ body }) => ({ threshold: body['threshold'] as number, rows: body['rows'] as number }),
}

/** 2^(−depth / what is normal); of one row, whose depth is normal, 0.5. */
const scoreOf = (depth: number, normal: number): number => (normal > 0 ? 2 ** (-depth / normal) : 0.5)
