import { expect, test } from 'vitest'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { recipe } from '../recipe.ts'
import { handed, wantedOf } from './wanted.ts'

const columns = { id: 'int64', city: 'string', price: 'float64', note: 'string' } as const
const spec: SourceSpec<typeof columns> = { connector: 'csv', path: 'a.csv', columns, options: {} }

test('what all readers need: their columns together, and the conditions that each of them has', () => {
  const made = recipe('r', (k) => {
    const s = k.source('s', spec)
    k.step('a', s.filter((r) => r.id.gt(3).and(r.city.eq('서울'))).select('id'))
    k.step(
      'b',
      s.filter((r) => r.id.gt(3)).aggregate(['city'], () => ({})),
    )
  })
  const wanted = wantedOf(made, 's', spec)
  expect(wanted?.columns).toEqual(['id', 'city'])
  expect(wanted?.where).toEqual([expect.objectContaining({ column: 'id', is: 'gt' })])
  expect(handed(wanted, ['columns'], spec)).toEqual({ columns: ['id', 'city'], where: [] })
  expect(handed(wanted, undefined, spec)).toBeUndefined()
})

test('rejected rows are kept whole, so all their columns are needed; conditions above do not hold for them', () => {
  const made = recipe('r', (k) => {
    const s = k.source('s', spec)
    k.step(
      'a',
      s
        .reject((r) => r.price.lt(0), 'negative')
        .filter((r) => r.id.gt(3))
        .select('id'),
    )
  })
  expect(wantedOf(made, 's', spec)).toEqual({ columns: Object.keys(columns), where: [] })
})

test('what an expectation refers to is read, too: no row of it may be left out', () => {
  const made = recipe('r', (k) => {
    const s = k.source('s', spec)
    const orders = k.source('orders', { ...spec, path: 'b.csv' })
    k.dataset('checked', orders, { expect: (_, e) => [e.references('city', s, 'city').quarantine()] })
    k.dataset('big', s.filter((r) => r.id.gt(3)).select('id'))
  })
  expect(wantedOf(made, 's', spec)).toEqual({ columns: Object.keys(columns), where: [] })
})

test('a source that nothing reads is read whole', () => {
  expect(
    wantedOf(
      recipe('r', (k) => void k.source('s', spec)),
      's',
      spec,
    ),
  ).toBeUndefined()
})
