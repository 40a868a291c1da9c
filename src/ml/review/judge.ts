import type { Goal } from '../../runs/goal.ts'
import { shareInterval } from '../analysis/statistics/distributions/discrete.ts'
import { resampledSums, sumsOf } from '../evaluation/additive.ts'
import { calibrate } from '../evaluation/calibration.ts'
import {
  aucOfBoth,
  comparisonSentence,
  type Difference,
  decisionsOf,
  pairedDifferences,
} from '../evaluation/compare.ts'
import { aucInterval } from '../evaluation/delong.ts'
import { auc, brier, logLoss } from '../evaluation/metrics.ts'
import { orderJudge, orderTerms } from '../evaluation/orders.ts'
import { rankedIntervals } from '../evaluation/ranked.ts'
import { rank } from '../evaluation/ranking.ts'
import { brierParts, isotonic, platt, recalibrated } from '../evaluation/recalibrate.ts'
import type { Resampling } from '../evaluation/resample.ts'
import {
  binaryTerms,
  classTerms,
  deviance,
  devianceName,
  type Judged,
  numberTerms,
  pinballLoss,
} from '../evaluation/rowTerms.ts'
import { aucJudge, type Judge, lossJudge } from '../evaluation/segments.ts'
import type { Scorer } from '../registry/scorer.ts'
import { quantileIn } from '../training/quantiles.ts'
import type { Against, CalibrationReport, PartMetrics } from './evaluation.ts'
import type { HeldRows } from './rows.ts'
import { metricWords } from './words.ts'

/** A part with what a model says of it. */
export interface Scored {
  readonly goal: Goal
  /** Outputs of the first row, then those of the next. */
  readonly scores: Float64Array
  readonly labels: Float64Array
  readonly outputs: number
  /** The group of each row, of a ranking. */
  readonly groups: Uint32Array
}

const NONE = new Uint32Array(0)

export async function scoredOf(goal: Goal, evaluator: Scorer, { columns, labels, groups }: HeldRows): Promise<Scored> {
  const rows = labels.length
  const scores = new Float64Array(rows * evaluator.outputs)
  await evaluator.many(columns, rows, scores)
  const own = goal.kind === 'ranking' ? groups.get(goal.group) : undefined
  return { goal, scores, labels, outputs: evaluator.outputs, groups: own ?? NONE }
}

/** The power of the deviance that a goal is about; undefined of most. */
const powerOf = (goal: Goal): number | undefined =>
  goal.kind !== 'regression' ? undefined : goal.objective === 'poisson' ? 1 : goal.objective === 'tweedie' ? goal.power : undefined // biome-ignore format: one line

/** What a review looks at first: the AUC of a binary model, the log loss of one of classes, the NDCG of a ranking, else the error that its goal is about. */
export function mainOf(goal: Goal): { readonly metric: string; readonly least: boolean } {
  if (goal.kind === 'binary') return { metric: 'auc', least: false }
  if (goal.kind === 'multiclass') return { metric: 'logLoss', least: true }
  if (goal.kind === 'ranking') return { metric: 'ndcg10', least: false }
  const power = powerOf(goal)
  if (power !== undefined) return { metric: devianceName(power), least: true }
  if (quantileIn(goal) === undefined) return { metric: 'rmse', least: true }
  return { metric: goal.objective === 'absolute' ? 'mae' : 'pinball', least: true }
}

const bytesOf = (labels: Float64Array): Uint8Array => Uint8Array.from(labels)
export const rankingOf = ({ scores, labels }: Scored) => rank(scores, bytesOf(labels))

export function termsOfScored({ goal, scores, labels, outputs, groups }: Scored): Judged {
  if (goal.kind === 'binary') return binaryTerms(scores, labels)
  if (goal.kind === 'multiclass') return classTerms(scores, labels, outputs)
  if (goal.kind === 'ranking') return orderTerms(scores, labels, groups)
  const power = powerOf(goal)
  return numberTerms(scores, labels, { alpha: quantileIn(goal) ?? 0.5, ...(power === undefined ? {} : { power }) })
}

/** Metrics of a part with intervals: exact ones of shares of rows, BCa of what else is made of rows' sums, DeLong's of the AUC, percentile of the rest. @throws CANCELLED */
export async function metricsOf(scored: Scored, threshold: number | null, how: Resampling): Promise<PartMetrics> {
  const { terms, measures } = termsOfScored(scored)
  const found = await resampledSums(terms, measures, how)
  const sums = Object.fromEntries(Object.entries(found).map(([name, { interval }]) => [name, interval]))
  const rows = scored.labels.length
  if (scored.goal.kind === 'ranking') return { rows, groups: terms.rows, judged: sumsOf(terms)[0] ?? 0, metrics: sums }
  if (scored.goal.kind === 'multiclass' && rows > 0) {
    const accuracy = sums['accuracy']?.value ?? 0
    const [low, high] = shareInterval(Math.round(accuracy * rows), rows, how.confidence)
    return { rows, metrics: { ...sums, accuracy: { value: accuracy, low, high, method: 'exact' } } }
  }
  if (scored.goal.kind !== 'binary') return { rows, metrics: sums }
  const ranking = rankingOf(scored)
  const ranked = await rankedIntervals(ranking, threshold ?? 0.5, how)
  const area = aucInterval(scored.scores, bytesOf(scored.labels), how.confidence)
  return { rows, positives: ranking.positives, metrics: { auc: area, ...ranked, ...(area.value === null ? {} : { auc: area }), ...sums } } // biome-ignore format: one line
}

