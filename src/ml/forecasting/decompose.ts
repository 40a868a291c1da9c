import { rangeOf } from './forecaster.ts'

/** What a season adds to a series, or multiplies it by: an index for each of its periods, the first being that of the first value. */
export interface Seasons {
  readonly index: Float64Array
  /** Values without it. */
  readonly adjusted: Float64Array
  /** Values without season and trend, NaN within half a season of both ends. */
  readonly rest: Float64Array
}

/** Averages over a season around each value, half the weight on the ends of an even one; NaN where there is no whole one. */
export function centred(y: Float64Array, season: number): Float64Array {
  const half = Math.floor(season / 2)
  const even = season % 2 === 0
  return rangeOf(y.length, (t) => {
    if (t < half || t + half >= y.length) return Number.NaN
    let sum = 0
    for (let k = -half; k <= half; k++) sum += (y[t + k] as number) * (even && Math.abs(k) === half ? 0.5 : 1)
    return sum / season
  })
}

/** Classical decomposition by moving averages (Hyndman and Athanasopoulos 2021, 3.4). The series has two seasons at least. */
export function decompose(y: Float64Array, season: number, multiplies: boolean): Seasons {
  const trend = centred(y, season)
  const sums = new Float64Array(season)
  const counts = new Float64Array(season)
  for (const [t, level] of trend.entries()) {
    if (Number.isNaN(level)) continue
    const v = multiplies ? (y[t] as number) / level : (y[t] as number) - level
    sums[t % season] = (sums[t % season] as number) + v
    counts[t % season] = (counts[t % season] as number) + 1
  }
  const means = sums.map((s, i) => s / (counts[i] as number))
  const mean = means.reduce((a, b) => a + b, 0) / season
  const index = means.map((m) => (multiplies ? m / mean : m - mean))
  const without = (v: number, t: number) => (multiplies ? v / (index[t % season] as number) : v - (index[t % season] as number)) // biome-ignore format: one line
  const adjusted = y.map(without)
  const rest = adjusted.map((v, t) => (multiplies ? v / (trend[t] as number) : v - (trend[t] as number)))
  return { index, adjusted, rest }
}
