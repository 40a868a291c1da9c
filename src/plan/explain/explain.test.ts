import { expect, test } from 'vitest'
import { count, over, range, rowNumber, sum } from '../aggregates.ts'
import { days, hours, minutes } from '../durations.ts'
import { call, col, lit } from '../expr.ts'
import { build, type Node } from '../nodes.ts'
import { optimise } from '../optimise/index.ts'
import { printAlone, printExpr, spanText } from '../print.ts'
import { scan } from '../table.ts'
import { nodes } from '../walk.ts'
import { estimateRows, selectivity } from './estimate.ts'
import { reasonsOf } from './reasons.ts'
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
filter km > 5  — ≈ 10,000 rows
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

test('spans of time are told in one way, wherever they stand', () => {
  const told = [7 * 86_400e6, 61 * 86_400e6, 27 * 3600e6, 745 * 3600e6, 90 * 60e6, 150e6, 500e3, 3, 0, -3600e6].map(
    spanText,
  )
  expect(told).toEqual(['7 d', '61 d', '27 h', '31 d 1 h', '90 min', '2 min 30 s', '500 ms', '3 µs', '0 s', '−1 h'])
  const t = scan({ kind: 'source', name: 's' }, { at: 'timestamp', day: 'date', n: 'int64', k: 'string' })
  const lines = (made: { readonly node: Node }) => planTree(made.node, new Map()).join('\n')
  const shifted = lines(t.derive((r) => ({ week: r.at.plus(days(7)), later: r.at.minus(minutes(r.n.plus(1))) })))
  expect(shifted).toContain('week: timestamp? = at + 7 d')
  expect(shifted).toContain('later: timestamp? = at − minutes(n + 1)')
  expect(lines(t.filter((r) => r.at.since('2020-01-01').gt(hours(36)).and(r.day.ge('2020-02-29'))))).toContain(
    "filter (since(at, '2020-01-01 00:00:00') > 36 h) and (day ≥ '2020-02-29')",
  )
  const framed = t.window({ by: 'k', order: 'at' }, (r) => ({ a: over(count(), range(-7 * 86_400e6, 0)), b: over(sum(r.n)) })) // biome-ignore format: one line
  expect(lines(framed)).toContain('a: int64 = count() over range −7 d … 0 s')
  expect(lines(framed)).toContain('b: int64? = sum(n) over all rows')
})

test('of merged rejections each condition is told with its own reason, also where a rule wrote it otherwise', () => {
  const written = scan({ kind: 'source', name: 's' }, { n: 'int64', k: 'string' })
    .derive((r) => ({ twice: r.n.times(2) }))
    .reject((r) => r.n.lt(0), 'below zero')
    .reject((r) => r.k.isNull().or(r.k.eq('')), 'no key')
    .reject((r) => r.twice.gt(100), 'too many').node
  const runs = optimise(written)
  expect(planTree(runs, new Map(), written)).toEqual([
    'derive',
    '    twice: int64? = n × 2',
    'reject (always)',
    "    'below zero' where n < 0",
    "    'no key' where isNull(k) or (k = '')",
    "    'too many' where (n × 2) > 100",
    'scan source s',
    '    n: int64?, k: string?',
  ])
  const [node] = [...nodes(runs)].filter((n) => n.op === 'reject')
  const told = node && reasonsOf(runs, written)(node).map((t) => ({ ...t, where: t.where.map(printAlone) }))
  expect(told).toEqual([
    { reason: 'below zero', where: ['n < 0'] },
    { reason: 'no key', where: ['isNull(k)', "k = ''"] },
    { reason: 'too many', where: ['(n × 2) > 100'] },
  ])
})

test('a long condition has a line for each part, and a column is never broken', () => {
  const many = Array.from({ length: 12 }, (_, i) => `a column with a long name ${i}`)
  const wide = scan({ kind: 'source', name: 's' }, Object.fromEntries(many.map((name) => [name, 'int64' as const])))
  const lines = planTree(wide.filter((r) => many.slice(0, 5).map((name) => (r[name] as NonNullable<(typeof r)[string]>).gt(1)).reduce((a, b) => a.and(b))).node, new Map()) // biome-ignore format: one line
  expect(lines.slice(0, 3)).toEqual(['filter', '    a column with a long name 0 > 1', '    and a column with a long name 1 > 1']) // biome-ignore format: one line
  for (const line of lines.slice(7)) expect(line).toMatch(/^ +(a column with a long name \d+: int64\?(, |,$|$))+$/)
})

test('where lists decide which row stays, it is told that nothing says which', () => {
  const t = scan({ kind: 'source', name: 's' }, { n: 'int64', tags: 'string[]' })
  const remark = (made: { readonly node: Node }) =>
    planTree(made.node, new Map()).filter((l) => l.includes('is not said'))
  expect(remark(t.sort('n').limit(3))).toEqual([
    '    of rows that differ in tags alone, which one stays is not said: lists and structs have no order',
  ])
  expect(remark(t.window({ order: 'n' }, () => ({ i: rowNumber() })))).toHaveLength(1)
  expect(remark(t.drop('tags').sort('n').limit(3))).toEqual([])
})

test('any span of time has a text, however long', () => {
  for (const micros of [98_666_732_803_383_000, 2 ** 63, 1e300, Number.MAX_SAFE_INTEGER, 0.5])
    for (const sign of [1, -1]) expect(spanText(sign * micros)).toMatch(/ (d|h|min|s|ms|µs)$/)
})
