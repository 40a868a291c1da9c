import { expect, test } from 'vitest'
import { csv } from '../data/connectors/csv.ts'
import { nodes } from '../plan/walk.ts'
import { publishedPlan, wholePlan } from './inline.ts'
import { recipe } from './recipe.ts'
import type { Recipe } from './specs.ts'
import { byTime } from './split.ts'

const spans = {
  train: ['2026-01-01', '2026-02-01'],
  validate: ['2026-02-01', '2026-03-01'],
  test: ['2026-03-01', '2026-04-01'],
} as const

const shop = (nested: boolean, serve: boolean): Recipe =>
  recipe('shop', (k) => {
    const raw = k.source('raw', csv('raw.csv', { id: 'int64', x: 'float64', late: 'bool', day: 'date' }))
    const cities = k.source('known', csv('known.csv', { id: 'int64' }))
    const split = byTime('day', spans)
    const aside = k.dataset('orders', raw, {
      split,
      expect: (r, e) => [
        e.range(r.x, { min: 0 }).quarantine(),
        e.unique('id').quarantine(),
        e.references('id', cities, 'id').quarantine(),
        e.notNull(r.late),
      ],
    })
    const data = nested ? k.dataset('more', aside.table, { split }) : aside
    const model = k.train('m', data, {
      target: 'late',
      features: ['x'],
      candidates: [{ trainer: 'logistic', params: {} }],
    })
    if (serve) k.serve('e', model, { entry: 'raw', input: ['x'] })
  })
const reasons = (r: Recipe, plan: typeof wholePlan, id: string) =>
  [...nodes(plan(r, id))].flatMap((n) => (n.op === 'reject' ? [[n.reason, n.when]] : []))

test('rows that expectations set aside are not in the plan that is trained on, wherever it is computed', () => {
  const r = shop(true, false)
  expect(reasons(r, wholePlan, 'more')).toEqual([['x is at least 0', 'training']])
  expect(reasons(r, publishedPlan, 'orders').sort()).toEqual([
    ['id is in id of known', 'training'],
    ['id is unique', 'training'],
    ['x is at least 0', 'training'],
  ])
  expect(publishedPlan(r, 'orders').schema).toEqual(wholePlan(r, 'orders').schema)
  expect(r.steps.find((s) => s.id === 'orders')?.inputs).toEqual(['raw', 'known'])
})

test('an endpoint is not served from what a dataset on the way sets aside by looking at other rows', () => {
  expect(() => shop(false, true)).not.toThrow()
  expect(() => shop(true, true)).toThrowError(
    expect.objectContaining({ code: 'RECIPE_INVALID', why: expect.stringContaining("'more' is made of 'orders'") }),
  )
})
