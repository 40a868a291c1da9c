import { GalleyError } from '../../base/errors.ts'

/** How a model of a number did on rows that it has not seen; plain JSON. A metric without a meaning here is null. */
export interface RegressionReport {
  readonly goal: 'regression'
  readonly rows: number
  /** Mean of |y − p|, its median, and the root of the mean of (y − p)². */
  readonly mae: number | null
  readonly medianError: number | null
  readonly rmse: number | null
  /** Mean of p − y: above 0 where the model says too much. */
  readonly bias: number | null
  /** 1 − Σ(y − p)² / Σ(y − ȳ)². */
  readonly r2: number | null
  /** Mean of |y − p| / |y| over the rows where y is not 0. */
  readonly mape: number | null
  /** Mean of 2|y − p| / (|y| + |p|), 0 where both are 0: from 0 to 2. */
  readonly smape: number | null
  /** Rows whose target is 0: `mape` leaves them out. */
  readonly zeros: number
  /** Mean of α(y − p) where y ≥ p, else (1 − α)(p − y) (Koenker and Bassett, 1978). */
  readonly pinball: number | null
  /** The α of `pinball`: the goal's quantile, or 0.5. */
  readonly alpha: number
  /** Share of rows with y ≤ p: near α for a good quantile. */
  readonly below: number | null
  /** 2 · mean of y ln(y / p) − y + p. */
  readonly poissonDeviance: number | null
  /** Of the goal's `power` (1.5 unless it has one). */
  readonly tweedieDeviance: number | null
  readonly power: number
  /** Why a metric is null, or what it leaves out, by its name. */
  readonly reasons: Readonly<Record<string, string>>
}

export interface RegressionOptions {
  readonly alpha?: number
  readonly power?: number
}

/**
 * Reports on predictions against what came, a number a row.
 * @throws VALUE_INVALID when the lengths differ or a number is not finite
 * @example
 * evaluateNumbers(Float64Array.of(2.5, 0, 2, 8), Float64Array.of(3, -0.5, 2, 7)).mae // 0.5
 */
export function evaluateNumbers(
  scores: Float64Array,
  labels: Float64Array,
  { alpha = 0.5, power = 1.5 }: RegressionOptions = {},
): RegressionReport {
  check(scores, labels)
  const rows = labels.length
  const mean = (of: (y: number, p: number) => number): number | null => {
    let sum = 0
    for (let i = 0; i < rows; i++) sum += of(labels[i] as number, scores[i] as number)
    return rows === 0 ? null : sum / rows
  }
  const zeros = labels.reduce((n, y) => n + Number(y === 0), 0)
  const squares = mean((y, p) => (y - p) ** 2)
  const middle = mean((y) => y) ?? 0
  const spread = mean((y) => (y - middle) ** 2)
  const positive = rows > 0 && scores.every((p) => p > 0) && labels.every((y) => y >= 0)
  const counted = {
    mae: mean((y, p) => Math.abs(y - p)),
    medianError: median(labels.map((y, i) => Math.abs(y - (scores[i] as number)))),
    rmse: squares === null ? null : Math.sqrt(squares),
    bias: mean((y, p) => p - y),
    r2: squares === null || spread === null || spread === 0 ? null : 1 - squares / spread,
    mape: zeros === rows ? null : ((mean((y, p) => (y === 0 ? 0 : Math.abs((y - p) / y))) as number) * rows) / (rows - zeros), // biome-ignore format: one line
    smape: mean((y, p) => (y === p ? 0 : (2 * Math.abs(y - p)) / (Math.abs(y) + Math.abs(p)))),
    zeros,
    pinball: mean((y, p) => (y >= p ? alpha * (y - p) : (1 - alpha) * (p - y))),
    alpha,
    below: mean((y, p) => Number(y <= p)),
    poissonDeviance: positive ? mean(poissonDeviance) : null,
    tweedieDeviance: positive ? mean((y, p) => tweedieDeviance(y, p, power)) : null,
    power,
  }
  const deviance = 'a prediction is not above 0, or a target is below 0'
  const why: Readonly<Record<string, string>> = {
    r2: 'the target is the same in all rows',
    mape: 'the target is 0 in all rows',
    poissonDeviance: deviance,
    tweedieDeviance: deviance,
  }
  const missing = Object.entries(counted).filter(([, value]) => value === null)
  const reasons = Object.fromEntries(
    missing.map(([name]) => [name, rows === 0 ? 'there are no rows' : (why[name] ?? '')]),
  )
  if (zeros > 0 && zeros < rows)
    reasons['mape'] = `${zeros.toLocaleString('en-US')} rows whose target is 0 are left out`
  return { goal: 'regression', rows, ...counted, reasons }
}

/** Of one row: 2 · (y ln(y / p) − y + p); y from 0 on, p above 0. */
export const poissonDeviance = (y: number, p: number): number => 2 * ((y === 0 ? 0 : y * Math.log(y / p)) - y + p)

/** The same of a power between 1 and 2. */
export const tweedieDeviance = (y: number, p: number, power: number): number =>
  2 *
  (y ** (2 - power) / ((1 - power) * (2 - power)) -
    (y * p ** (1 - power)) / (1 - power) +
    p ** (2 - power) / (2 - power))

function median(values: Float64Array): number | null {
  const sorted = values.sort()
  const n = sorted.length
  return n === 0 ? null : ((sorted[(n - 1) >> 1] as number) + (sorted[n >> 1] as number)) / 2
}

function check(scores: Float64Array, labels: Float64Array): void {
  if (scores.length !== labels.length)
    throw new GalleyError('VALUE_INVALID', { what: `there are ${scores.length} scores and ${labels.length} labels` })
  for (let i = 0; i < scores.length; i++) {
    if (Number.isFinite(scores[i]) && Number.isFinite(labels[i])) continue
    const score = !Number.isFinite(scores[i])
    throw new GalleyError('VALUE_INVALID', {
      what: `the ${score ? 'score' : 'label'} of row ${i} is ${(score ? scores : labels)[i]}`,
      ...(score ? { why: 'a feature is too large to compute with, or the model did not converge on it' } : {}),
      fix: score
        ? 'bring features to a sensible scale (a logarithm, a ratio), or reject rows whose values can not be true'
        : 'reject rows without a number',
    })
  }
}
