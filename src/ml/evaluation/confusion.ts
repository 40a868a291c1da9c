import type { Ranking } from './ranking.ts'

/** Rows by what was said and what was so, at one threshold: a row counts as positive when its score ≥ threshold. */
export interface Confusion {
  readonly threshold: number
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
  readonly accuracy: number | null
  /** Of the rows called positive, the share that is. null when none is called positive. */
  readonly precision: number | null
  /** Of the positive rows, the share called so. null when there are none. */
  readonly recall: number | null
  /** 2 TP / (2 TP + FP + FN). null when nothing is positive and nothing is called so. */
  readonly f1: number | null
}

/** Rows at `threshold` and the rates that follow. */
export function confusionAt(ranking: Ranking, threshold: number): Confusion {
  let truePositives = 0
  let falsePositives = 0
  for (let i = ranking.scores.length - 1; i >= 0 && (ranking.scores[i] as number) >= threshold; i--) {
    truePositives += ranking.positivesAt[i] as number
    falsePositives += ranking.negativesAt[i] as number
  }
  return confusionOf({ ...ranking, truePositives, falsePositives }, threshold)
}

/** The rates that follow from counts. */
export function confusionOf(
  counts: Readonly<Record<'rows' | 'positives' | 'truePositives' | 'falsePositives', number>>,
  threshold: number,
): Confusion {
  const { rows, positives, truePositives, falsePositives } = counts
  const falseNegatives = positives - truePositives
  const trueNegatives = rows - positives - falsePositives
  return {
    threshold,
    truePositives,
    falsePositives,
    trueNegatives,
    falseNegatives,
    accuracy: ratio(truePositives + trueNegatives, rows),
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, positives),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
  }
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

/** What a threshold is chosen for: the highest F1, or the least cost of wrong answers, each mistake at its price. */
export type ThresholdGoal =
  | { readonly by: 'f1' }
  | { readonly by: 'cost'; readonly falsePositive: number; readonly falseNegative: number }

/**
 * The threshold that meets the goal best on these rows (validation rows, never the ones that the report is on); of equal
 * ones the highest. Calling no row positive is among the choices: then the threshold lies just above the highest score.
 * 0.5 without rows.
 */
export function chooseThreshold(ranking: Ranking, goal: ThresholdGoal): number {
  const { scores, positives } = ranking
  if (scores.length === 0) return 0.5
  const worth = (tp: number, fp: number): number => {
    const fn = positives - tp
    if (goal.by === 'cost') return -(goal.falsePositive * fp + goal.falseNegative * fn)
    return 2 * tp + fp + fn === 0 ? 0 : (2 * tp) / (2 * tp + fp + fn)
  }
  let tp = 0
  let fp = 0
  let threshold = above(scores[scores.length - 1] as number)
  let best = worth(0, 0)
  for (let i = scores.length - 1; i >= 0; i--) {
    tp += ranking.positivesAt[i] as number
    fp += ranking.negativesAt[i] as number
    const here = worth(tp, fp)
    if (here <= best) continue
    best = here
    threshold = scores[i] as number
  }
  return threshold
}

/** The next larger float64. */
function above(x: number): number {
  if (!Number.isFinite(x)) return Number.MAX_VALUE
  const step = Math.max(Number.MIN_VALUE, Math.abs(x) * (Number.EPSILON / 2))
  return x + step > x ? x + step : x + 2 * step
}
