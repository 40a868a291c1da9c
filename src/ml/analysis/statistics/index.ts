import { GalleyError, nearest } from '../../../base/errors.ts'
import type { Analysis, Asked, Columns, Found } from './analysis.ts'
import { givenOf } from './given.ts'

/** Every analysis by its name. */
const TABLE = {
  t: async () => (await import('./compare/t.ts')).t,
  welch: async () => (await import('./compare/t.ts')).welch,
  paired: async () => (await import('./compare/paired.ts')).paired,
  'mann-whitney': async () => (await import('./compare/mann-whitney.ts')).mannWhitney,
  wilcoxon: async () => (await import('./compare/wilcoxon.ts')).wilcoxon,
  'chi-square': async () => (await import('./counts/chi-square.ts')).chiSquare,
  fisher: async () => (await import('./counts/fisher.ts')).fisher,
  mcnemar: async () => (await import('./counts/mcnemar.ts')).mcnemar,
  correlation: async () => (await import('./relate/correlation.ts')).correlation,
  anova: async () => (await import('./compare/anova.ts')).anova,
  kruskal: async () => (await import('./compare/kruskal.ts')).kruskal,
  ks: async () => (await import('./compare/ks.ts')).ks,
  normality: async () => (await import('./shape/normality.ts')).normality,
  stationarity: async () => (await import('./series/stationarity.ts')).stationarity,
  ols: async () => (await import('./relate/ols.ts')).ols,
  logistic: async () => (await import('./relate/logistic.ts')).logistic,
  ab: async () => (await import('./ab/ab.ts')).ab,
  cuped: async () => (await import('./ab/cuped.ts')).cuped,
  sequential: async () => (await import('./ab/sequential.ts')).sequential,
  power: async () => (await import('./ab/power.ts')).power,
  outliers: async () => (await import('./shape/outliers.ts')).outliers,
  missingness: async () => (await import('./shape/missingness.ts')).missingness,
  seasonality: async () => (await import('./series/seasonality.ts')).seasonality,
  changes: async () => (await import('./series/changes.ts')).changes,
  anomalies: async () => (await import('./series/anomalies.ts')).anomalies,
  segments: async () => (await import('./segment/segments.ts')).segments,
  explain: async () => (await import('./segment/explain.ts')).explain,
} as const satisfies Record<string, () => Promise<Analysis>>

export type AnalysisName = keyof typeof TABLE
export const ANALYSES = Object.keys(TABLE) as readonly AnalysisName[]

/** The analysis of that name. @throws USAGE_INVALID */
export async function analysisOf(name: string): Promise<Analysis> {
  if (Object.hasOwn(TABLE, name)) return TABLE[name as AnalysisName]()
  const meant = nearest(name, ANALYSES)
  throw new GalleyError('USAGE_INVALID', {
    what: `there is no analysis '${name}'`,
    why: `there are ${ANALYSES.join(', ')}`,
    fix: meant === undefined ? 'name one of them' : `did you mean '${meant}'?`,
  })
}

/**
 * A statistical analysis of columns: figures, a chart (Vega-Lite) and a sentence in English or Korean that says what they do not show.
 *
 * @example
 * const found = await analyse('welch', { price: [1, 2, 3, 5], plan: ['a', 'a', 'b', 'b'] }, { value: 'price', by: 'plan' })
 * found.data // { test: 'welch', statistic: …, p: …, difference: { value, low, high }, … }
 * found.sentence('ko')
 *
 * @param columns Values by column, all of one length; null and NaN are missing, and rows that lack something are left out and counted.
 * @param asked Which columns the analysis looks at, and its settings: `galley analyse --list` tells them.
 * @throws USAGE_INVALID, PLAN_UNKNOWN_COLUMN, ANALYSIS_DATA when the rows can't answer it
 */
export async function analyse(name: AnalysisName, columns: Columns, asked: Asked): Promise<Found> {
  const analysis = await analysisOf(name)
  return analysis.run(givenOf(analysis, columns, asked))
}
