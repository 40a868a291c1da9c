import { describe, expect, test } from 'vitest'
import { rowOf } from '../../plan/columns/column.ts'
import { hours } from '../../plan/durations.ts'
import { scan } from '../../plan/table.ts'
import { differenceOf } from './distribution.ts'
import { expectations, expectOf } from './expect.ts'
import type { Expect } from './said.ts'

const COLUMNS = { id: 'int64', city: 'string', price: 'float64' } as const
const ORDERS = scan({ kind: 'rows', rows: [] }, COLUMNS)
type Orders = typeof COLUMNS

describe('what is said wrongly', () => {
  const e = expectOf<Orders>(ORDERS.schema)
  const r = rowOf<Orders>(ORDERS.schema, 'x')
  const anyway = e as unknown as Expect<Record<string, 'int64'>>
  test.each([
    ['a column that is not there', () => anyway.unique('idd'), 'PLAN_UNKNOWN_COLUMN'],
    ['a share above 1', () => e.notNull(r.id, { mostly: 99 }), 'RECIPE_INVALID'],
    ['a range without ends', () => e.range(r.price, {}), 'RECIPE_INVALID'],
    ['rows to set aside for a table', () => e.volume({ min: 1 }).quarantine(), 'RECIPE_INVALID'],
    ['two of one title', () => expectations([e.notNull(r.id), e.notNull(r.id)]), 'RECIPE_INVALID'],
    ['KS of names', () => e.steady('city', { measure: 'ks' }), 'RECIPE_INVALID'],
  ])('%s', (_, say, code) => expect(say).toThrowError(expect.objectContaining({ code })))
})

test('TypeScript knows the columns and what fits them', () => {
  const e = expectOf<Orders>(ORDERS.schema)
  const r = rowOf<Orders>(ORDERS.schema, 'x')
  const wrong = () => [
    // @ts-expect-error there is no such column
    e.unique('idd'),
    // @ts-expect-error a text has no numeric range
    e.range(r.city, { min: 0 }),
    // @ts-expect-error a number matches no pattern
    e.pattern(r.price, 'x'),
    // @ts-expect-error a price is no moment
    e.fresh('price', hours(1)),
  ]
  expect(wrong).toThrow()
})

describe('measures', () => {
  test('by hand', () => {
    // PSI of (50, 50) and (90, 10): 0.4·ln 1.8 + −0.4·ln 0.2
    expect(differenceOf('psi', [50, 50], [90, 10]).value).toBeCloseTo(0.4 * Math.log(1.8) - 0.4 * Math.log(0.2), 12)
    expect(differenceOf('ks', [25, 25, 50], [50, 25, 25]).value).toBeCloseTo(0.25, 12)
    // χ² of the 2 × 2 table (30, 70; 50, 50) is 8.333, the critical value at 0.1 % is 10.828
    expect(differenceOf('chi2', [30, 70], [50, 50]).value * 10.828).toBeCloseTo(8.333, 0)
    expect(differenceOf('chi2', [10, 0], [10, 0]).value).toBe(0)
  })
})