/** A model beside another one on the same rows. @throws CANCELLED */
export async function againstOf(
  names: { readonly first: string; readonly second: string },
  first: Scored,
  second: Scored,
  thresholds: readonly [number, number],
  how: Resampling,
): Promise<Against> {
  const { goal, labels } = first
  const main = mainOf(goal)
  const sums = await pairedDifferences(termsOfScored(first), termsOfScored(second), how)
  const areas = goal.kind === 'binary' ? aucOfBoth(first.scores, second.scores, bytesOf(labels), how.confidence) : null
  const metrics: Record<string, Difference> = { ...(areas ? { auc: areas } : {}), ...sums }
  const right = (of: Scored, threshold: number) =>
    Array.from(labels, (y, i) =>
      goal.kind === 'binary' ? (of.scores[i] as number) >= threshold === (y === 1) : saidOf(of, i) === y,
    )
  const decisions =
    goal.kind === 'regression' || goal.kind === 'ranking'
      ? null
      : await decisionsOf(right(first, thresholds[0]), right(second, thresholds[1]))
  const none: Difference = { first: null, second: null, difference: { value: null, low: null, high: null, method: 'bca' }, p: null } // biome-ignore format: one line
  return {
    ...{ name: names.second, metrics, decisions },
    sentence: comparisonSentence({ ...names, metric: metricWords(main.metric) }, metrics[main.metric] ?? none, { least: main.least, alpha: 1 - how.confidence }), // biome-ignore format: one line
  }
}

/** The class that is said of a row, of equally likely ones the first. */
export function saidOf({ scores, outputs }: Scored, row: number): number {
  let said = 0
  for (let k = 1; k < outputs; k++)
    if ((scores[row * outputs + k] as number) > (scores[row * outputs + said] as number)) said = k
  return said
}

/** What probabilities mean on the test rows, and what recalibration learnt on validation rows makes of them. */
export function calibrationOf(validate: Scored, test: Scored): CalibrationReport {
  const labels = bytesOf(test.labels)
  const before = calibrate(rankingOf(test))
  const own = brier(test.scores, labels)
  const learnt = rankingOf(validate)
  const tried = [platt(learnt), isotonic(learnt)].flatMap((how) => {
    if (!how) return []
    const scores = recalibrated(how, test.scores)
    return [{ how, calibration: calibrate(rank(scores, labels)), brier: brier(scores, labels), logLoss: logLoss(scores, labels) }] // biome-ignore format: one line
  })
  return { before, parts: brierParts(before.bins, own), tried, brier: own, logLoss: logLoss(test.scores, labels) }
}

/** The loss a row of the model's goal: what segments are told by, but for a binary model, which has an AUC, and a ranking, whose groups have an NDCG. */
export function judgeOf({ goal, scores, labels, outputs, groups }: Scored, fewest?: number): Judge {
  if (goal.kind === 'binary') return aucJudge(scores, bytesOf(labels))
  if (goal.kind === 'ranking') return orderJudge(scores, labels, groups, fewest)
  const { metric } = mainOf(goal)
  const alpha = quantileIn(goal) ?? 0.5
  if (goal.kind === 'multiclass')
    return lossJudge(
      metric,
      labels.map((y, i) => -Math.log(Math.max(1e-15, scores[i * outputs + y] as number))),
    )
  const power = powerOf(goal)
  const losses = labels.map((y, i) => {
    const p = scores[i] as number
    if (power !== undefined) return deviance(y, p, power)
    if (metric === 'rmse') return (y - p) ** 2
    return metric === 'mae' ? Math.abs(y - p) : pinballLoss(y, p, alpha)
  })
  return lossJudge(metric, losses, metric === 'rmse')
}

/** How well scores do by the main metric, as one number: higher is better; NaN where no row could tell. */
export function qualityOf(scored: Scored): number {
  const judge = judgeOf(scored, 1)
  const judged = judge.of(Uint32Array.from(scored.labels.keys()))?.value
  // an AUC has a value before it has a variance
  const value = judged ?? (scored.goal.kind === 'binary' ? auc(rankingOf(scored)) : null) ?? Number.NaN
  return judge.least ? -value : value
}
