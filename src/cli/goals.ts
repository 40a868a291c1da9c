import type { Averages, MulticlassReport } from '../ml/evaluation/multiclass.ts'
import { candidateNames } from '../ml/training/names.ts'
import { table } from './output.ts'

interface RegressionReport {
  readonly goal: 'regression'
}
interface RankingReport {
  readonly goal: 'ranking'
  readonly groups: number
  readonly irrelevant: number
  readonly alike: number
}
type Report = MulticlassReport | RegressionReport | RankingReport

/** A candidate of another goal than binary, as it is told. */
export interface Goals {
  readonly trainer: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly validate: Report
  readonly test: Report
}

/** Classes whose confusion fits on a screen. */
const MOST = 12

/** Candidates side by side; of classes also each of the chosen candidate's (where that is not known, of the last), and what it takes for what, on test. */
export function goalMetrics(candidates: readonly Goals[], chosen = candidates.length - 1): string {
  const titles = candidateNames(candidates)
  const n = (x: unknown) => (typeof x === 'number' ? x.toFixed(4) : '–')
  const rows = (columns: readonly (readonly [title: string, of: (r: Report) => unknown])[]) =>
    table(
      ['candidate', 'part', ...columns.map(([title]) => title)],
      candidates.flatMap((c, i) =>
        (['validate', 'test'] as const).map((part) => [
          titles[i] ?? c.trainer,
          part,
          ...columns.map(([, of]) => n(of(c[part]))),
        ]),
      ),
    )
  const by = (title: string, name: string) =>
    [title, (r: Report) => (r as unknown as Record<string, unknown>)[name]] as const
  const told = candidates[chosen]
  if (told?.test.goal === 'ranking') {
    const measures = [
      ...[by('NDCG@5', 'ndcg5'), by('NDCG@10', 'ndcg10'), by('NDCG', 'ndcg'), by('MAP', 'map'), by('MRR', 'mrr')],
      ...[by('P@5', 'precision5'), by('P@10', 'precision10')],
    ]
    const { groups, irrelevant, alike } = told.test
    return `${rows(measures)}\n\ngroups on test ${groups}, of which ${irrelevant} without a relevant row are left out, and ${alike} have one label in all rows`
  }
  if (told?.test.goal !== 'multiclass')
    return rows([
      by('MAE', 'mae'),
      by('RMSE', 'rmse'),
      by('R²', 'r2'),
      by('bias', 'bias'),
      by('MAPE', 'mape'),
      by('pinball', 'pinball'),
      by('y ≤ p', 'below'),
      by('Poisson dev.', 'poissonDeviance'),
    ])
  const macro = (name: keyof Averages) => (r: Report) => ('macro' in r ? r.macro?.[name] : null)
  const quality = rows([
    by('log loss', 'logLoss'),
    by('accuracy', 'accuracy'),
    by('AUC', 'auc'),
    ['macro precision', macro('precision')],
    ['macro recall', macro('recall')],
    ['macro F1', macro('f1')],
  ])
  const { classes, confusion } = told.test
  const each = table(
    [`${titles[chosen]} on test`, 'rows', 'said', 'precision', 'recall', 'F1', 'AUC'],
    classes.map((c) => [String(c.class), c.rows, c.said, ...[c.precision, c.recall, c.f1, c.auc].map(n)]), // biome-ignore format: one line
  )
  const names = classes.map((c) => String(c.class))
  const shown = confusion && names.length <= MOST ? `\n\n${table(['is, and is said', ...names], confusion.map((row, k) => [names[k] ?? '', ...row]))}` : '' // biome-ignore format: one line
  return `${quality}\n\n${each}${shown}`
}
