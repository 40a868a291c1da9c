import { expect, test } from 'vitest'
import { csv } from '../data/connectors/csv.ts'
import { recipe } from './recipe.ts'
import { byCount } from './text.ts'

test('an error of a plan says where in the recipe it is', () => {
  const declared = () =>
    recipe('meals', (k) => {
      const orders = k.source('orders', csv('orders.csv', { district: 'string' }))
      k.step(
        'clean',
        orders.filter((r) => r.district.eq(45 as never)),
      )
    })
  expect(declared).toThrow(
    expect.objectContaining({
      code: 'PLAN_TYPE_MISMATCH',
      what: "45 can't stand where a string is expected",
      why: "it stands beside district in filter, in the recipe 'meals', after 'orders' is declared",
      fix: 'give a string',
    }),
  )
})

test('reasons stand in one order, however they were stored', () => {
  const counts = { impossible: 3, after: 6, duplicate: 191, before: 6 }
  const stored = { after: 6, before: 6, duplicate: 191, impossible: 3 }
  expect(byCount(counts)).toEqual(byCount(stored))
  expect(byCount(counts).map(([reason]) => reason)).toEqual(['duplicate', 'after', 'before', 'impossible'])
})
