import { compensatedSum } from '../../../engines/aggregates.ts'
import { unfit } from './given.ts'

/** A compensated sum, of what `of` makes of each number; no −0. */
export const sum = (xs: ArrayLike<number>, of?: (x: number, i: number) => number): number => compensatedSum(xs, of) + 0

export interface Moments {
  readonly n: number
  readonly mean: number
  /** Of the sample: divided by n − 1; 0 of one value. */
  readonly variance: number
  readonly sd: number
}

/** Two passes, the second about the mean. @throws ANALYSIS_DATA when squares leave the range of numbers */
export function moments(xs: ArrayLike<number>): Moments {
  const n = xs.length
  const rough = sum(xs) / n
  const mean = rough + sum(xs, (x) => x - rough) / n
  const variance = n < 2 ? 0 : sum(xs, (x) => (x - mean) ** 2) / (n - 1)
  if (!Number.isFinite(variance) || !Number.isFinite(mean))
    throw unfit(
      'the values are too large for their squares',
      'numbers end at 1.8e308',
      'divide the column by a unit that suits it: thousands, millions',
    )
  // what is left of equal values when a mean can't be written exactly
  const dust = (8 * Number.EPSILON * Math.abs(mean)) ** 2
  const real = variance > dust ? variance : 0
  return { n, mean, variance: real, sd: Math.sqrt(real) }
}

/** Skewness g₁ and kurtosis b₂ (3 of a normal) by moments Σ(x−x̄)^k / n; of values that vary. */
export function shapeOf(xs: ArrayLike<number>): { skewness: number; kurtosis: number } {
  const { mean, n, sd } = moments(xs)
  // in units of sd, so that fourth powers stay in range
  const of = (k: number) => sum(xs, (x) => ((x - mean) / sd) ** k) / n
  const m2 = of(2)
  return { skewness: of(3) / m2 ** 1.5, kurtosis: of(4) / m2 ** 2 }
}

export const sorted = (xs: ArrayLike<number>): Float64Array => Float64Array.from(xs).sort()

/** The quantile of sorted values by linear interpolation (Hyndman and Fan 1996, type 7: NumPy's and R's own). */
export function quantileOf(ascending: ArrayLike<number>, p: number): number {
  const at = (ascending.length - 1) * p
  const low = Math.floor(at)
  const a = ascending[low] as number
  const b = (ascending[Math.min(low + 1, ascending.length - 1)] as number) ?? a
  return a + (b - a) * (at - low)
}

export const medianOf = (xs: ArrayLike<number>): number => quantileOf(sorted(xs), 0.5)

/** Ranks from 1, equal values sharing the middle of theirs; `ties` is Σ(t³ − t). */
export function ranks(xs: ArrayLike<number>): { ranks: Float64Array; ties: number } {
  const order = Array.from({ length: xs.length }, (_, i) => i).sort((i, j) => (xs[i] as number) - (xs[j] as number))
  const out = new Float64Array(xs.length)
  let ties = 0
  for (let i = 0; i < order.length; ) {
    let j = i + 1
    while (j < order.length && xs[order[j] as number] === xs[order[i] as number]) j++
    for (let k = i; k < j; k++) out[order[k] as number] = (i + j + 1) / 2
    const t = j - i
    ties += t ** 3 - t
    i = j
  }
  return { ranks: out, ties }
}

/** Pearson's r; NaN when one of the two does not vary. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const [a, b] = [moments(x), moments(y)]
  if (a.sd === 0 || b.sd === 0) return Number.NaN
  const products = sum(x, (v, i) => ((v - a.mean) / a.sd) * (((y[i] as number) - b.mean) / b.sd))
  return Math.max(-1, Math.min(1, products / (a.n - 1)))
}
