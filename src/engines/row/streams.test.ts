import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Agg, call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { online } from '../../plan/online.ts'
import { printPlan } from '../../plan/print.ts'
import { scan } from '../../plan/table.ts'
import { bindScans } from '../../plan/walk.ts'
import type { Value } from '../batch.ts'
import { asBag } from '../conformance/compare.ts'
import { evaluate } from '../reference/index.ts'
import { literalValue } from '../values.ts'
import { compileOnline } from './index.ts'

const QUARTER = 900_000_000
const HOUR = 4 * QUARTER
/** Events are known this long after they happen. */
const KNOWN = 2 * HOUR

const COLUMNS = { id: 'int64', at: 'timestamp', key: 'string', other: 'string', x: 'int64', y: 'float64' } as const
const entry = scan({ kind: 'source', name: 'events' }, COLUMNS).node
const places = scan({ kind: 'source', name: 'places' }, { place: 'string', size: 'int64' }).node
const prices = scan({ kind: 'source', name: 'prices' }, { what: 'string', since: 'timestamp', price: 'int64' }).node
const PLACES = [
  ['a', '1'],
  ['b', '2'],
]
const PRICES = [
  ['a', String(HOUR), '10'],
  ['a', String(9 * HOUR), '30'],
  ['a', String(9 * HOUR), '20'],
  ['b', String(4 * HOUR), '5'],
]

const derive = (input: Node, ...columns: [string, Expr][]) => build({ op: 'derive', input, columns })
const micros = (n: number) => lit(String(n), 'duration')
const integer = (n: number) => lit(String(n), 'int64')

/** Verbs of one row that any plan may begin with. */
const prefix: fc.Arbitrary<(n: Node) => Node> = fc.constantFrom<(n: Node) => Node>(
  (n) => n,
  (n) => build({ op: 'distinct', input: n }),
  (n) => build({ op: 'filter', input: n, predicate: call('gt', col('x'), integer(-3)) }),
  (n) =>
    build({ op: 'reject', input: n, predicate: call('gt', col('x'), integer(6)), reason: 'high', when: 'training' }),
  (n) => build({ op: 'join', left: n, right: places, on: [['key', 'place']], how: 'left' }),
  (n) => build({ op: 'join', left: n, right: places, on: [['key', 'place']], how: 'inner' }),
  (n) => derive(n, ['x', call('mul', col('x'), integer(2))]),
  (n) => build({ op: 'annotate', input: n, notes: [['x', { unit: 'min' }]] }),
)

const aggs = fc.subarray<readonly [string, Agg]>(
  [
    ['n', { fn: 'count', arg: null }],
    ['sum', { fn: 'sum', arg: col('x') }],
    ['mean', { fn: 'mean', arg: col('y') }],
    ['low', { fn: 'min', arg: col('x') }],
    ['high', { fn: 'max', arg: col('y') }],
    ['kinds', { fn: 'countDistinct', arg: col('x') }],
  ],
  { minLength: 1 },
)

/** What looks at the past: a window of the entry or its latest row, or the past of another source. */
const look: fc.Arbitrary<(rows: Node, left: Node, i: number) => Node> = fc.oneof(
  fc
    .tuple(aggs, fc.constantFrom('key', 'other'), fc.integer({ min: 1, max: 24 }))
    .map(([some, by, quarters]) => (rows: Node, left: Node, i: number) => {
      const named = some.map(([name, a]) => [`${name}${i}`, a] as const)
      const right = build({ op: 'rolling', input: rows, by: [by], on: 'known', over: quarters * QUARTER, aggs: named })
      return build({ op: 'asof', left, right, by: [[by, by]], at: 'at', on: 'known' })
    }),
  fc
    .tuple(fc.constantFrom('key', 'other'), fc.option(fc.integer({ min: 1, max: 24 }), { nil: undefined }))
    .map(([by, quarters]) => (rows: Node, left: Node, i: number) => {
      const right = build({
        op: 'select',
        input: rows,
        columns: [
          [`by${i}`, col(by)],
          [`known${i}`, col('known')],
          [`x${i}`, col('x')],
          [`y${i}`, col('y')],
        ],
      })
      const within = quarters === undefined ? {} : { within: quarters * QUARTER }
      return build({ op: 'asof', left, right, by: [[by, `by${i}`]], at: 'at', on: `known${i}`, ...within })
    }),
  fc.boolean().map((window) => (_: Node, left: Node, i: number) => {
    const named = build({
      op: 'select',
      input: prices,
      columns: [
        [`what${i}`, col('what')],
        [`since${i}`, col('since')],
        [`price${i}`, col('price')],
      ],
    })
    const highest: readonly [string, Agg] = [`top${i}`, { fn: 'max', arg: col(`price${i}`) }]
    const right = window
      ? build({ op: 'rolling', input: named, by: [`what${i}`], on: `since${i}`, over: 8 * HOUR, aggs: [highest] })
      : named
    return build({ op: 'asof', left, right, by: [['key', `what${i}`]], at: 'at', on: `since${i}` })
  }),
)

