import { expect, test } from 'vitest'
import { evaluateClasses } from '../ml/evaluation/multiclass.ts'
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

test('several classes: two of one trainer told apart, and the classes of the one that was chosen', () => {
  const report = (sure: number) =>
    evaluateClasses(Float64Array.of(sure, 1 - sure, 1 - sure, sure, sure, 1 - sure), Float64Array.of(0, 1, 1), ['배송', '환불']) // biome-ignore format: one line
  const of = (l2: number, sure: number): Goals => ({
    ...{ trainer: 'logistic', params: { l2, tolerance: 1e-9 } },
    ...{ validate: report(sure), test: report(sure) },
  })
  const lines = goalMetrics([of(1, 0.9), of(10, 0.2)], 0).split('\n')
  expect(lines.map((l) => l.split(/ {2,}/)[0])).toEqual(
    ['candidate', ...['logistic l2=1', 'logistic l2=1', 'logistic l2=10', 'logistic l2=10'], '', 'logistic l2=1 on test', '배송', '환불', '', 'is, and is said', '배송', '환불'], // biome-ignore format: one line
  )
  // the second is right where the first is wrong
  expect(lines.slice(-2).map((l) => l.split(/ {2,}/).map(Number).slice(1))).toEqual([
    [1, 0],
    [1, 1],
  ])
})
