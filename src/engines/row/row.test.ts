import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, max, mean, sum } from '../../plan/aggregates.ts'
import { hours, minutes } from '../../plan/durations.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { online } from '../../plan/online.ts'
import { scan } from '../../plan/table.ts'
import { bindScans, nodes } from '../../plan/walk.ts'
import type { Value } from '../batch.ts'
import { CASES } from '../conformance/cases/index.ts'
import { engineConformance } from '../conformance/suite.ts'
import { isGaps } from '../engine.ts'
import { evaluate } from '../reference/index.ts'
import { literalValue } from '../values.ts'
import { compileOnline, createRowEngine } from './index.ts'

const engine = createRowEngine()
const gaps = CASES.filter((c) => isGaps(engine.prepare(plan(c.plan)))).map((c) => ({
  case: c.name,
  kind: 'impossible' as const,
  reason: 'it needs more than one row at a time',
}))
const takes = (n: Node) => !isGaps(engine.prepare(plan(n)))
engineConformance('row', createRowEngine, { gaps, takes, runs: 1000 })
engineConformance('row in closures', () => createRowEngine({ closures: true }), { gaps, takes, runs: 100 })

const COLUMNS = { at: 'timestamp', key: 'string', other: 'string', delay: 'int64' } as const
const events = scan({ kind: 'source', name: 'events' }, COLUMNS)
const places = scan({ kind: 'source', name: 'places' }, { place: 'string', shift: 'int64' })

/** Late arrivals by key, known two hours after the row's own time; the shape of the main recipe. */
const cleaned = events
  .distinct()
  .reject((r) => r.delay.lt(-50), 'impossible', { when: 'training' })
  .reject((r) => r.key.eq('z'), 'never', { when: 'always' })
  .join(places, { key: 'place' })
  .derive((r) => ({ when: r.at.plus(minutes(r.shift)), late: r.delay.gt(15) }))
const landed = cleaned.derive((r) => ({ known: r.when.plus(hours(2)) }))
const byKey = landed.rolling({ by: 'key', on: 'known', over: hours(3) }, (r) => ({ n: count(), rate: mean(r.late) }))
const byOther = landed.rolling({ by: 'other', on: 'known', over: hours(5) }, (r) => ({
  total: sum(r.delay),
  worst: max(r.delay),
}))
const features = landed
  .asOf(byKey, { by: 'key', at: 'when' })
  .asOf(byOther, { by: 'other', at: 'when' })
  .derive((r) => ({ twice: r.n.times(2) }))

const OUT = ['when', 'key', 'other', 'n', 'rate', 'total', 'worst', 'twice'] as const
const PLACES = [
  ['a', '0'],
  ['b', '-30'],
  ['c', '45'],
] as const

test('served event by event in order of arrival, a plan gives the batch result row for row', () => {
  const rowsArb = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 96 }).map((q) => String(q * 900_000_000)),
      fc.constantFrom('a', 'b', 'c', 'nowhere', 'z'),
      fc.constantFrom('a', 'b'),
      fc.integer({ min: -60, max: 60 }).map(String),
    ),
    { maxLength: 40 },
  )
  const sliced = online(features.node, { entry: 'events', outputs: OUT, input: ['at', 'key', 'other'] })
  fc.assert(
    fc.property(rowsArb, (rows) => {
      const distinct = [...new Map(rows.map((r) => [r.join(), r])).values()]
      const bound = bindScans(features.node, (from, s) => {
        if (from.kind !== 'source') return undefined
        return build({
          op: 'scan',
          schema: s.schema,
          from: { kind: 'rows', rows: from.name === 'events' ? rows : PLACES },
        })
      })
      const pick = bound.schema.map((f) => f.name)
      const batch = evaluate(bound).map((row) => OUT.map((name) => row[pick.indexOf(name)]))
      const tables = new Map(sliced.tables.map((t) => [t.id, PLACES.map((p) => [p[0], BigInt(p[1])] as Value[])]))
      const program = compileOnline(sliced, { tables, lateness: 0 })
      const record = (r: readonly string[], schema: typeof sliced.input) =>
        schema.map((f) => literalValue(r[Object.keys(COLUMNS).indexOf(f.name)] ?? null, f.type))
      const shift = (r: readonly string[]) => Number(PLACES.find((p) => p[0] === r[1])?.[1] ?? 0) * 60_000_000
      const moments = [
        ...distinct.map((r) => ({ at: Number(r[0]) + shift(r), ask: true, r })),
        // every raw row arrives, duplicates too
        ...rows.map((r) => ({ at: Number(r[0]) + shift(r) + 7_200_000_000, ask: false, r })),
      ].sort((a, b) => a.at - b.at || Number(b.ask) - Number(a.ask))
      const served: Value[][] = []
      for (const m of moments) {
        if (!m.ask) program.feed(record(m.r, sliced.feedInput))
        else if (m.r[1] === 'a' || m.r[1] === 'b' || m.r[1] === 'c') {
          const row = program.answer(record(m.r, sliced.input))
          if (Number(m.r[3]) >= -50) served.push(row)
        } else
          expect(() => program.answer(record(m.r, sliced.input))).toThrowError(
            m.r[1] === 'z' ? 'never' : "key 'nowhere'",
          )
      }
      const show = (rs: readonly (readonly unknown[])[]) => rs.map((r) => r.map(String).join(' | ')).sort()
      expect(show(served)).toEqual(show(batch))
    }),
    { numRuns: 300, seed: 5 },
  )
})

