import { describe, expect, test } from 'vitest'
import { count, mean, over, range } from './aggregates.ts'
import { hours, minutes } from './durations.ts'
import type { Node } from './nodes.ts'
import { online } from './online.ts'
import { printPlan } from './print.ts'
import { project, prune } from './prune.ts'
import { readRecord, writeRecord } from './record.ts'
import { scan } from './table.ts'
import { nodes as allNodes, hashPlan } from './walk.ts'

const flights = scan(
  { kind: 'source', name: 'flights' },
  { date: 'local timestamp', delay: 'int64', distance: 'float64', origin: 'string', ok: 'bool' },
)
const code = (f: () => unknown): { code: string; what: string; fix: string | undefined } => {
  try {
    f()
  } catch (e) {
    return e as { code: string; what: string; fix: string | undefined }
  }
  throw new Error('it did not fail')
}
// what the editor would underline: written the way plain JavaScript can
const loose = flights as unknown as {
  filter(f: (r: Record<string, Record<string, (x?: unknown) => never>>) => unknown): unknown
}

describe('building fails early and names the choices', () => {
  test('a misspelt column', () => {
    expect(code(() => loose.filter((r) => r['dellay']?.['gt']?.(1)))).toMatchObject({
      code: 'PLAN_UNKNOWN_COLUMN',
      fix: "did you mean 'delay'?",
    })
  })
  test('a method of another type, a value of another type', () => {
    expect(code(() => loose.filter((r) => r['origin']?.['hour']?.()))).toMatchObject({ code: 'PLAN_TYPE_MISMATCH' })
    expect(code(() => loose.filter((r) => r['delay']?.['gt']?.('much')))).toMatchObject({ code: 'PLAN_TYPE_MISMATCH' })
  })
  test('one key needs no list', () => {
    const [one, listed] = ['origin', ['origin']] as const
    expect(flights.aggregate(one, () => ({ n: count() })).node).toEqual(flights.aggregate(listed, () => ({ n: count() })).node) // biome-ignore format: one line
  })
  test('a cast that is to do what none does', () => {
    expect(
      code(() => flights.derive((r) => ({ late: r.origin.cast('int64', { onError: 'reject' as 'fail' }) }))),
    ).toMatchObject({
      code: 'PLAN_INVALID',
      fix: expect.stringContaining('.fails()'),
    })
  })
  test('limit without an order, a window without a span, a union of other columns', () => {
    expect(code(() => flights.limit(3))).toMatchObject({ code: 'PLAN_NEEDS_ORDER' })
    expect(
      code(() => flights.rolling({ by: 'origin', on: 'date', over: hours(0) }, () => ({ n: count() }))),
    ).toMatchObject({ code: 'PLAN_INVALID' })
    expect(code(() => flights.union(flights.drop('ok') as never))).toMatchObject({ code: 'PLAN_TYPE_MISMATCH' })
  })
  test('two columns of one name', () => {
    expect(code(() => flights.join(flights, { origin: 'origin' }))).toMatchObject({ code: 'PLAN_DUPLICATE_COLUMN' })
  })
  test('two columns whose names differ only in case, wherever they come from', () => {
    const both = { code: 'PLAN_DUPLICATE_COLUMN', why: expect.stringContaining('case'), details: { column: 'Delay' } }
    expect(code(() => flights.derive((r) => ({ Delay: r.delay.times(2) })))).toMatchObject(both)
    expect(code(() => flights.rename({ distance: 'Delay' }))).toMatchObject(both)
    expect(
      code(() => scan({ kind: 'source', name: 's' }, { delay: 'int64', Delay: 'int64' } as Record<string, 'int64'>)),
    ).toMatchObject(both)
    expect(code(() => flights.aggregate(['delay'], () => ({ Delay: count() })))).toMatchObject(both)
    expect(flights.derive((r) => ({ delay: r.delay.times(2) })).schema).toHaveLength(5)
  })
})

const late = flights.derive((r) => ({
  late: r.delay.gt(15),
  known: r.date.plus(minutes(r.distance.div(7.5))),
  unused: r.distance.times(2),
}))
const features = late.asOf(
  late.rolling({ by: 'origin', on: 'known', over: hours(3) }, (r) => ({ rate: mean(r.late), n: count() })),
  { by: 'origin', at: 'date' },
)

