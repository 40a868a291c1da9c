import { isInteger } from '../../plan/types.ts'
import type { Column } from './columns.ts'
import type { Histogram, NumberStats } from './types.ts'

/** Bins of a histogram, at most. */
export const BINS = 30

export interface Bins {
  readonly from: number
  readonly width: number
  readonly bins: number
  /** The largest value inside. */
  readonly to: number
}

/**
 * Thirty bins over a robust range: all of it, unless the middle 98 % fill less than two thirds; then that and a quarter
 * of it on either side. Integers get bins of a whole width, so that no bin holds one value more than its neighbour.
 */
export function binsFor(column: Column, s: Pick<NumberStats, 'min' | 'max' | 'quantiles'>): Bins | null {
  const { min, max } = s
  if (min === null || max === null) return null
  const low = s.quantiles[0] ?? min
  const high = s.quantiles.at(-1) ?? max
  let [from, to] = [min, max]
  if (high > low && max - min > 1.5 * (high - low)) {
    const margin = 0.25 * (high - low)
    from = Math.max(min, low - margin)
    to = Math.min(max, high + margin)
  }
  if (isInteger(column.field.type)) {
    from = Math.floor(from)
    const width = Math.max(1, Math.ceil((Math.ceil(to) - from + 1) / BINS))
    const bins = Math.max(1, Math.ceil((Math.ceil(to) - from + 1) / width))
    return { from, width, bins, to: from + width * bins - 1 }
  }
  // a single value, or ends too far apart or too close for float64 to divide
  const width = (to - from) / BINS
  if (!(width > 0 && Number.isFinite(width) && from + width > from))
    return { from: min, width: Math.max(1, Math.abs(min) * 1e-9), bins: 1, to: max }
  return { from, width, bins: BINS, to }
}

/** Counts values, `n` of each, into bins. */
export function fill(b: Bins, xs: Float64Array, ns: Float64Array): Histogram {
  const counts = new Array<number>(b.bins).fill(0)
  let [below, above] = [0, 0]
  for (let i = 0; i < xs.length; i++) {
    const [x, n] = [xs[i] as number, ns[i] as number]
    if (x < b.from) below += n
    else if (x > b.to) above += n
    else {
      const bin = Math.min(b.bins - 1, Math.floor((x - b.from) / b.width))
      counts[bin] = (counts[bin] ?? 0) + n
    }
  }
  return { from: b.from, width: b.width, counts, below, above }
}
