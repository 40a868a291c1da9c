import { GalleyError } from '../../base/errors.ts'

/** Labelled scores in ascending order, equal scores together; what AUC, thresholds and calibration are read from. */
export interface Ranking {
  /** Rows in all. */
  readonly rows: number
  readonly positives: number
  /** Distinct scores, ascending. */
  readonly scores: Float64Array
  /** Positive and negative rows of each distinct score. */
  readonly positivesAt: Uint32Array
  readonly negativesAt: Uint32Array
}

/**
 * Sorts scores (one a row, higher for more likely) with their labels (0 or 1).
 * @throws VALUE_INVALID when the lengths differ, a score is NaN or a label is neither 0 nor 1
 */
export function rank(scores: Float64Array, labels: Uint8Array): Ranking {
  check(scores, labels)
  const yes = scores.filter((_, i) => labels[i] === 1).sort()
  const no = scores.filter((_, i) => labels[i] === 0).sort()
  const distinct = new Float64Array(scores.length)
  const positivesAt = new Uint32Array(scores.length)
  const negativesAt = new Uint32Array(scores.length)
  let groups = 0
  for (let p = 0, n = 0; p < yes.length || n < no.length; groups++) {
    const score = Math.min(yes[p] ?? Number.POSITIVE_INFINITY, no[n] ?? Number.POSITIVE_INFINITY)
    const [p0, n0] = [p, n]
    while (p < yes.length && yes[p] === score) p++
    while (n < no.length && no[n] === score) n++
    distinct[groups] = score
    positivesAt[groups] = p - p0
    negativesAt[groups] = n - n0
  }
  return {
    rows: scores.length,
    positives: yes.length,
    scores: distinct.subarray(0, groups),
    positivesAt: positivesAt.subarray(0, groups),
    negativesAt: negativesAt.subarray(0, groups),
  }
}

function check(scores: Float64Array, labels: Uint8Array): void {
  const invalid = (what: string): GalleyError => new GalleyError('VALUE_INVALID', { what })
  if (scores.length !== labels.length) throw invalid(`there are ${scores.length} scores and ${labels.length} labels`)
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i]))
      throw new GalleyError('VALUE_INVALID', {
        what: `the score of row ${i} is NaN`,
        why: 'a feature is too large to compute with, or the model did not converge on it',
        fix: 'bring features to a sensible scale (a logarithm, a ratio), or reject rows whose values can not be true',
      })
    if ((labels[i] as number) > 1) throw invalid(`the label of row ${i} is ${labels[i]}, neither 0 nor 1`)
  }
}
