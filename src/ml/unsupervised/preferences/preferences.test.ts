import { expect, test } from 'vitest'
import { quiet } from '../conformance.ts'
import { heldOut, interactionsOf, transposed } from './interactions.ts'
import { rankingOf } from './ranking.ts'

test('figures of rankings by hand', () => {
  // user 0: hits at places 1 and 3 of three liked; user 1: none; user 2 is not judged
  const found = rankingOf([[1, 9, 2], [5, 6], [7]], [[1, 2, 3], [8], []], 10, 3)
  expect(found).toMatchObject({ users: 2, hitRate: 0.5, coverage: 0.6 })
  expect(found.precision).toBeCloseTo((2 / 3 + 0) / 2, 15)
  expect(found.recall).toBeCloseTo((2 / 3 + 0) / 2, 15)
  expect(found.map).toBeCloseTo((1 + 2 / 3) / 3 / 2, 15)
  expect(found.ndcg).toBeCloseTo(1.5 / (1 + 1 / Math.log2(3) + 0.5) / 2, 15)
})

const pairs = (rows: readonly (readonly [number, number, number, number])[]) => ({
  ...{ left: [0, 1, 2], right: [0, 1, 2, 3] },
  ...{ a: Int32Array.from(rows, (r) => r[0]), b: Int32Array.from(rows, (r) => r[1]) },
  ...{ weight: Float64Array.from(rows, (r) => r[2]), at: Float64Array.from(rows, (r) => r[3]) },
})

test('weights of a pair are added up, and those that are not above 0 are left out', () => {
  const said: string[] = []
  const x = interactionsOf(pairs([[0, 1, 2, 5], [0, 1, 3, 9], [1, 0, -1, 1], [0, 0, 1, 1], [2, 3, 1, 1]]), { ...quiet(), say: (t) => void said.push(t) }) // biome-ignore format: one line
  expect(said).toEqual(['1 rows whose weight is not above 0 are left out'])
  expect([...x.starts]).toEqual([0, 2, 2, 3])
  expect([...x.item]).toEqual([0, 1, 3])
  expect([...x.weight]).toEqual([1, 5, 1])
  expect([...x.at]).toEqual([1, 9, 1])
  expect([...transposed(x).item]).toEqual([0, 0, 2])
  expect(() => interactionsOf(pairs([[0, 0, 0, 0]]), quiet())).toThrow(expect.objectContaining({ code: 'TRAIN_DATA' }))
})

test('the latest is set aside where times are known, and something is left of everybody', () => {
  const x = interactionsOf(pairs([[0, 0, 1, 3], [0, 1, 1, 9], [0, 2, 1, 1], [1, 3, 1, 1], [2, 0, 1, 2], [2, 1, 1, 1]]), quiet()) // biome-ignore format: one line
  const { rest, held } = heldOut(x, 0.3, 1, true)
  expect(held).toEqual([[1], [], [0]])
  expect([...rest.starts]).toEqual([0, 2, 3, 4])
  const chance = heldOut(x, 0.9, 1, false)
  expect(chance.held.map((h) => h.length)).toEqual([2, 0, 1])
})
