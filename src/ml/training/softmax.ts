import type { Evaluator } from '../../plan/evaluator.ts'
import type { ColumnStats } from './design.ts'
import { broken, decodeFloat64, encodeArray, largest, outputsOf } from './model.ts'
import type { TrainedModel } from './trainer.ts'

/** Turns scores of classes, from `from` on, into probabilities. */
export function softmaxInPlace(scores: Float64Array, from: number, classes: number): void {
  let top = Number.NEGATIVE_INFINITY
  for (let k = 0; k < classes; k++) top = Math.max(top, scores[from + k] as number)
  let sum = 0
  for (let k = 0; k < classes; k++) {
    // where several are infinite they are as likely
    const e = scores[from + k] === top ? 1 : Math.exp((scores[from + k] as number) - top)
    scores[from + k] = e
    sum += e
  }
  for (let k = 0; k < classes; k++) scores[from + k] = (scores[from + k] as number) / sum
}

/** The body of a linear model with a set of weights a class; `weights` has the columns, then the indicators, then the intercept of each. */
export function softmaxBody(
  columns: readonly ColumnStats[],
  indicators: readonly number[],
  weights: Float64Array,
  classes: number,
  fit: Readonly<Record<string, number>>,
): TrainedModel['body'] {
  const size = weights.length / classes
  const p = columns.length
  const own = new Float64Array(classes * p)
  const missing = new Float64Array(classes * p)
  const intercepts = new Float64Array(classes)
  for (let k = 0; k < classes; k++) {
    own.set(weights.subarray(k * size, k * size + p), k * p)
    for (const [i, f] of indicators.entries()) missing[k * p + f] = weights[k * size + p + i] as number
    intercepts[k] = weights[(k + 1) * size - 1] as number
  }
  const of = (pick: (c: ColumnStats) => number): string => encodeArray(Float64Array.from(columns, pick))
  return {
    ...fit,
    intercepts: encodeArray(intercepts),
    weights: encodeArray(own),
    missing: encodeArray(missing),
    mean: of((c) => c.mean),
    scale: of((c) => c.scale),
    low: of((c) => c.low),
    high: of((c) => c.high),
  }
}

/** The arrays of such a model. @throws STORE_CORRUPT */
function arraysOf(model: TrainedModel) {
  const n = outputsOf(model)
  const p = model.features.length
  const read = (name: string): Float64Array => decodeFloat64(model.body, name)
  const [weights, missing, intercepts] = [read('weights'), read('missing'), read('intercepts')]
  const [mean, scale, low, high] = [read('mean'), read('scale'), read('low'), read('high')]
  if (weights.length !== n * p || missing.length !== n * p || intercepts.length !== n || mean.length !== p)
    throw broken('its weights and classes disagree')
  return { n, p, weights, missing, intercepts, mean, scale, low, high }
}

/** Such a model column by column. @throws STORE_CORRUPT */
export function readSoftmax(model: TrainedModel) {
  const { n, p, weights, missing, intercepts, mean, scale, low, high } = arraysOf(model)
  const of = (values: Float64Array, f: number): number => values[f] as number
  const columns = Array.from({ length: p }, (_, f) => ({
    ...{ mean: of(mean, f), scale: of(scale, f), low: of(low, f), high: of(high, f) },
    weights: Array.from({ length: n }, (_, k) => of(weights, k * p + f)),
    missings: Array.from({ length: n }, (_, k) => of(missing, k * p + f)),
  }))
  return { intercepts: [...intercepts], columns }
}

/** Such a model made ready to score. @throws STORE_CORRUPT */
export function loadSoftmax(model: TrainedModel): Evaluator {
  const { n, p, weights, missing, intercepts, mean, scale, low, high } = arraysOf(model)
  const add = (f: number, x: number, out: Float64Array, at: number): void => {
    if (Number.isNaN(x)) {
      for (let k = 0; k < n; k++) out[at + k] = (out[at + k] as number) + (missing[k * p + f] as number)
      return
    }
    const within = x === Number.POSITIVE_INFINITY ? high[f] : x === Number.NEGATIVE_INFINITY ? low[f] : x
    // what is far from all that was seen must not make ∞ − ∞ of the scores
    const value = Math.max(-1e100, Math.min(1e100, ((within as number) - (mean[f] as number)) * (scale[f] as number)))
    for (let k = 0; k < n; k++) out[at + k] = (out[at + k] as number) + value * (weights[k * p + f] as number)
  }
  return {
    kind: model.kind,
    inputs: model.features,
    outputs: n,
    one: (row, out = new Float64Array(n)) => {
      out.set(intercepts)
      for (let f = 0; f < p; f++) add(f, row[f] as number, out, 0)
      softmaxInPlace(out, 0, n)
      return largest(out, 0, n)
    },
    many: (columns, rows, out) => {
      for (let i = 0; i < rows; i++) {
        out.set(intercepts, i * n)
        for (let f = 0; f < p; f++) add(f, (columns[f] as Float64Array)[i] as number, out, i * n)
        softmaxInPlace(out, i * n, n)
      }
    },
    contributions: (row, out) => {
      const terms = new Float64Array(n)
      for (let f = 0; f <= p; f++) {
        if (f < p) add(f, row[f] as number, terms.fill(0), 0)
        else terms.set(intercepts)
        for (let k = 0; k < n; k++) out[k * (p + 1) + f] = terms[k] as number
      }
    },
  }
}
