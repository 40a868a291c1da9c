import { eigenSymmetric } from '../training/linear.ts'
import { decodeFloat64, encodeArray } from '../training/model.ts'
import type { NumberParam } from '../training/params.ts'
import { askedOf, assigner, columnsOf, learntModel } from './asked.ts'
import { cutOf, floats, withCrew } from './crew.ts'
import type { Learner, OutputColumn } from './learner.ts'
import { readMatrix, unfit, varying } from './matrix.ts'

const KIND = 'pca'
const PARAMS = {
  components: { value: 2, min: 1, max: 400, integer: true },
} as const satisfies Record<string, NumberParam>
/** Columns whose matrix of covariances is taken apart within seconds. */
const MOST = 400

const outputsOf = (count: number): OutputColumn[] =>
  Array.from({ length: count }, (_, i) => ({ name: `pc${i + 1}`, type: 'float64' }))

/** Σ xⱼ·xₗ of a block's rows, for l ≥ j. */
export const kernels = {
  products(
    { x, sums }: Record<'x' | 'sums', Float64Array>,
    { d }: { readonly d: number },
    from: number,
    to: number,
    block: number,
  ): void {
    const at = block * d * d
    for (let i = from; i < to; i++)
      for (let j = 0, row = i * d; j < d; j++) {
        const v = x[row + j] as number
        for (let l = j, s = at + j * d; l < d; l++) sums[s + l] = (sums[s + l] as number) + v * (x[row + l] as number)
      }
  },
}

/** Principal components: the directions along which rows vary most; of a vector and its opposite the one whose largest weight is positive. */
export const pcaLearner: Learner = {
  kind: KIND,
  outputs: (params) => outputsOf(askedOf(KIND, params, PARAMS).components),
  async fit(task, ctx) {
    const asked = askedOf(KIND, task.params, PARAMS)
    const x = await readMatrix(task, ctx, asked.standardise)
    const { rows, width: d } = x
    if (d > MOST)
      throw unfit(`${d} features are too many for ${KIND}`, `it takes ${MOST} at most`, 'choose those that matter')
    if (asked.components > d)
      throw unfit(
        `${d} features have no ${asked.components} components`,
        'there are as many as features at most',
        'ask for fewer components, or name more features',
      )
    if (varying(x) === 0)
      throw unfit('there are no directions to find', 'no column varies', 'choose features that differ between rows')
    const cut = cutOf(rows)
    const sums = floats(cut.blocks * d * d)
    const crew = { module: import.meta.url, kernels, cut, arrays: { x: x.data, sums } }
    await withCrew({ ...crew, threads: task.threads, work: (rows * d * d) / 32, signal: ctx.signal }, (run) =>
      run('products', { d }),
    )
    ctx.progress({ done: 1, total: 2, unit: 'steps' })
    const covariance = (j: number, l: number): number => {
      let sum = 0
      for (let b = 0; b < cut.blocks; b++) sum += sums[b * d * d + Math.min(j, l) * d + Math.max(j, l)] as number
      return sum / Math.max(1, rows - 1)
    }
    const matrix = Array.from({ length: d }, (_, j) => Array.from({ length: d }, (_, l) => covariance(j, l)))
    const total = matrix.reduce((sum, row, j) => sum + (row[j] as number), 0)
    const found = eigenSymmetric(matrix).slice(0, asked.components)
    ctx.progress({ done: 2, total: 2, unit: 'steps' })
    // rounding leaves a direction without variance a little of it, or less than none
    const variance = found.map((f) => Math.max(0, f.value))
    const components = encodeArray(Float64Array.from(found.flatMap((f) => [...f.vector])))
    const share = variance.map((v) => v / total)
    return learntModel(KIND, task, asked, { columns: x.columns, components, variance, share, rows })
  },
  load(model) {
    const columns = columnsOf(model, KIND)
    const weights = decodeFloat64(model.body, 'components')
    const d = columns.length
    const count = weights.length / d
    return assigner(model, columns, outputsOf(count), (row, out) => {
      for (let c = 0; c < count; c++) {
        let sum = 0
        for (let j = 0; j < d; j++) sum += (weights[c * d + j] as number) * (row[j] as number)
        out[c] = sum
      }
    })
  },
  figures({ body }) {
    const share = body['share'] as number[]
    return { components: share.length, explained: share.reduce((a, b) => a + b, 0), rows: body['rows'] as number }
  },
}