test('equal plans hash equally, different ones do not, and a plan survives JSON', () => {
  const again = flights.derive((r) => ({
    late: r.delay.gt(15),
    known: r.date.plus(minutes(r.distance.div(7.5))),
    unused: r.distance.times(2),
  }))
  expect(hashPlan(again.toPlan())).toBe(hashPlan(late.toPlan()))
  expect(hashPlan(flights.derive((r) => ({ late: r.delay.gt(16) })).toPlan())).not.toBe(hashPlan(late.toPlan()))
  expect(hashPlan(JSON.parse(JSON.stringify(late.toPlan())))).toBe(hashPlan(late.toPlan()))
  expect(Object.isFrozen(late.node)).toBe(true)
})

test('pruning keeps what is asked for and drops what nobody reads', () => {
  const node = project(features.node, ['n'])
  expect(node.schema.map((f) => f.name)).toEqual(['n'])
  const read = new Set([...allNodes(node)].flatMap((n) => (n.op === 'scan' ? n.schema.map((f) => f.name) : [])))
  expect([...read].sort()).toEqual(['date', 'distance', 'origin'])
  expect(printPlan(node)).not.toContain('unused')
  const distinct = prune(flights.distinct().select('origin').node, new Set(['origin']))
  expect([...allNodes(distinct)].find((n) => n.op === 'scan')?.schema).toHaveLength(5)
})

describe('records', () => {
  const schema = scan(
    { kind: 'record' },
    { at: 'timestamp', day: 'date', n: 'int64', x: 'float64', s: 'string', b: 'bool' },
  ).schema
  const good = { at: '2001-06-30 18:05:00Z', day: '2000-02-29', n: 7, x: 1.5, s: '서울', b: true }
  test('come in as values and go out as they came', () => {
    const values = readRecord(schema, good)
    expect(values).toEqual([993_924_300_000_000n, 11_016, 7n, 1.5, '서울', true])
    expect(writeRecord(schema, Object.fromEntries(schema.map((f, i) => [f.name, values[i]])))).toEqual(good)
    expect(readRecord(schema, { ...good, n: '9223372036854775807' })[2]).toBe(9223372036854775807n)
    expect(readRecord(schema, Object.fromEntries(schema.map((f) => [f.name, null])))).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ])
  })
  test.each([
    [{ ...good, day: '2001-02-29' }],
    [{ ...good, at: '2001-06-30 24:00:00' }],
    [{ ...good, at: 'yesterday' }],
    [{ ...good, n: 2 ** 53 }],
    [{ ...good, n: '9223372036854775808' }],
    [{ ...good, x: '1' }],
    [{ ...good, b: 1 }],
    [{ ...good, extra: 1 }],
    [[]],
    [null],
    ['x'],
    [JSON.parse('{"__proto__": {"n": 1}}')],
  ])('%j is refused', (record) => {
    expect(code(() => readRecord(schema, record))).toMatchObject({ code: 'RECORD_INVALID', fix: expect.any(String) })
  })
})

test('a value of a wrong type names the column that it stands beside', () => {
  const t = scan({ kind: 'source', name: 'flights' }, { origin: 'string', delay: 'int64' })
  expect(() => t.filter((r) => r.origin.eq(45 as never))).toThrowError('it stands beside origin in filter')
})

test('a whole number that JavaScript may have rounded is asked for as a bigint', () => {
  const t = scan({ kind: 'source', name: 's' }, { id: 'int64', x: 'float64' })
  expect(() => t.filter((r) => r.id.eq(2 ** 53 + 2))).toThrowError(
    expect.objectContaining({ code: 'PLAN_TYPE_MISMATCH', fix: expect.stringContaining('with an n behind them') }),
  )
  for (const id of [2 ** 53 - 1, 9007199254740993n, 1e19]) expect(() => t.filter((r) => r.id.lt(id))).not.toThrow()
  expect(() => t.filter((r) => r.x.lt(2 ** 60))).not.toThrow()
})

test('a pattern that RE2 has no room for is refused where it is written', () => {
  const t = scan({ kind: 'source', name: 's' }, { a: 'string' })
  for (const pattern of ['\\pL{500}', '(\\PL{80}x){3}', '(a'])
    expect(() => t.filter((r) => r.a.matches(pattern))).toThrowError(/RE2/)
  expect(() => t.filter((r) => r.a.matches('[\\pL\\d]{1,20}@\\pL+(\\.[a-z]{2,63}){1,8}'))).not.toThrow()
})

