import { expect, test } from 'vitest'
import { evaluateOrders } from '../ml/evaluation/orders.ts'
import { type Goals, goalMetrics } from './goals.ts'

test('a ranking: candidates side by side, and groups that tell nothing', () => {
  const report = evaluateOrders(Float64Array.of(3, 2, 1, 5, 6), Float64Array.of(2, 1, 0, 0, 0), Uint32Array.of(0, 0, 0, 1, 1)) // biome-ignore format: one line
  const one: Goals = { trainer: 'gbdt', validate: report, test: report }
  const [head, first, , , last] = goalMetrics([one]).split('\n')
  expect(head?.split(/\s+/)).toEqual(['candidate', 'part', 'NDCG@5', 'NDCG@10', 'NDCG', 'MAP', 'MRR', 'P@5', 'P@10'])
  expect(first?.split(/\s+/)).toEqual(['gbdt', 'validate', '1.0000', '1.0000', '1.0000', '1.0000', '1.0000', '0.4000', '0.2000']) // biome-ignore format: one line
  expect(last).toBe(
    'groups on test 2, of which 1 without a relevant row are left out, and 0 have one label in all rows',
  )
})
