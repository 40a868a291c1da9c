import { expect, test } from 'vitest'
import { call, col, lit } from '../expr.ts'
import { build, type Node } from '../nodes.ts'
import { printExpr } from '../print.ts'
import { estimateRows, selectivity } from './estimate.ts'
import { planTree } from './tree.ts'

const trips: Node = build({
  op: 'scan',
  from: { kind: 'source', name: 'trips' },
  schema: [
    { name: 'city', type: 'string', nullable: true, tags: ['personal'] },
    { name: 'km', type: 'float64', nullable: false, unit: 'km' },
  ],
})
const cities: Node = build({
  op: 'scan',
  from: { kind: 'source', name: 'cities' },
  schema: [
    { name: 'name', type: 'string', nullable: true },
    { name: 'people', type: 'int64', nullable: true },
  ],
})
const far = call('gt', col('km'), lit(5, 'float64'))
const joined = build({ op: 'join', left: trips, right: cities, on: [['city', 'name']], how: 'inner' })
const counted = build({
  op: 'aggregate',
  input: build({ op: 'filter', input: joined, predicate: far }),
  by: ['city'],
  aggs: [['n', { fn: 'count', arg: null }]],
})
const known = (scan: Extract<Node, { op: 'scan' }>) =>
  'name' in scan.from ? { rows: scan.from.name === 'trips' ? 30_000 : 100, exact: true } : undefined

test('rows are estimated from what is known of the sources', () => {
  const rows = estimateRows(counted, known)
  expect(rows.get(trips)).toEqual({ rows: 30_000, exact: true })
  expect(rows.get(joined)).toEqual({ rows: 30_000, exact: false })
  expect(rows.get(counted)).toEqual({ rows: 100, exact: false })
  expect(estimateRows(counted, () => undefined).get(counted)).toBeUndefined()
})

test('conditions keep shares of rows', () => {
  expect(selectivity(lit(true, 'bool'))).toBe(1)
  expect(selectivity(call('not', far))).toBeCloseTo(2 / 3)
  expect(selectivity(call('and', far, far))).toBeCloseTo(1 / 9)
  expect(selectivity(call('or', far, far))).toBeCloseTo(5 / 9)
})

test('a tree tells types, units, tags, rows and which side is kept in memory', () => {
  expect(planTree(counted, estimateRows(counted, known)).join('\n')).toBe(
    `aggregate by city  — ≈ 100 rows
    n: int64 = count()
filter (km > 5)  — ≈ 10,000 rows
inner join on city = name (the right side is the smaller one, kept in memory)  — ≈ 30,000 rows
│   adds people: int64?
├─ scan source trips  — 30,000 rows
│      city: string? #personal, km: float64 [km]
└─ scan source cities  — 100 rows
       name: string?, people: int64?`,
  )
})

test('what two nodes read is told once', () => {
  const shared = build({ op: 'filter', input: trips, predicate: far })
  const lines = planTree(build({ op: 'union', left: shared, right: shared }), new Map())
  expect(lines.filter((line) => line.includes('filter'))).toHaveLength(1)
  expect(lines.at(-1)).toBe('└─ (1) as above')
})

test('a cast tells what becomes of a value that does not convert', () => {
  const asNumber = (onError: 'fail' | 'null') => printExpr({ op: 'cast', arg: col('city'), to: 'int64', onError })
  expect([asNumber('fail'), asNumber('null')]).toEqual(['cast(city as int64)', 'cast(city as int64, or null)'])
})
