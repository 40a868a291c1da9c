/** How good forecasts of one series are, over all folds of its back-test. */
export interface Judged {
  /** Values that were forecast and came. */
  readonly count: number
  readonly absolute: number
  readonly squared: number
  /** Sum of 200 · |error| / (|value| + |forecast|), 0 where both are 0. */
  readonly symmetric: number
  /** Mean absolute error by that of the seasonal naive forecast within the first fit's values (Hyndman and Koehler 2006); NaN where that is 0. */
  readonly mase: number
}

/** Mean absolute difference from the value a season before. */
export function naiveError(y: Float64Array, season: number): number {
  const lag = y.length > season ? season : 1
  let [sum, n] = [0, 0]
  for (let t = lag; t < y.length; t++) {
    const d = Math.abs((y[t] as number) - (y[t - lag] as number))
    if (Number.isNaN(d)) continue
    sum += d
    n++
  }
  return n > 0 ? sum / n : 0
}

/** @param folds what came, and what was forecast of it; missing values are left out */
export function judge(folds: readonly (readonly [came: Float64Array, mean: Float64Array])[], scale: number): Judged {
  let [count, absolute, squared, symmetric] = [0, 0, 0, 0]
  for (const [came, mean] of folds)
    for (const [h, y] of came.entries()) {
      const f = mean[h] as number
      if (Number.isNaN(y) || Number.isNaN(f)) continue
      const e = Math.abs(y - f)
      count++
      absolute += e
      squared += e * e
      const size = Math.abs(y) + Math.abs(f)
      symmetric += size > 0 ? (200 * e) / size : 0
    }
  return { count, absolute, squared, symmetric, mase: count > 0 && scale > 0 ? absolute / count / scale : Number.NaN }
}

/** Those of many series together: MASE is the mean of theirs, where one has any; all else is that of all values. */
export function together(
  all: readonly Judged[],
): Readonly<Record<'mae' | 'rmse' | 'smape', number> & { mase?: number }> | undefined {
  const sum = (of: (j: Judged) => number) => all.reduce((a, j) => a + of(j), 0)
  const count = sum((j) => j.count)
  if (count === 0) return undefined
  const scaled = all.filter((j) => !Number.isNaN(j.mase))
  return {
    mae: sum((j) => j.absolute) / count,
    rmse: Math.sqrt(sum((j) => j.squared) / count),
    smape: sum((j) => j.symmetric) / count,
    ...(scaled.length > 0 ? { mase: scaled.reduce((a, j) => a + j.mase, 0) / scaled.length } : {}),
  }
}
