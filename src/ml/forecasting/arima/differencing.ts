import { kpss } from '../../analysis/statistics/series/unit-root.ts'
import { decompose } from '../decompose.ts'
import { differences } from './polynomials.ts'

/** Of a season at least this strong a difference is taken (Wang, Smith and Hyndman 2006; the threshold is that of R's nsdiffs). */
const STRONG = 0.64
/** Statistic of KPSS above which a series is not level, at 5 %. */
const LEVEL = 0.463

const varianceOf = (x: Float64Array): number => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length
  return x.reduce((a, v) => a + (v - mean) ** 2, 0) / x.length
}

/** How much of what is left of a series without its trend is its season, 0 to 1. */
export function strengthOf(y: Float64Array, season: number): number {
  const { rest, index } = decompose(y, season, false)
  const inside = Array.from(rest.keys()).filter((t) => !Number.isNaN(rest[t]))
  const noise = varianceOf(Float64Array.from(inside, (t) => rest[t] as number))
  const both = varianceOf(Float64Array.from(inside, (t) => (rest[t] as number) + (index[t % season] as number)))
  return both > 0 ? Math.max(0, Math.min(1, 1 - noise / both)) : 0
}

/** Differences that make a series level: of the season where it is strong, then of neighbours while KPSS speaks against a level. */
export function differencesOf(y: Float64Array, m: number): { readonly d: number; readonly D: number } {
  const D = m > 1 && y.length > 2 * m && strengthOf(y, m) > STRONG ? 1 : 0
  for (let d = 0; d < 2; d++) {
    const w = differences(y, { d, D, m })
    if (w.length < 6 || w.every((v) => v === w[0])) return { d, D }
    const found = kpss(w, 'c', Math.floor((3 * Math.sqrt(w.length)) / 13))
    if (!found || found.statistic <= LEVEL) return { d, D }
  }
  return { d: 2, D }
}
