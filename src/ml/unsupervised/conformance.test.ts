import { expect, test } from 'vitest'
import { learnerConformance } from './conformance.ts'
import { learnerOf, learners } from './index.ts'
import type { LearnTask } from './learner.ts'

/** Parameters that keep learning short, and rows that threads are tried on. */
const TRIED: Readonly<Record<string, readonly [params: LearnTask['params'], rows?: number]>> = {
  'k-means': [{ clusters: 8, maxIterations: 12 }],
  pca: [{ components: 3 }],
  'isolation-forest': [{ trees: 40 }],
  'gaussian-mixture': [{ clusters: 3, maxIterations: 5 }],
  dbscan: [{ reach: 0.3 }, 6000],
}

test('every learner is tried', () => expect(Object.keys(TRIED)).toEqual(Object.keys(learners)))
for (const [kind, [params, rows]] of Object.entries(TRIED))
  learnerConformance(kind, await learnerOf(kind), params, rows)