test('what only some engines know is refused where it is written', () => {
  const t = scan({ kind: 'source', name: 's' }, { a: 'string', l: 'int64[]', at: 'timestamp' })
  for (const pattern of ['(?<x>a)', '(?<=a)b', '\\p{LC}', '[\\P{Garay}]', 'a\\Bb'])
    expect(() => t.filter((r) => r.a.matches(pattern))).toThrowError(/RE2 refuses/)
  for (const pattern of ['(?P<x>a)', '\\Q\\B(?<\\E', '[(?<]', '[][:alpha:](?<]', '\\p{^Hangul}\\pL'])
    expect(() => t.filter((r) => r.a.matches(pattern))).not.toThrow()
  for (const wrong of ['(a', 'x\\B'])
    expect(() => t.filter((r) => r.a.matches(wrong))).toThrowError(
      expect.objectContaining({ what: "'matches' is given a constant that it can't take, in filter" }),
    )
  expect(() => t.derive((r) => ({ x: r.at.toLocal('Asia/Seul') }))).toThrowError(/no time zone 'Asia\/Seul'/)
  expect(() => t.filter((r) => r.a.eq('\ud800'))).toThrowError(/expected/)
  expect(() => t.sort('l')).toThrowError(/can't order by l.*lists and structs have no order/)
  expect(() => t.window({ order: 'at' }, (r) => ({ n: over(count(r.a), range(-1.5, 0)) }))).toThrowError('whole µs')
  expect(() => scan({ kind: 'source', name: 's' }, { s: {} })).toThrowError('a struct has no fields')
  expect(() => t.derive((() => null) as never)).toThrowError('a callback gives null')
  expect(() => t.sample(0.5, { by: 'a', seed: 1.5 })).toThrowError('the seed 1.5 is not a whole number')
  expect(t.filter((r) => r.a.isIn(Array.from({ length: 150_000 }, String))).schema).toHaveLength(3)
})

test('a union has the tags of both sides, and a unit that they share', () => {
  const side = (unit: string, ...tags: string[]) =>
    scan({ kind: 'source', name: unit + tags }, { x: 'float64' }).describe({ x: { unit, tags } })
  expect(side('km', 'b').union(side('m', 'a')).schema).toEqual([{ name: 'x', type: 'float64', nullable: true, tags: ['a', 'b'] }]) // biome-ignore format: one line
  expect(side('km').union(side('km', 'a')).schema[0]).toMatchObject({ unit: 'km', tags: ['a'] })
})

test('select takes names: anything else is told, not taken for one', () => {
  const t = scan({ kind: 'source', name: 's' }, { a: 'int64', b: 'string' })
  expect(() => t.select((() => ({})) as never)).toThrow(
    expect.objectContaining({ code: 'PLAN_INVALID', what: expect.stringContaining('takes names of columns') }),
  )
})

test('a duration is compared with a constant one, and types are those that TypeScript says', () => {
  const t = scan({ kind: 'source', name: 's' }, { took: 'duration', i: 'int32', l: 'int64', f: 'float32' })
  const { schema } = t.filter((r) => r.took.gt(hours(1)).or(r.took.between(hours(2), hours(3)))).derive((r) => ({ a: r.i.plus(1), b: r.i.plus(0.5), c: r.f.plus(1), d: r.l.mod(1.5), e: r.l.mod(7) })) // biome-ignore format: one line
  expect(schema.slice(-5).map((f) => f.type)).toEqual(['int64', 'float64', 'float64', 'float64', 'int64'])
})

test('an endpoint that would need more than the request brings is told which verb reads it', () => {
  const t = scan({ kind: 'source', name: 'orders' }, { id: 'int64', took: 'int64', amount: 'int64', city: 'string' })
  const needs =
    (made: { readonly node: Node }, ...outputs: string[]) =>
    () =>
      online(made.node, { entry: 'orders', outputs, input: ['id', 'city'] })
  const told = (why: string, fix: string) =>
    expect.objectContaining({ code: 'PLAN_NEEDS_LABEL', why: expect.stringContaining(why), fix: expect.stringContaining(fix) }) // biome-ignore format: one line
  expect(
    needs(
      t.filter((r) => r.took.lt(1000)),
      'id',
    ),
  ).toThrow(told('it is read by filter (took < 1000)', 'add took'))
  expect(
    needs(
      t.reject((r) => r.amount.lt(0), 'negative'),
      'id',
    ),
  ).toThrow(told("it is read by reject 'negative' (always) where (amount < 0)", "reject with { when: 'training' }"))
  expect(needs(t.derive((r) => ({ late: r.took.gt(30) })), 'late')).toThrow(told('it is read by late = took > 30', 'leave out')) // biome-ignore format: one line
  expect(needs(t, 'took')).toThrow(told('the outputs took depend on it', 'add took'))
})
