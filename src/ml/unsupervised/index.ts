import { GalleyError } from '../../base/errors.ts'
import type { Learner } from './learner.ts'
import type { PairLearner } from './pairs.ts'

/** Learners by kind; each is loaded when it is first used. A new one adds its line here. */
export const learners: Readonly<Record<string, () => Promise<Learner>>> = {
  'k-means': async () => (await import('./kmeans/kmeans.ts')).kMeansLearner,
  pca: async () => (await import('./pca.ts')).pcaLearner,
  'isolation-forest': async () => (await import('./isolation/forest.ts')).isolationForestLearner,
  'gaussian-mixture': async () => (await import('./mixture/mixture.ts')).gaussianMixtureLearner,
  dbscan: async () => (await import('./dbscan/dbscan.ts')).dbscanLearner,
}

/** Learners of pairs by kind, likewise. */
export const pairLearners: Readonly<Record<string, () => Promise<PairLearner>>> = {
  'fp-growth': async () => (await import('./baskets/fpgrowth.ts')).fpGrowthLearner,
  'item-item': async () => (await import('./preferences/items.ts')).itemItemLearner,
  als: async () => (await import('./preferences/als.ts')).alsLearner,
}

/** @throws RECIPE_INVALID for a kind that there is none of, naming those that there are */
export const learnerOf = (kind: string): Promise<Learner> => of(learners, kind)
/** @throws RECIPE_INVALID likewise */
export const pairLearnerOf = (kind: string): Promise<PairLearner> => of(pairLearners, kind)

async function of<T>(table: Readonly<Record<string, () => Promise<T>>>, kind: string): Promise<T> {
  const load = Object.hasOwn(table, kind) ? table[kind] : undefined
  if (load) return load()
  throw new GalleyError('RECIPE_INVALID', {
    what: `there is no learner '${kind}'`,
    fix: `there are ${Object.keys(table).join(', ')}`,
  })
}
