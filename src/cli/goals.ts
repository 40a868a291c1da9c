import { table } from './output.ts'

type Numbers = Readonly<Record<string, number | null>>
interface MulticlassReport {
  readonly goal: 'multiclass'
  readonly macro: Numbers | null
  readonly classes: readonly ({ readonly class: unknown } & Numbers)[]
  readonly confusion: readonly (readonly number[])[] | null
}
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
  readonly validate: Report
  readonly test: Report
}

/** Classes whose confusion fits on a screen. */
const MOST = 12

/** Candidates side by side; of classes also each of the last candidate's, and what it takes for what, on test. */
export function goalMetrics(candidates: readonly Goals[]): string {
  const n = (x: unknown) => (typeof x === 'number' ? x.toFixed(4) : '–')
  const rows = (columns: readonly (readonly [title: string, of: (r: Report) => unknown])[]) =>
    table(
      ['candidate', 'part', ...columns.map(([title]) => title)],
      candidates.flatMap((c) =>
        (['validate', 'test'] as const).map((part) => [c.trainer, part, ...columns.map(([, of]) => n(of(c[part])))]),
      ),
    )
  const by = (title: string, name: string) =>
    [title, (r: Report) => (r as unknown as Record<string, unknown>)[name]] as const
  const last = candidates.at(-1)
  if (last?.test.goal === 'ranking') {
    const measures = [
      ...[by('NDCG@5', 'ndcg5'), by('NDCG@10', 'ndcg10'), by('NDCG', 'ndcg'), by('MAP', 'map'), by('MRR', 'mrr')],
      ...[by('P@5', 'precision5'), by('P@10', 'precision10')],
    ]
    const { groups, irrelevant, alike } = last.test
    return `${rows(measures)}\n\ngroups on test ${groups}, of which ${irrelevant} without a relevant row are left out, and ${alike} have one label in all rows`
  }
  if (last?.test.goal !== 'multiclass')
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
  const macro = (name: string) => (r: Report) => ('macro' in r ? r.macro?.[name] : null)
  const quality = rows([
    by('log loss', 'logLoss'),
    by('accuracy', 'accuracy'),
    by('AUC', 'auc'),
    ['precision', macro('precision')],
    ['recall', macro('recall')],
    ['F1', macro('f1')],
  ])
  const { classes, confusion } = last.test
  const each = table(
    [`${last.trainer} on test`, 'rows', 'said', 'precision', 'recall', 'F1', 'AUC'],
    classes.map((c) => [String(c.class), c['rows'] ?? 0, c['said'] ?? 0, ...['precision', 'recall', 'f1', 'auc'].map((m) => n(c[m]))]), // biome-ignore format: one line
  )
  const names = classes.map((c) => String(c.class))
  const shown = confusion && names.length <= MOST ? `\n\n${table(['is, and is said', ...names], confusion.map((row, k) => [names[k] ?? '', ...row]))}` : '' // biome-ignore format: one line
  return `${quality}\n\n${each}${shown}`
}
