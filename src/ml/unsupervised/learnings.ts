import { optionsOf } from '../../plan/columns/options.ts'
import type { Learning } from '../../runs/kitchen.ts'

interface Standardised {
  /** Whether columns get mean 0 and standard deviation 1 first; unless given, they do. */
  readonly standardise?: boolean
}

export interface KMeansOptions extends Standardised {
  readonly clusters?: number
  readonly maxIterations?: number
  readonly tolerance?: number
  /** Times that it begins anew; the best is kept. */
  readonly restarts?: number
  /** Rows of a mini-batch; 0: all rows in each iteration. */
  readonly batch?: number
}
const KMEANS = ['clusters', 'maxIterations', 'tolerance', 'restarts', 'batch', 'standardise'] as const
/** Clusters around centres: each row gets the number of its own, the largest being 0, and how far it lies from its centre. */
export const kMeans = (options: KMeansOptions = {}) =>
  rows('k-means', optionsOf(options, KMEANS, 'kMeans'), { cluster: 'int32', distance: 'float64' })

export interface PcaOptions<N extends number> extends Standardised {
  readonly components?: N
}
type Components = { readonly [C in `pc${number}`]: 'float64' }
/** Principal components: where each row lies along the directions in which rows vary most, `pc1`, `pc2` … */
export const pca = <N extends number = 2>(options: PcaOptions<N> = {}) => {
  const { components = 2 } = optionsOf(options, ['components', 'standardise'], 'pca')
  const names = Array.from({ length: Math.max(0, Math.min(400, Math.floor(components))) }, (_, i) => `pc${i + 1}`)
  return rows('pca', options, Object.fromEntries(names.map((name) => [name, 'float64'])) as Components)
}

export interface IsolationForestOptions extends Standardised {
  readonly trees?: number
  /** Rows that each tree sees. */
  readonly samples?: number
  /** The share of rows that are taken to be anomalies, 0 to 0.5; 0.01 unless given. */
  readonly contamination?: number
}
const FOREST = ['trees', 'samples', 'contamination', 'standardise'] as const
/** Anomalies: rows that a few random cuts set apart. Each gets a score, near 1 where it is odd, and whether it counts as one. */
export const isolationForest = (options: IsolationForestOptions = {}) =>
  rows('isolation-forest', optionsOf(options, FOREST, 'isolationForest'), { anomaly_score: 'float64', anomaly: 'bool' })

export interface GaussianMixtureOptions extends Standardised {
  readonly clusters?: number
  readonly maxIterations?: number
  readonly tolerance?: number
  /** Added to every variance. */
  readonly ridge?: number
}
const MIXTURE = ['clusters', 'maxIterations', 'tolerance', 'ridge', 'standardise'] as const
/** Clusters as normal distributions of any shape: each row gets the likeliest one, how likely it is, and the log of the density there (low where a row is odd). */
export const gaussianMixture = (options: GaussianMixtureOptions = {}) =>
  rows('gaussian-mixture', optionsOf(options, MIXTURE, 'gaussianMixture'), {
    ...{ cluster: 'int32', probability: 'float64', log_density: 'float64' },
  } as const)

export interface DbscanOptions extends Standardised {
  /** How near rows are neighbours, in standard deviations unless `standardise` is false; 0.5 unless given. */
  readonly reach?: number
  /** Neighbours, itself among them, that make a row part of a cluster's core; 5 unless given. */
  readonly neighbours?: number
}
/** Clusters of any shape by density; what lies alone has none (null). */
export const dbscan = (options: DbscanOptions = {}) =>
  rows('dbscan', optionsOf(options, ['reach', 'neighbours', 'standardise'], 'dbscan'), { cluster: 'int32' })

export interface FpGrowthOptions {
  /** Share of baskets that have all items of a rule, at least: 0.01 unless given. */
  readonly support?: number
  /** Of the baskets with the antecedent, the share that have the consequent, too, at least: 0.3 unless given. */
  readonly confidence?: number
  /** At least; 1 unless given: no less often than by chance. */
  readonly lift?: number
  /** Items of a rule, at most; 4 unless given. */
  readonly items?: number
}
/** Association rules: who has the antecedent has the consequent, too. `baskets` are those with both; a conviction of null is infinite. */
export const fpGrowth = (options: FpGrowthOptions = {}) =>
  learning('baskets', 'fp-growth', optionsOf(options, ['support', 'confidence', 'lift', 'items'], 'fpGrowth'), {
    ...{ antecedent: 'string[]', consequent: 'string[]', baskets: 'int64', support: 'float64' },
    ...{ confidence: 'float64', lift: 'float64', leverage: 'float64', conviction: 'float64' },
  } as const)

interface RecommenderOptions {
  /** Items that are recommended to each user; 10 unless given. */
  readonly top?: number
  /** Share of each user's items that is set aside to judge by (the latest where `at` is named, else by chance); 0.2 unless given. */
  readonly holdout?: number
}
export interface ItemItemOptions extends RecommenderOptions {
  readonly neighbours?: number
  readonly shrink?: number
}
const RECOMMENDED = { rank: 'int32', score: 'float64' } as const
/** What is liked by those who like the same things: each user gets the best items that are new to them. */
export const itemItem = (options: ItemItemOptions = {}) =>
  learning('preferences', 'item-item', optionsOf(options, ['top', 'holdout', 'neighbours', 'shrink'], 'itemItem'), RECOMMENDED) // biome-ignore format: one line

export interface AlsOptions extends RecommenderOptions {
  readonly factors?: number
  readonly iterations?: number
  readonly regularisation?: number
  /** How much surer a weight of 1 makes it that somebody likes something; 10 unless given. */
  readonly alpha?: number
}
const ALS = ['top', 'holdout', 'factors', 'iterations', 'regularisation', 'alpha'] as const
/** Alternating least squares for what people did (bought, watched): each user gets the best items that are new to them. */
export const als = (options: AlsOptions = {}) =>
  learning('preferences', 'als', optionsOf(options, ALS, 'als'), RECOMMENDED)

function learning<const O extends Learning['of'], const G extends Learning['gives']>(
  of: O,
  learner: string,
  options: object,
  gives: G,
): Learning<O, G> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { learner, of, params: Object.fromEntries(given) as Learning['params'], gives }
}

const rows = <const G extends Learning['gives']>(learner: string, options: object, gives: G) =>
  learning('rows', learner, options, gives)
