/**
 * How far apart two distributions are, from counts in the same bins.
 *
 * - PSI, the population stability index: Σ (p − q) · ln(p / q) over ten bins of equal share (Siddiqi, Credit Risk Scorecards,
 *   2006): below 0.1 stable, above 0.25 shifted. An empty bin counts as half a row.
 * - KS, the Kolmogorov–Smirnov distance: the largest difference of the two distribution functions, here at the bins' ends;
 *   it is too small by a bin's share at most.
 * - χ² of homogeneity (Pearson 1900) of the two rows of counts, divided by the critical value at 0.1 % for its degrees of
 *   freedom (Wilson and Hilferty 1931): above 1 the two differ by more than chance.
 */
import type { Measure } from './expectation.ts'

export interface Difference {
  readonly value: number
  /** The bin that differs most. */
  readonly bin: number
}

/** @param before @param now counts by bin */
export function differenceOf(measure: Measure, before: readonly number[], now: readonly number[]): Difference {
  const [n, m] = [total(before), total(now)]
  if (n === 0 || m === 0) return { value: n === m ? 0 : Number.MAX_VALUE, bin: 0 }
  if (measure === 'ks') return ks(before, now, n, m)
  const parts = before.map((b, i) => {
    const a = now[i] ?? 0
    if (measure === 'psi') {
      const [p, q] = [Math.max(b, 0.5) / n, Math.max(a, 0.5) / m]
      return (q - p) * Math.log(q / p)
    }
    const both = a + b
    if (both === 0) return 0
    const [eb, ea] = [(both * n) / (n + m), (both * m) / (n + m)]
    return (b - eb) ** 2 / eb + (a - ea) ** 2 / ea
  })
  const bin = parts.reduce((best, x, i) => (x > (parts[best] ?? 0) ? i : best), 0)
  if (measure === 'psi') return { value: total(parts), bin }
  const kinds = before.filter((b, i) => b + (now[i] ?? 0) > 0).length
  return { value: kinds < 2 ? 0 : total(parts) / critical(kinds - 1), bin }
}

function ks(before: readonly number[], now: readonly number[], n: number, m: number): Difference {
  let [p, q, value, bin] = [0, 0, 0, 0]
  for (const [i, b] of before.entries()) {
    p += b / n
    q += (now[i] ?? 0) / m
    if (Math.abs(p - q) > value) [value, bin] = [Math.abs(p - q), i]
  }
  return { value, bin }
}

/** The 99.9 % quantile of the standard normal distribution. */
const Z = 3.090232306167813
/** The critical value of χ² at 0.1 %: within 1 % of the tables from two degrees of freedom on, 3 % too small at one. */
function critical(degrees: number): number {
  const k = 2 / (9 * degrees)
  return degrees * (1 - k + Z * Math.sqrt(k)) ** 3
}

const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0)
