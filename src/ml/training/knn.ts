import type { Evaluator } from '../../plan/evaluator.ts'
import { type ColumnStats, featureStats, standardise } from './design.ts'
import { checkColumns, checkSameRows, dataError } from './intake.ts'
import { labelledBatches, readTargets } from './labels.ts'
import { broken, checkModel, decodeBytes, decodeFloat64, encodeArray, largest, modelOf, outputsOf } from './model.ts'
import { type NumberParam, numberParams } from './params.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from './trainer.ts'

const KNN_PARAMS = { k: { value: 5, min: 1, max: 1000, integer: true } } as const satisfies Record<string, NumberParam>

/** Rows × features that a model holds: it is the rows, and each answer looks at all of them. */
export const MOST_CELLS = 2_000_000

/**
 * The k nearest training rows by Euclidean distance over standardised columns: their rates of classes, or their mean, by weight. Rows as
 * far as the k-th all count, so that the order of rows does not matter. A missing value counts as the mean, an infinite one, or one
 * beyond what training saw, as the end of the range.
 */
export const knn: Trainer = { kind: 'knn', goals: ['binary', 'multiclass', 'squared'], train, load }

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const params = numberParams('knn', task.params, KNN_PARAMS)
  checkColumns(task)
  const targets = await readTargets(task.train, task, ctx.signal)
  const { columns } = await featureStats(task.train, task.features, ctx.signal)
  const p = columns.length
  const { rows } = targets
  if (rows * p > MOST_CELLS)
    throw dataError(
      `knn keeps its rows, and ${rows.toLocaleString('en-US')} × ${p} values are more than ${MOST_CELLS.toLocaleString('en-US')}`,
      'sample the rows of the training part, or take gbdt()',
      { rows },
    )
  const x = new Float32Array(rows * p)
  const y = new Float64Array(rows)
  const w = new Float64Array(rows).fill(1)
  let read = 0
  for await (const batch of labelledBatches(task.train, task.features, task, targets.classes, ctx.signal)) {
    if (read + batch.rows > rows) checkSameRows(rows, read + batch.rows)
    const own = new Float32Array(batch.rows)
    for (const [f, column] of columns.entries()) {
      standardise(batch.feature(f), column, own)
      for (let i = 0; i < batch.rows; i++) x[(read + i) * p + f] = own[i] as number
    }
    y.set(batch.y, read)
    if (batch.w) w.set(batch.w, read)
    read += batch.rows
    ctx.progress({ done: read, total: rows, unit: 'rows' })
  }
  checkSameRows(rows, read)
  const of = (pick: (c: ColumnStats) => number): string => encodeArray(Float64Array.from(columns, pick))
  return modelOf('knn', task, targets, params, {
    ...{ k: params.k, x: encodeArray(x), y: encodeArray(y), w: encodeArray(w) },
    ...{ mean: of((c) => c.mean), scale: of((c) => c.scale), low: of((c) => c.low), high: of((c) => c.high) },
  })
}

/** A model's rows, standardised and row by row, what they are of and their weights, and its columns. @throws STORE_CORRUPT */
export function readKnn(model: TrainedModel) {
  checkModel(model, 'knn')
  const x = new Float32Array(decodeBytes(model.body, 'x'))
  const [y, w, mean, scale, low, high] = ['y', 'w', 'mean', 'scale', 'low', 'high'].map((name) => decodeFloat64(model.body, name)) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array] // biome-ignore format: one line
  const p = model.features.length
  if (x.length !== y.length * p || w.length !== y.length || high.length !== p) throw broken('its rows disagree')
  const columns = Array.from(mean, (m, f) => ({ mean: m, scale: scale[f] ?? 0, low: low[f] ?? 0, high: high[f] ?? 0, missing: 0 })) // biome-ignore format: one line
  return { x, y, w, columns, k: Math.min(y.length, Number(model.body['k'])) }
}

function load(model: TrainedModel): Evaluator {
  const { x, y, w, columns, k } = readKnn(model)
  const [p, n] = [model.features.length, outputsOf(model)]
  const distances = new Float64Array(y.length)
  const nearest = new Float64Array(k)
  const value = new Float64Array(1)
  const query = new Float32Array(p)
  /** The answer to the row in `query`, into `out` from `at` on. */
  const ask = (out: Float64Array, at: number): void => {
    nearest.fill(Number.POSITIVE_INFINITY)
    for (let i = 0, from = 0; i < y.length; i++, from += p) {
      let sum = 0
      for (let f = 0; f < p; f++) sum += ((x[from + f] as number) - (query[f] as number)) ** 2
      distances[i] = sum
      let place = k - 1
      if (sum >= (nearest[place] as number)) continue
      for (; place > 0 && (nearest[place - 1] as number) > sum; place--) nearest[place] = nearest[place - 1] as number
      nearest[place] = sum
    }
    const limit = nearest[k - 1] as number
    let [weight, counted] = [0, 0]
    const sums = new Float64Array(n)
    const even = new Float64Array(n)
    for (let i = 0; i < y.length; i++) {
      if ((distances[i] as number) > limit) continue
      const [place, own] = n > 1 ? [y[i] as number, 1] : [0, y[i] as number]
      weight += w[i] as number
      sums[place] = (sums[place] as number) + (w[i] as number) * own
      even[place] = (even[place] as number) + own
      counted++
    }
    // neighbours of no weight count alike
    for (let c = 0; c < n; c++) out[at + c] = weight > 0 ? (sums[c] as number) / weight : (even[c] as number) / counted
  }
  const put = (f: number, raw: number): void => {
    value[0] = raw
    standardise(value, columns[f] as ColumnStats, query.subarray(f))
  }
  const one = new Float64Array(n)
  return {
    kind: 'knn',
    inputs: model.features,
    outputs: n,
    one: (row, out = one) => {
      for (let f = 0; f < p; f++) put(f, row[f] as number)
      ask(out, 0)
      return n === 1 ? (out[0] as number) : largest(out, 0, n)
    },
    many: (values, rows, out) => {
      for (let i = 0; i < rows; i++) {
        for (let f = 0; f < p; f++) put(f, (values[f] as Float64Array)[i] as number)
        ask(out, i * n)
      }
    },
  }
}