const plans = fc
  .tuple(fc.array(prefix, { maxLength: 2 }), fc.array(look, { minLength: 1, maxLength: 3 }))
  .map(([verbs, looks]) => {
    // two joins with one table would bring its columns twice
    const once = verbs.filter(
      (v, i) => verbs.findIndex((w) => `${w}`.includes("'join'") === `${v}`.includes("'join'") || w === v) === i,
    )
    const rows = derive(
      once.reduce((n, f) => f(n), entry as Node),
      ['known', call('addDuration', col('at'), micros(KNOWN))],
    )
    return looks.reduce((left, f, i) => f(rows, left, i), rows)
  })

const nullable = <T>(a: fc.Arbitrary<T>) => fc.option(a, { freq: 10, nil: null })
const events = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 64 }).map((q) => String(q * QUARTER)),
    key: nullable(fc.constantFrom('a', 'b', 'c')),
    other: fc.constantFrom('a', 'b'),
    x: nullable(fc.integer({ min: -5, max: 8 }).map(String)),
    y: nullable(fc.integer({ min: -32, max: 32 }).map((k) => k / 16)),
    /** How late it arrives, of all that is allowed. */
    late: fc.constantFrom(0, 0, 0.3, 1),
    twice: fc.boolean(),
  }),
  { maxLength: 30 },
)

const show = (rows: readonly (readonly Value[])[]) => asBag(rows.map((r) => [...r]))

test('a streamable plan, fed in the order of arrival, gives the batch result row for row: 1,000 generated plans (seed 20010103)', () => {
  const covered = { late: 0, refused: 0, rows: 0 }
  fc.assert(
    fc.property(plans, events, fc.constantFrom(0, HOUR, 5 * HOUR), (root, made, lateness) => {
      const rows = made.map((e, i) => [String(i), e.at, e.key, e.other, e.x, e.y])
      const bound = bindScans(root, (from, s) => {
        if (from.kind !== 'source') return undefined
        const given = from.name === 'events' ? rows : from.name === 'places' ? PLACES : PRICES
        return build({ op: 'scan', schema: s.schema, from: { kind: 'rows', rows: given } })
      })
      const outputs = root.schema.map((f) => f.name).filter((name) => name !== 'known')
      const pick = outputs.map((name) => root.schema.findIndex((f) => f.name === name))
      const batch = evaluate(bound).map((row) => pick.map((i) => row[i] as Value))
      const sliced = online(root, { entry: 'events', outputs, input: Object.keys(COLUMNS) })
      const tables = new Map(
        sliced.tables.map((t) => {
          const given = bindScans(t.node, (from, s) =>
            from.kind === 'source'
              ? build({
                  op: 'scan',
                  schema: s.schema,
                  from: { kind: 'rows', rows: from.name === 'places' ? PLACES : PRICES },
                })
              : undefined,
          )
          return [t.id, evaluate(given)] as const
        }),
      )
      const program = compileOnline(sliced, { tables, lateness })
      const record = (r: readonly (string | number | null)[], schema: typeof sliced.input) =>
        schema.map((f) => literalValue(r[Object.keys(COLUMNS).indexOf(f.name)] ?? null, f.type))
      const repeats = JSON.stringify(root).includes('"distinct"')
      const moments = made
        .flatMap((e, i) => {
          const row = rows[i] as (string | number | null)[]
          const arrives = Number(e.at) + KNOWN + e.late * lateness
          if (e.late > 0 && lateness > 0) covered.late++
          return [
            // asked when all that was known before its moment has had time to arrive
            { when: Number(e.at) + lateness, order: 1, ask: true, row },
            { when: arrives, order: 2, ask: false, row },
            ...(e.twice && repeats ? [{ when: arrives, order: 2, ask: false, row }] : []),
          ]
        })
        // what is known at a moment counts after it, and what arrives by then has arrived
        .sort((a, b) => a.when - b.when || b.order - a.order)
      const served: Value[][] = []
      for (const m of moments)
        if (!m.ask) program.feed(record(m.row, sliced.feedInput))
        else
          try {
            served.push(program.answer(record(m.row, sliced.input)))
          } catch (error) {
            if ((error as { code?: string }).code !== 'RECORD_REJECTED') throw error
            covered.refused++
          }
      covered.rows += batch.length
      // what only history is held to does not refuse a request
      const asked = new Set(batch.map((r) => String(r[0])))
      expect(show(served.filter((r) => asked.has(String(r[0])))), printPlan(root)).toEqual(show(batch))
    }),
    { numRuns: 1000, seed: 20010103 },
  )
  expect(Math.min(covered.late, covered.refused, covered.rows)).toBeGreaterThan(100)
}, 60_000)

