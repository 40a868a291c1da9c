import { normalQuantile } from '../analysis/statistics/distributions/continuous.ts'

/** Errors of a back-test in units of the standard deviations that were expected, their signs left out, ascending. */
export type Scores = Float64Array

/** Where a model expects no error at all, one of this part of the value. */
const TINY = 1e-9

export const scaleOf = (sd: number, mean: number): number => Math.max(Number.isNaN(sd) ? 0 : sd, TINY * Math.abs(mean), 1e-300) // biome-ignore format: one line

/**
 * How many standard deviations an interval reaches to either side: the conformal quantile ⌈(n + 1) · level⌉ of the scores (Papadopoulos et al. 2002,
 * normalised split conformal), and that of the normal distribution where there are too few scores for the level. Errors of one series hang
 * together, so the level is aimed at and not promised.
 */
export function reachOf(scores: Scores, level: number): { readonly reach: number; readonly conformal: boolean } {
  const k = Math.ceil((scores.length + 1) * level - 1e-9)
  if (k <= scores.length) return { reach: scores[k - 1] as number, conformal: true }
  return { reach: normalQuantile((1 + level) / 2), conformal: false }
}
