import type { Relation } from '../../engines/engine.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { aimOf, BINARY, type Goal } from '../../runs/goal.ts'
import type { Report } from '../evaluation/evaluate.ts'
import { evaluateClasses, type MulticlassReport } from '../evaluation/multiclass.ts'
import { evaluateOrders, type RankingReport } from '../evaluation/orders.ts'
import { evaluateNumbers, type RegressionReport } from '../evaluation/regression.ts'
import { type ColumnReference, numericReference } from '../monitoring/reference.ts'
import { labelledBatches } from './labels.ts'
import { quantileIn } from './quantiles.ts'
import type { Label, TrainedModel } from './trainer.ts'

/** A report of any goal; that of a binary target has no `goal`. */
export type AnyReport = Report | MulticlassReport | RegressionReport | RankingReport

export const isBinary = (report: AnyReport): report is Report => !('goal' in report)

/** Metrics as people read them. */
export const METRIC_NAMES: Readonly<Record<string, string>> = {
  auc: 'AUC',
  logLoss: 'log loss',
  rmse: 'RMSE',
  mae: 'MAE',
  pinball: 'pinball loss',
  poissonDeviance: 'Poisson deviance',
  tweedieDeviance: 'Tweedie deviance',
  ndcg10: 'NDCG@10',
}

/** What a candidate is chosen by on validation rows, and told first: lower is better but for the AUC and the NDCG. */
export function mainMetric(goal: Goal = BINARY): {
  readonly name: string
  readonly of: (r: AnyReport) => number | null
  readonly least: boolean
} {
  const number = (name: string) => ({ name, of: (r: AnyReport) => metricOf(r, name), least: true })
  switch (aimOf(goal)) {
    case 'binary':
      return { ...number('auc'), least: false }
    case 'multiclass':
      return number('logLoss')
    case 'ranking':
      return { ...number('ndcg10'), least: false }
    case 'squared':
      return number('rmse')
    case 'absolute':
      return number('mae')
    case 'quantile':
      return number('pinball')
    case 'poisson':
      return number('poissonDeviance')
    case 'tweedie':
      return number('tweedieDeviance')
  }
}

/** A metric as gates name it; null where the report has none. */
export function metricOf(report: AnyReport, name: string): number | null {
  if (isBinary(report) && name === 'accuracy') return report.confusion.accuracy
  const value =
    name === 'macroF1' && 'macro' in report ? report.macro?.f1 : (report as unknown as Record<string, unknown>)[name]
  return typeof value === 'number' ? value : null
}

/** A part as a model of another goal than binary sees it, and the reference of what it says. */
export async function judgedRows(
  evaluator: Evaluator,
  model: TrainedModel,
  part: Relation,
  signal: AbortSignal,
): Promise<{ readonly report: AnyReport; readonly scores: () => ColumnReference }> {
  const { goal = BINARY, classes = [] } = model
  const n = evaluator.outputs
  const labels = new Float64Array(part.rows)
  const scores = new Float64Array(part.rows * n)
  const groups = new Uint32Array(goal.kind === 'ranking' ? part.rows : 0)
  let done = 0
  for await (const batch of labelledBatches(part, evaluator.inputs, { target: model.target, goal }, classes, signal)) {
    const columns = evaluator.inputs.map((_, f) => batch.feature(f).slice())
    labels.set(batch.y, done)
    if (batch.group) groups.set(batch.group, done)
    evaluator.many(columns, batch.rows, scores.subarray(done * n, (done + batch.rows) * n))
    done += batch.rows
  }
  if (goal.kind === 'multiclass')
    return {
      report: reportOf(goal, scores, labels, classes),
      // how sure it is of what it says
      scores: () => numericReference('score', Float64Array.from(labels, (_, i) => Math.max(...scores.subarray(i * n, (i + 1) * n)))), // biome-ignore format: one line
    }
  if (goal.kind === 'ranking')
    return { report: evaluateOrders(scores, labels, groups), scores: () => numericReference('score', scores) }
  return { report: reportOf(goal, scores, labels, classes), scores: () => numericReference('score', scores) }
}

/** The report of scores of another goal than binary. */
export function reportOf(goal: Goal, scores: Float64Array, labels: Float64Array, classes: readonly Label[]): AnyReport {
  if (goal.kind === 'multiclass') return evaluateClasses(scores, labels, classes)
  const alpha = quantileIn(goal)
  const power = goal.kind === 'regression' ? goal.power : undefined
  return evaluateNumbers(scores, labels, {
    ...(alpha === undefined ? {} : { alpha }),
    ...(power === undefined ? {} : { power }),
  })
}