test('an endpoint says what it can not keep', () => {
  const rows = derive(entry, ['known', call('addDuration', col('at'), micros(KNOWN))])
  const window = build({ op: 'rolling', input: rows, by: ['key'], on: 'known', over: HOUR, aggs: [['n', { fn: 'count', arg: null }]] }) // biome-ignore format: one line
  const once = build({ op: 'asof', left: rows, right: window, by: [['key', 'key']], at: 'at', on: 'known' })
  const nested = build({ op: 'rolling', input: once, by: ['other'], on: 'known', over: HOUR, aggs: [['m', { fn: 'max', arg: col('n') }]] }) // biome-ignore format: one line
  const twice = build({ op: 'asof', left: rows, right: nested, by: [['other', 'other']], at: 'at', on: 'known' })
  expect(() => online(twice, { entry: 'events', outputs: ['m'], input: Object.keys(COLUMNS) })).toThrowError(
    'asof of the rows that feed its state',
  )
  const grouped = build({ op: 'aggregate', input: entry, by: ['key', 'at'], aggs: [['s', { fn: 'sum', arg: col('x') }]] }) // biome-ignore format: one line
  const latest = build({ op: 'asof', left: rows, right: build({ op: 'select', input: grouped, columns: [['k', col('key')], ['t', col('at')], ['s', col('s')]] }), by: [['key', 'k']], at: 'at', on: 't' }) // biome-ignore format: one line
  expect(() => online(latest, { entry: 'events', outputs: ['s'], input: Object.keys(COLUMNS) })).toThrowError(
    'aggregate of the rows that feed its state',
  )
})

test('the latest row is kept however old, but with an age only as long as it counts', () => {
  const right = build({ op: 'select', input: entry, columns: [['k', col('key')], ['t', col('at')], ['v', col('x')]] }) // biome-ignore format: one line
  const size = (within: number | undefined, lateness: number) => {
    const root = build({ op: 'asof', left: entry, right, by: [['key', 'k']], at: 'at', on: 't', ...(within === undefined ? {} : { within }) }) // biome-ignore format: one line
    const sliced = online(root, { entry: 'events', outputs: ['v'], input: ['at', 'key'] })
    const program = compileOnline(sliced, { tables: new Map(), lateness })
    const event = (at: number, key: string) =>
      sliced.feedInput.map((f) => (f.name === 'at' ? BigInt(at) : f.name === 'key' ? key : 7n))
    for (let i = 0; i < 20_000; i++) program.feed(event(i * 1_000_000, `k${i % 5000}`))
    return {
      events: [...program.states.values()][0]?.events as number,
      ask: (at: number, key: string) => program.answer(sliced.input.map((f) => (f.name === 'at' ? BigInt(at) : key))),
    }
  }
  const kept = size(undefined, 0)
  expect(kept.events).toBe(10_000)
  expect(kept.ask(1e12, 'k3')).toEqual([7n])
  expect(() => kept.ask(5, 'k3')).toThrowError('history')
  const aged = size(60_000_000, 10_000_000)
  expect(aged.events).toBeLessThan(100)
  expect(aged.ask(2e10, 'k3')).toEqual([null])
  expect(aged.ask(19_999_500_000, 'k4999')).toEqual([7n])
})
