import { expect, test } from 'vitest'
import { col, type Expr } from '../../plan/expr.ts'
import { createRenderer } from '../analysis/render.ts'
import { dependence } from './charts.ts'
import { withNames } from './codes.ts'

test('dependence on codes of an ordinal fit is told by the values that they stand for', async () => {
  const draw = await createRenderer()
  const points = [0, 1].map((x) => ({ x, mean: 5 + x, low: 4, high: 7 }))
  const made: Expr = { op: 'lookup', args: [col('구')], table: { keys: [['강남구'], ['마포구']], values: ['0', '1'] }, fallback: null, type: 'int64' } // biome-ignore format: one line
  const found = withNames({ feature: '구Code', points }, [[['구Code', made]]])
  const { markup } = await draw(dependence(found), '구Code')
  expect([markup.includes('>강남구<'), markup.includes('>마포구<')]).toEqual([true, true])
  // a code between two values stands for neither, and rates are no codes
  const between = { feature: '구Code', points: points.map((p) => ({ ...p, x: p.x + 0.5 })) }
  expect(withNames(between, [[['구Code', made]]])).toBe(between)
  const rate = { feature: '구Code', points }
  expect(withNames(rate, [[['구Code', { ...made, type: 'float64' }]]])).toBe(rate)
})

test.each([
  ['years', [1985, 2021], '2000'],
  ['small numbers', [0.1, 0.4], '0.2'],
  ['large ones', [100_000, 400_000], '200k'],
])('dependence on %s is labelled as people write them', async (_, [from = 0, to = 0], label) => {
  const draw = await createRenderer()
  const points = [from, to].map((x) => ({ x, mean: 5, low: 4, high: 6 }))
  expect((await draw(dependence({ feature: 'x', points }), 'x')).markup).toContain(`>${label}<`)
})
