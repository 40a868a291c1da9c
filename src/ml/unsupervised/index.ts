import { GalleyError } from '../../base/errors.ts'
import type { Learner } from './learner.ts'

/** Learners by kind; each is loaded when it is first used. A new one adds its line here. */
export const learners: Readonly<Record<string, () => Promise<Learner>>> = {
  'k-means': async () => (await import('./kmeans/kmeans.ts')).kMeansLearner,
  pca: async () => (await import('./pca.ts')).pcaLearner,
  'isolation-forest': async () => (await import('./isolation/forest.ts')).isolationForestLearner,
}

/** @throws RECIPE_INVALID for a kind that there is none of, naming those that there are */
export async function learnerOf(kind: string): Promise<Learner> {
  const load = Object.hasOwn(learners, kind) ? learners[kind] : undefined
  if (load) return load()
  throw new GalleyError('RECIPE_INVALID', {
    what: `there is no learner '${kind}'`,
    fix: `there are ${Object.keys(learners).join(', ')}`,
  })
}