test('late and repeated events: taken within the lateness, forgotten beyond it', () => {
  const sliced = online(features.node, { entry: 'events', outputs: ['n'], input: ['at', 'key'] })
  const tables = new Map(sliced.tables.map((t) => [t.id, PLACES.map((p) => [p[0], BigInt(p[1])] as Value[])]))
  const program = compileOnline(sliced, { tables, lateness: 3_600_000_000 })
  const hour = 3_600_000_000n
  const event = (h: bigint) => sliced.feedInput.map((f) => (f.name === 'at' ? h * hour : f.name === 'delay' ? 0n : 'a'))
  expect(program.feed(event(10n))).toBe(true)
  expect(program.feed(event(10n))).toBe(false)
  expect(program.feed(event(7n))).toBe(true)
  expect(program.feed(event(5n))).toBe(false)
  const ask = (h: bigint) => program.answer(sliced.input.map((f) => (f.name === 'at' ? h * hour : 'a')))
  expect(ask(12n)).toEqual([1n])
  expect(ask(13n)).toEqual([1n])
  expect(() => ask(10n)).toThrowError('history')
})

test('a label is not asked of the request, and a plan that needs one is refused', () => {
  const sliced = online(features.node, { entry: 'events', outputs: ['n', 'rate'], input: ['at', 'key'] })
  expect(sliced.input.map((f) => f.name).sort()).toEqual(['at', 'key'])
  expect([...nodes(sliced.request)].some((n) => n.op === 'distinct' && n === sliced.request)).toBe(false)
  expect(() => online(features.node, { entry: 'events', outputs: ['late'], input: ['at', 'key'] })).toThrowError(
    "would need 'delay'",
  )
})

test('each window counts once what its own distinct looks at', () => {
  const clock = scan({ kind: 'source', name: 'events' }, { at: 'timestamp', key: 'string', note: 'string' })
  const raw = clock.rolling({ by: 'key', on: 'at', over: hours(3) }, () => ({ all: count() }))
  const narrow = clock
    .select('at', 'key')
    .distinct()
    .rolling({ by: 'key', on: 'at', over: hours(3) }, () => ({ once: count() }))
  const root = clock.asOf(raw, { by: 'key', at: 'at' }).asOf(narrow, { by: 'key', at: 'at' })
  const sliced = online(root.node, { entry: 'events', outputs: ['all', 'once'], input: ['at', 'key'] })
  const program = compileOnline(sliced, { tables: new Map(), lateness: 0 })
  const event = (note: string) => sliced.feedInput.map((f) => (f.name === 'at' ? 1n : f.name === 'key' ? 'a' : note))
  for (const note of ['x', 'y', 'x']) program.feed(event(note))
  expect(program.answer(sliced.input.map((f) => (f.name === 'at' ? 2n : 'a')))).toEqual([3n, 1n])
})

test('keys that are never heard of again are forgotten', () => {
  const clock = scan({ kind: 'source', name: 'events' }, { at: 'timestamp', key: 'string' })
  const recent = clock.rolling({ by: 'key', on: 'at', over: minutes(1) }, () => ({ n: count() }))
  const sliced = online(clock.asOf(recent, { by: 'key', at: 'at' }).node, {
    entry: 'events',
    outputs: ['n'],
    input: ['at', 'key'],
  })
  const program = compileOnline(sliced, { tables: new Map(), lateness: 0 })
  for (let i = 0; i < 10_000; i++)
    program.feed(sliced.feedInput.map((f) => (f.name === 'at' ? BigInt(i) * 1_000_000n : `k${i}`)))
  expect([...program.states.values()][0]?.events).toBeLessThan(100)
})

test('what tells repeated events is forgotten with its window, also beside windows that get few events or none', () => {
  const clock = scan({ kind: 'source', name: 'events' }, { at: 'timestamp', key: 'string' }).distinct()
  const over = minutes(1)
  const all = clock.rolling({ by: 'key', on: 'at', over }, () => ({ n: count() }))
  const none = clock.filter((r) => r.key.eq('never')).rolling({ by: 'key', on: 'at', over }, () => ({ m: count() }))
  const few = clock.filter((r) => r.key.eq('k7')).rolling({ by: 'key', on: 'at', over }, () => ({ f: count() }))
  const root = clock.asOf(all, { by: 'key', at: 'at' }).asOf(none, { by: 'key', at: 'at' }).asOf(few, { by: 'key', at: 'at' }) // biome-ignore format: one line
  const sliced = online(root.node, { entry: 'events', outputs: ['n', 'm', 'f'], input: ['at', 'key'] })
  const program = compileOnline(sliced, { tables: new Map(), lateness: 0 })
  const row = (schema: typeof sliced.input, at: number, key: string) => schema.map((f) => (f.name === 'at' ? BigInt(at) * 1_000_000n : key)) // biome-ignore format: one line
  const feed = (at: number, key: string) => program.feed(row(sliced.feedInput, at, key))
  for (let i = 0; i < 10_000; i++) feed(i, `k${i}`)
  expect(program.remembered).toBeLessThan(400)
  // the window that is far behind still takes its own events, and each once
  expect([feed(20, 'k7'), feed(20, 'k7'), feed(7, 'k7')]).toEqual([true, false, false])
  const kept = [...program.states.values()].map((s) => s.events).sort((a, b) => a - b)
  expect(kept.slice(0, 2)).toEqual([0, 2])
})
