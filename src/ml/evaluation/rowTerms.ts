import { type Measure, type Measures, type Terms, termsOf } from './additive.ts'
import { CLIP } from './metrics.ts'
import { poissonDeviance, tweedieDeviance } from './regression.ts'

const mean =
  (term: number, by = 0): Measure =>
  (s) =>
    (s[by] as number) > 0 ? (s[term] as number) / (s[by] as number) : null

/** Terms of a model, and the metrics that are made of their sums. */
export interface Judged {
  readonly terms: Terms
  readonly measures: Measures
}

const lossOf = (p: number): number => -Math.log(Math.min(Math.max(p, CLIP), 1 - CLIP))

/** Log loss (nats), Brier score and rate of a binary model. */
export function binaryTerms(scores: Float64Array, labels: ArrayLike<number>): Judged {
  const terms = termsOf(scores.length, 4, (i, out) => {
    const [p, y] = [scores[i] as number, labels[i] as number]
    out[0] = 1
    out[1] = y === 1 ? lossOf(p) : lossOf(1 - p)
    out[2] = (p - y) ** 2
    out[3] = y
  })
  return { terms, measures: { logLoss: mean(1), brier: mean(2), rate: mean(3) } }
}

/** Log loss, accuracy, balanced accuracy and macro F1 of a model of `n` classes; scores row by row, labels are places. */
export function classTerms(scores: Float64Array, labels: ArrayLike<number>, n: number): Judged {
  const terms = termsOf(labels.length, 3 + 3 * n, (i, out) => {
    const own = labels[i] as number
    let said = 0
    for (let k = 1; k < n; k++) if ((scores[i * n + k] as number) > (scores[i * n + said] as number)) said = k
    out[0] = 1
    out[1] = lossOf(scores[i * n + own] as number)
    out[2] = Number(said === own)
    // rows of each class, rows that are said to be of it, and those that are
    out[3 + 3 * own] = 1
    out[4 + 3 * said] = 1
    out[5 + 3 * own] = Number(said === own)
  })
  const classes = Array.from({ length: n }, (_, k) => 3 + 3 * k)
  const balanced: Measure = (s) => {
    const there = classes.filter((c) => (s[c] as number) > 0)
    return there.length === 0 ? null : there.reduce((sum, c) => sum + (s[c + 2] as number) / (s[c] as number), 0) / there.length // biome-ignore format: one line
  }
  const macroF1: Measure = (s) => {
    const there = classes.filter((c) => (s[c] as number) + (s[c + 1] as number) > 0)
    const f1 = (c: number) => (2 * (s[c + 2] as number)) / ((s[c] as number) + (s[c + 1] as number))
    return there.length === 0 ? null : there.reduce((sum, c) => sum + f1(c), 0) / there.length
  }
  return { terms, measures: { logLoss: mean(1), accuracy: mean(2), balancedAccuracy: balanced, macroF1 } }
}

export interface NumberOptions {
  /** Of the pinball loss; 0.5 unless given. */
  readonly alpha?: number
  /** Of the deviance, for goals of numbers from 0 on: 1 is Poisson's; absent: there is none. */
  readonly power?: number
}

/** RMSE, MAE, bias, R², MAPE (of rows whose number is not 0), sMAPE, pinball loss, and the deviance of a goal that has one. */
export function numberTerms(
  scores: Float64Array,
  labels: ArrayLike<number>,
  { alpha = 0.5, power }: NumberOptions = {},
): Judged {
  // sums of squares about a middle that does not move keep their digits
  let middle = 0
  for (let i = 0; i < labels.length; i++) middle += (labels[i] as number) / labels.length
  const terms = termsOf(labels.length, 11, (i, out) => {
    const [p, y] = [scores[i] as number, labels[i] as number]
    out[0] = 1
    out[1] = Math.abs(y - p)
    out[2] = (y - p) ** 2
    out[3] = p - y
    out[4] = y - middle
    out[5] = (y - middle) ** 2
    out[6] = y === 0 ? 0 : Math.abs((y - p) / y)
    out[7] = Number(y !== 0)
    out[8] = y === p ? 0 : (2 * Math.abs(y - p)) / (Math.abs(y) + Math.abs(p))
    out[9] = pinballLoss(y, p, alpha)
    out[10] = power === undefined ? 0 : deviance(y, p, power)
  })
  const r2: Measure = (s) => {
    const spread = (s[5] as number) - (s[4] as number) ** 2 / (s[0] as number)
    return spread > 1e-12 * (s[5] as number) && spread > 0 ? 1 - (s[2] as number) / spread : null
  }
  const rmse: Measure = (s) => ((s[0] as number) > 0 ? Math.sqrt((s[2] as number) / (s[0] as number)) : null)
  const own = power === undefined ? {} : { [devianceName(power)]: mean(10) }
  const common = { rmse, mae: mean(1), bias: mean(3), r2, mape: mean(6, 7), smape: mean(8), pinball: mean(9) }
  return { terms, measures: { ...own, ...common } }
}

/** α(y − p) where y ≥ p, else (1 − α)(p − y). */
export const pinballLoss = (y: number, p: number, alpha: number): number =>
  y >= p ? alpha * (y - p) : (1 - alpha) * (p - y)

export const devianceName = (power: number) => (power === 1 ? 'poissonDeviance' : 'tweedieDeviance')

/** NaN where p is not above 0. */
export const deviance = (y: number, p: number, power: number): number =>
  p > 0 ? (power === 1 ? poissonDeviance(y, p) : tweedieDeviance(y, p, power)) : Number.NaN
