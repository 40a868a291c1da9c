import type { Ranking } from './ranking.ts'

/** Rows of neighbouring scores: what was foretold and what came. */
export interface CalibrationBin {
  /** Lowest and highest score in the bin. */
  readonly from: number
  readonly to: number
  readonly rows: number
  readonly meanScore: number
  /** Share of positives. */
  readonly rate: number
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[]
  /** Expected calibration error: Σ rows / all · |meanScore − rate| (Naeini et al., 2015, over quantile bins). null without rows. */
  readonly error: number | null
}

/**
 * The reliability table over at most `count` bins of about equally many rows; equal scores stay in one bin, so that the
 * table does not depend on the order of rows.
 */
export function calibrate(ranking: Ranking, count = 10): Calibration {
  const { rows, scores, positivesAt, negativesAt } = ranking
  const bins: CalibrationBin[] = []
  let seen = 0
  let error = 0
  for (let i = 0; i < scores.length; ) {
    const from = scores[i] as number
    const bound = (rows * (Math.floor((seen * count) / rows) + 1)) / count
    let own = 0
    let positives = 0
    let sum = 0
    let to = from
    while (i < scores.length && (own === 0 || seen + own < bound)) {
      const here = (positivesAt[i] as number) + (negativesAt[i] as number)
      to = scores[i] as number
      own += here
      positives += positivesAt[i] as number
      sum += here * to
      i++
    }
    const bin = { from, to, rows: own, meanScore: sum / own, rate: positives / own }
    error += (own / rows) * Math.abs(bin.meanScore - bin.rate)
    bins.push(bin)
    seen += own
  }
  return { bins, error: rows === 0 ? null : error }
}
