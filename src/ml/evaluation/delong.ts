import { normal, normalQuantile, twoSided } from '../analysis/statistics/distributions/continuous.ts'
import { type Interval, unknown } from './interval.ts'

/** AUCs of several scores of the same rows, and the covariances of these AUCs. */
export interface Delong {
  readonly aucs: readonly number[]
  readonly covariance: readonly (readonly number[])[]
}

/** Values below `x`, and half of those that equal it. */
function placed(sorted: Float64Array, x: number): number {
  return (bound(sorted, x, false) + bound(sorted, x, true)) / 2
}

function bound(sorted: Float64Array, x: number, upper: boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const v = sorted[middle] as number
    if (v < x || (upper && v === x)) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * AUCs with their covariances from how rows of one class are placed among those of the other (DeLong, DeLong and Clarke-Pearson
 * 1988), in n log n as Sun and Xu (2014) do. null where a class has fewer than two rows.
 */
export function delong(scores: readonly Float64Array[], labels: Uint8Array): Delong | null {
  const positives = labels.reduce((n, y) => n + y, 0)
  const negatives = labels.length - positives
  if (positives < 2 || negatives < 2) return null
  const placements = scores.map((s) => {
    const yes = s.filter((_, i) => labels[i] === 1)
    const no = s.filter((_, i) => labels[i] === 0)
    const [sortedYes, sortedNo] = [yes.slice().sort(), no.slice().sort()]
    return {
      ofYes: yes.map((x) => placed(sortedNo, x) / negatives),
      ofNo: no.map((x) => 1 - placed(sortedYes, x) / positives),
    }
  })
  const aucs = placements.map((p) => p.ofYes.reduce((a, b) => a + b, 0) / positives)
  const covariance = placements.map((a, i) =>
    placements.map((b, j) => {
      const of = (x: Float64Array, y: Float64Array): number => {
        let sum = 0
        for (let r = 0; r < x.length; r++) sum += ((x[r] as number) - (aucs[i] as number)) * ((y[r] as number) - (aucs[j] as number)) // biome-ignore format: one line
        return sum / (x.length - 1)
      }
      return of(a.ofYes, b.ofYes) / positives + of(a.ofNo, b.ofNo) / negatives
    }),
  )
  return { aucs, covariance }
}

/**
 * How far from an AUC of 1 the AUC may be of which all placements of so many rows are right: where it is as many standard errors away, by Hanley
 * and McNeil's (1982) variance at that AUC, both numbers of rows as their mean (Newcombe 2006, method 5).
 */
function shortOfOne(z: number, positives: number, negatives: number): number {
  const n = (positives + negatives) / 2 - 1
  const reach = (auc: number) =>
    z * Math.sqrt((auc * (1 - auc) * (1 + n * ((1 - auc) / (2 - auc) + auc / (1 + auc)))) / (positives * negatives))
  let [low, high] = [0, 1]
  for (let i = 0; i < 60; i++) {
    const auc = (low + high) / 2
    if (1 - auc > reach(auc)) low = auc
    else high = auc
  }
  return 1 - low
}

/** The AUC with DeLong's interval, kept within 0 and 1; where no row stands among those of the other class, which tells DeLong nothing, with Newcombe's. */
export function aucInterval(scores: Float64Array, labels: Uint8Array, confidence: number): Interval {
  const found = delong([scores], labels)
  if (!found) return unknown('delong')
  const value = found.aucs[0] as number
  const z = normalQuantile((1 + confidence) / 2)
  if (value === 0 || value === 1) {
    const positives = labels.reduce((n, y) => n + y, 0)
    const short = shortOfOne(z, positives, labels.length - positives)
    return { value, low: value * (1 - short), high: value + (1 - value) * short, method: 'newcombe' }
  }
  const half = z * Math.sqrt(Math.max(0, found.covariance[0]?.[0] as number))
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half), method: 'delong' }
}

/** The difference of two AUCs on the same rows, first − second, with DeLong's interval and two-sided p. */
export function aucDifference(
  first: Float64Array,
  second: Float64Array,
  labels: Uint8Array,
  confidence: number,
): (Interval & { readonly p: number | null; readonly aucs: readonly [number, number] }) | null {
  const found = delong([first, second], labels)
  if (!found) return null
  const [a, b] = found.covariance as readonly [readonly [number, number], readonly [number, number]]
  const aucs = [found.aucs[0] as number, found.aucs[1] as number] as const
  const value = aucs[0] - aucs[1]
  const error = Math.sqrt(Math.max(0, a[0] + b[1] - 2 * a[1]))
  const half = normalQuantile((1 + confidence) / 2) * error
  // rounding leaves a variance of scores that order rows alike
  const p = error < 1e-12 ? (Math.abs(value) < 1e-12 ? 1 : null) : twoSided(normal(value / error))
  return { value, low: value - half, high: value + half, method: 'delong', p, aucs }
}
