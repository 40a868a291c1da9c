import { expect, test } from 'vitest'
import { call, col, lit } from './expr.ts'
import { lineageOf } from './lineage.ts'
import { scan } from './table.ts'

const flights = () => scan({ kind: 'source', name: 'flights' }, { date: 'timestamp', delay: 'int64', origin: 'string' })
const airports = () => scan({ kind: 'source', name: 'airports' }, { iata: 'string', latitude: 'float64' })
const told = (table: { readonly node: Parameters<typeof lineageOf>[0] }) => {
  const { columns, rows } = lineageOf(table.node)
  const short = (all: (typeof rows)[number][]) => all.map((o) => `${o.name}.${o.column} ${o.how.join(' ')}`)
  return { ...Object.fromEntries([...columns].map(([name, o]) => [name, short([...o])])), rows: short([...rows]) }
}

test('a column is traced through computing, joining and filtering to what it is read from', () => {
  const made = flights()
    .filter((r) => r.delay.isNull().not())
    .join(airports(), { origin: 'iata' }, { how: 'left' })
    .derive((r) => ({ late: r.delay.gt(15), north: r.latitude }))
    .select('late', 'north', 'date')
  expect(told(made)).toEqual({
    late: ['flights.delay TRANSFORMATION'],
    north: ['airports.latitude IDENTITY'],
    date: ['flights.date IDENTITY'],
    rows: ['flights.delay FILTER', 'flights.origin JOIN', 'airports.iata JOIN'],
  })
})

test('conditions, groups and windows are told from values', () => {
  const n = flights().node
  const banded = {
    op: 'case' as const,
    when: [[call('isNull', col('origin')), lit('?', 'string')] as const],
    otherwise: col('origin'),
  }
  expect(lineageOf(n).rows).toEqual([])
  const { columns } = lineageOf({
    ...n,
    op: 'derive',
    input: n,
    columns: [['band', banded]],
    schema: [...n.schema, { name: 'band', type: 'string', nullable: true }],
  })
  expect(columns.get('band')).toEqual([
    { kind: 'source', name: 'flights', column: 'origin', how: ['TRANSFORMATION', 'CONDITIONAL'] },
  ])
})
