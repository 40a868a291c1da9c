import type { Evaluator } from '../../plan/evaluator.ts'
import type { ColumnStats } from './design.ts'
import { bodyNumber, checkModel, decodeFloat64, encodeArray, meanOfLog } from './model.ts'
import type { TrainedModel } from './trainer.ts'

/** The body of a logistic model: weights of the columns, then those of where the columns of `indicators` are missing, then the intercept. */
export function logisticBody(
  columns: readonly ColumnStats[],
  indicators: readonly number[],
  weights: Float64Array,
  fit: Readonly<Record<string, number>>,
): TrainedModel['body'] {
  const missing = new Float64Array(columns.length)
  for (const [k, f] of indicators.entries()) missing[f] = weights[columns.length + k] as number
  const of = (pick: (c: ColumnStats) => number): string => encodeArray(Float64Array.from(columns, pick))
  return {
    ...fit,
    intercept: weights[weights.length - 1] as number,
    weights: encodeArray(weights.slice(0, columns.length)),
    missing: encodeArray(missing),
    mean: of((c) => c.mean),
    scale: of((c) => c.scale),
    low: of((c) => c.low),
    high: of((c) => c.high),
  }
}

/** Terms of a linear score: of a standardised value, or of a missing one. */
export interface LinearBody {
  readonly intercept: number
  readonly columns: readonly (Omit<ColumnStats, 'missing'> & { readonly weight: number; readonly missing: number })[]
}

/** Reads what `logisticBody` wrote. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function readLinear(model: TrainedModel): LinearBody {
  checkModel(model, ['linear', 'poisson'].includes(model.kind) ? model.kind : 'logistic')
  const { body } = model
  const names = ['weights', 'missing', 'mean', 'scale', 'low', 'high'] as const
  const [weights, missing, mean, scale, low, high] = names.map((name) => decodeFloat64(body, name)) as [
    Float64Array,
    ...Float64Array[],
  ]
  const at = (values: Float64Array | undefined, f: number) => values?.[f] ?? 0
  return {
    intercept: bodyNumber(body, 'intercept'),
    columns: Array.from(weights, (weight, f) => ({
      weight,
      missing: at(missing, f),
      mean: at(mean, f),
      scale: at(scale, f),
      low: at(low, f),
      high: at(high, f),
    })),
  }
}

const FAR = 1e100

/** A logistic, linear or Poisson model made ready to score. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function loadLinear(model: TrainedModel): Evaluator {
  const { intercept, columns } = readLinear(model)
  const term = (f: number, x: number): number => {
    const { weight, missing, mean, scale, low, high } = columns[f] as (typeof columns)[number]
    if (Number.isNaN(x)) return missing
    const value = x === Number.POSITIVE_INFINITY ? high : x === Number.NEGATIVE_INFINITY ? low : x
    // what is far from all that was seen must not make infinities, of which two are no number
    return Math.max(-FAR, Math.min(FAR, (value - mean) * scale)) * weight
  }
  const answer =
    model.kind === 'logistic'
      ? (score: number) => 1 / (1 + Math.exp(-score))
      : model.kind === 'poisson'
        ? meanOfLog
        : (score: number) => score
  return {
    kind: model.kind,
    inputs: model.features,
    outputs: 1,
    one: (row) => {
      let score = intercept
      for (let f = 0; f < columns.length; f++) score += term(f, row[f] as number)
      return answer(score)
    },
    many: (values, rows, out) => {
      out.fill(intercept, 0, rows)
      for (let f = 0; f < columns.length; f++) {
        const column = values[f] as Float64Array
        for (let i = 0; i < rows; i++) out[i] = (out[i] as number) + term(f, column[i] as number)
      }
      for (let i = 0; i < rows; i++) out[i] = answer(out[i] as number)
    },
    // of features that do not depend on each other: a standardised column's mean is 0
    contributions: (row, out) => {
      for (let f = 0; f < columns.length; f++) out[f] = term(f, row[f] as number)
      out[columns.length] = intercept
    },
  }
}
