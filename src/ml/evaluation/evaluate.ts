import { GalleyError } from '../../base/errors.ts'
import { type Calibration, calibrate } from './calibration.ts'
import { type Confusion, confusionAt } from './confusion.ts'
import { auc, averagePrecision, brier, logLoss } from './metrics.ts'
import { type Ranking, rank } from './ranking.ts'

/** How a binary model did on rows that it has not seen; plain JSON. A metric without a meaning here is null. */
export interface Report {
  readonly rows: number
  readonly positives: number
  /** Share of positives. */
  readonly rate: number | null
  readonly auc: number | null
  readonly averagePrecision: number | null
  /** In nats a row. */
  readonly logLoss: number | null
  readonly brier: number | null
  readonly calibration: Calibration
  readonly confusion: Confusion
  /** Why a metric is null, by its name. */
  readonly reasons: Readonly<Record<string, string>>
}

export interface EvaluateOptions {
  /** From where on a score counts as positive; 0.5 unless given. Choose it on validation rows: `chooseThreshold`. */
  readonly threshold?: number
  /** The ranking of just these scores and labels, where it is known already. */
  readonly ranking?: Ranking
  /** Rows of the reliability table; 10 unless given. */
  readonly bins?: number
}

/**
 * Reports on scores (probabilities, one a row) against labels (0 or 1).
 * @throws VALUE_INVALID when the lengths differ, a score is not within [0, 1] or a label is neither 0 nor 1
 * @example
 * evaluate(Float64Array.of(0.1, 0.4, 0.35, 0.8), Uint8Array.of(0, 0, 1, 1)).auc // 0.75
 */
export function evaluate(scores: Float64Array, labels: Uint8Array, options: EvaluateOptions = {}): Report {
  const ranking = options.ranking ?? rank(scores, labels)
  const { rows, positives } = ranking
  const outside = scores.findIndex((score) => score < 0 || score > 1)
  if (outside >= 0)
    throw new GalleyError('VALUE_INVALID', {
      what: `the score of row ${outside} is ${scores[outside]}, not a probability`,
      fix: 'score with a model that answers probabilities',
    })
  return reportOf({
    rows,
    positives,
    rate: rows === 0 ? null : positives / rows,
    auc: auc(ranking),
    averagePrecision: averagePrecision(ranking),
    logLoss: logLoss(scores, labels),
    brier: brier(scores, labels),
    calibration: calibrate(ranking, options.bins ?? 10),
    confusion: confusionAt(ranking, options.threshold ?? 0.5),
  })
}

/** A report on what was counted elsewhere. */
export const reportOf = (counted: Omit<Report, 'reasons'>): Report => ({ ...counted, reasons: reasonsOf(counted) })

function reasonsOf({ rows, positives, confusion, ...metrics }: Omit<Report, 'reasons'>): Record<string, string> {
  const { accuracy, precision, recall, f1, truePositives, falsePositives } = confusion
  const called = truePositives + falsePositives
  const why = (name: string): string => {
    if (rows === 0) return 'there are no rows'
    if (name === 'precision' && called === 0) return 'no row is called positive at this threshold'
    return positives === 0 ? 'there are no positive rows' : 'there are no negative rows'
  }
  const all: Record<string, unknown> = { ...metrics, accuracy, precision, recall, f1 }
  const missing = Object.keys(all).filter((name) => all[name] === null)
  return Object.fromEntries(missing.map((name) => [name, why(name)]))
}
