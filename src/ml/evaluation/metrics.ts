import type { Ranking } from './ranking.ts'

/** Probabilities are kept this far from 0 and 1 in the logarithm, so that one certain mistake is not infinite. */
export const CLIP = 1e-15

/**
 * The probability that a random positive row scores higher than a random negative one, ties counting half (Hanley and
 * McNeil, 1982): exact, by counting. null when a class has no rows.
 */
export function auc({ rows, positives, positivesAt, negativesAt }: Ranking): number | null {
  const negatives = rows - positives
  if (positives === 0 || negatives === 0) return null
  let below = 0
  let twice = 0
  for (let i = 0; i < positivesAt.length; i++) {
    const ties = negativesAt[i] as number
    twice += (positivesAt[i] as number) * (2 * below + ties)
    below += ties
  }
  return twice / 2 / positives / negatives
}

/**
 * Mean of precision at each score, weighted by the rise of recall there: Σ (Rₙ − Rₙ₋₁) Pₙ from the highest score down,
 * without interpolation. null when there are no positives.
 */
export function averagePrecision({ positives, positivesAt, negativesAt }: Ranking): number | null {
  if (positives === 0) return null
  let found = 0
  let taken = 0
  let sum = 0
  for (let i = positivesAt.length - 1; i >= 0; i--) {
    const here = positivesAt[i] as number
    found += here
    taken += here + (negativesAt[i] as number)
    sum += (here / positives) * (found / taken)
  }
  return sum
}

/** Mean of −y ln p − (1 − y) ln(1 − p), in nats; p is clipped to [1e-15, 1 − 1e-15]. null without rows. */
export function logLoss(scores: Float64Array, labels: Uint8Array): number | null {
  let sum = 0
  for (let i = 0; i < scores.length; i++) {
    const p = Math.min(Math.max(scores[i] as number, CLIP), 1 - CLIP)
    sum -= labels[i] === 1 ? Math.log(p) : Math.log1p(-p)
  }
  return scores.length === 0 ? null : sum / scores.length
}

/** Mean of (p − y)² (Brier, 1950). null without rows. */
export function brier(scores: Float64Array, labels: Uint8Array): number | null {
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += ((scores[i] as number) - (labels[i] as number)) ** 2
  return scores.length === 0 ? null : sum / scores.length
}
