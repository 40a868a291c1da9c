import { normalQuantile } from '../analysis/statistics/distributions/continuous.ts'

/** Errors of a back-test in units of the standard deviations that were expected, their signs left out, ascending. */
export type Scores = Float64Array

/** Where a model expects no error at all, one of this part of the value. */
const TINY = 1e-9

const scaleOf: Unit = (sd, mean) => Math.max(Number.isNaN(sd) ? 0 : sd, TINY * Math.abs(mean), 1e-300) // biome-ignore format: one line

export interface Reach {
  readonly reach: number
  /** By errors of the back-test; else in standard deviations of the model's own. */
  readonly conformal: boolean
}

/** A fold of a back-test: what came, and what was expected of it. */
export interface Fold {
  readonly came: Float64Array
  readonly mean: Float64Array
  readonly sd: Float64Array
}
/** What an error is told in units of, by the standard deviation and the mean that the model expects. */
export type Unit = (sd: number, mean: number) => number

/** A standard deviation this many times below the series' usual one foresees nothing. */
const BLIND = 100

/**
 * Errors are told in units of what the model expects. Where it was as good as sure and wrong (a series that had not varied yet), a unit of one fold
 * means nothing in the next: they are told as they are.
 */
export function unitOf(folds: readonly Fold[], sd: Float64Array): Unit {
  const all = [...folds.map((f) => f.sd), sd].flatMap((s) => [...s].filter((v) => !Number.isNaN(v)))
  const least = all.reduce((a, v) => a + v, 0) / Math.max(1, all.length) / BLIND
  const blind = folds.some(({ came, mean, sd: expected }) =>
    came.some((y, h) => {
      const m = mean[h] as number
      return Math.abs(y - m) > TINY * Math.abs(m) && !((expected[h] as number) > least)
    }),
  )
  return blind ? () => 1 : scaleOf
}

/** Errors of folds in their units. */
export const scoresOf = (folds: readonly Fold[], unit: Unit): Scores =>
  Float64Array.from(folds.flatMap(({ came, mean, sd }) => [...came].flatMap((y, h) => {
    const m = mean[h] as number
    return Number.isNaN(y) || Number.isNaN(m) ? [] : [Math.abs(y - m) / unit(sd[h] as number, m)]
  }))).sort() // biome-ignore format: two lines would hide it

/**
 * How many standard deviations an interval reaches to either side: the conformal quantile ⌈(n + 1) · level⌉ of the scores (Papadopoulos et al. 2002,
 * normalised split conformal), and that of the normal distribution where there are too few scores for the level. Errors of one series hang
 * together, so the level is aimed at and not promised.
 */
export function reachOf(scores: Scores, level: number): Reach {
  const k = Math.ceil((scores.length + 1) * level - 1e-9)
  if (k <= scores.length) return { reach: scores[k - 1] as number, conformal: true }
  return { reach: normalQuantile((1 + level) / 2), conformal: false }
}

/** How far the interval of a step reaches to either side. */
export const widthOf = ({ reach, conformal }: Reach, unit: Unit, sd: number, mean: number): number =>
  reach * (conformal ? unit : scaleOf)(sd, mean)
