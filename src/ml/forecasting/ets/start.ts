import { decompose } from '../decompose.ts'
import type { Form, State } from './form.ts'

/** A line through the first values, by least squares: its height before the first, and its slope. */
function lineOf(y: Float64Array, n: number): readonly [number, number] {
  const [mt, my] = [(n + 1) / 2, y.subarray(0, n).reduce((a, b) => a + b, 0) / n]
  let [sxy, sxx] = [0, 0]
  for (let t = 1; t <= n; t++) {
    sxy += (t - mt) * ((y[t - 1] as number) - my)
    sxx += (t - mt) ** 2
  }
  const slope = sxx > 0 ? sxy / sxx : 0
  return [my - slope * mt, slope]
}

/** Seasons of a short series: waves of one season beside a line, by their means after the line is taken off. */
function roughSeason(y: Float64Array, m: number, multiplies: boolean): Float64Array {
  const [height, slope] = lineOf(y, y.length)
  const sums = new Float64Array(m)
  const counts = new Float64Array(m)
  for (const [t, v] of y.entries()) {
    const line = height + slope * (t + 1)
    sums[t % m] = (sums[t % m] as number) + (multiplies ? v / (Math.abs(line) < 1e-8 ? 1e-8 : line) : v - line)
    counts[t % m] = (counts[t % m] as number) + 1
  }
  const means = sums.map((s, i) => s / Math.max(1, counts[i] as number))
  const mean = means.reduce((a, b) => a + b, 0) / m
  return means.map((v) => (multiplies ? v / mean : v - mean))
}

/** Where the states begin before they are fitted (Hyndman et al. 2008, 2.6.1). */
export function startOf({ trend, season }: Form, y: Float64Array, m: number): State {
  let indices = new Float64Array(0)
  let adjusted = y
  if (season !== 'N') {
    const multiplies = season === 'M'
    const found = y.length >= 3 * m ? decompose(y, m, multiplies).index : roughSeason(y, m, multiplies)
    indices = Float64Array.from(found, (s) => (multiplies ? Math.max(s, 0.01) : s))
    if (multiplies) {
      const mean = indices.reduce((a, b) => a + b, 0) / m
      indices = indices.map((s) => s / mean)
    }
    adjusted = y.map((v, t) => (multiplies ? v / (indices[t % m] as number) : v - (indices[t % m] as number)))
  }
  const few = Math.min(Math.max(10, 2 * m), y.length)
  if (trend === 'N') return { level: adjusted.subarray(0, few).reduce((a, b) => a + b, 0) / few, slope: 0, season: indices } // biome-ignore format: one line
  const [level, slope] = lineOf(adjusted, few)
  return Math.abs(level + slope) < 1e-8
    ? { level: level * (1 + 1e-3), slope: slope * (1 - 1e-3), season: indices }
    : { level, slope, season: indices }
}
