import { expect, test } from 'vitest'
import { count, lag, over, rowNumber, rows, sum } from '../aggregates.ts'
import { constant, greatest, listOf, structOf } from '../columns/combine.ts'
import { hours } from '../durations.ts'
import { printPlan } from '../print.ts'
import { scan } from '../table.ts'

const t = scan(
  { kind: 'source', name: 'sales' },
  {
    id: 'int64',
    shop: 'string',
    kind: 'string',
    day: 'date',
    at: 'local timestamp',
    price: 'decimal(9, 2)',
    a: 'float64',
    b: 'float64',
    tags: 'string[]',
    place: { lat: 'float64', name: 'string' },
  },
)
const types = (schema: typeof t.schema) => Object.fromEntries(schema.map((f) => [f.name, f.type]))

test('window, pivot, unpivot, unnest, split, sample build what they say', () => {
  const w = t.window({ by: 'shop', order: ['day', { by: 'price', descending: true }] }, (r) => ({
    n: rowNumber(),
    before: lag(r.price),
    week: over(sum(r.price), rows(-6)),
    all: over(count()),
  }))
  expect(types(w.schema)).toMatchObject({
    n: 'int64',
    before: { decimal: [9, 2] },
    week: { decimal: [18, 2] },
    all: 'int64',
  })
  const p = t.pivot(['shop'], { key: 'kind', values: ['food', 'drink'] }, (r) => sum(r.price))
  expect(p.schema.map((f) => f.name)).toEqual(['shop', 'food', 'drink'])
  const u = t.unpivot(['a', 'b'], { name: 'which', value: 'reading' })
  expect(types(u.schema)).toMatchObject({ which: 'string', reading: 'float64' })
  expect(types(t.unnest('tags', { position: 'nth' }).schema)).toMatchObject({ tags: 'string', nth: 'int64' })
  expect(types(t.split({ train: 0.8, test: 0.2 }, { by: ['id', 'shop'] }).schema)).toMatchObject({ part: 'string' })
  expect(printPlan(t.sample(0.5, { by: 'id' }).node)).toContain('< 2147483648')
  expect(() => t.split({ train: 0.8, test: 0.1 }, { by: 'id' })).toThrowError('add up to 1')
  expect(() => t.window({ by: 'shop' }, () => ({ n: rowNumber() }))).toThrowError('needs an order')
  expect(() => t.unpivot(['a', 'shop'], { name: 'n', value: 'v' })).toThrowError("'a' is a float64, 'shop' a string")
})

test('columns have the methods of their types', () => {
  const d = t.derive((r) => ({
    total: r.price.times(3).plus('0.50'),
    rounded: r.price.round(1),
    whole: r.price.cast('int64').orNull(),
    code: r.shop.extract('(\\d+)', 1).cast('int64', { onError: 'null' }),
    first: r.tags.at(0).upper(),
    many: r.tags.length().gt(2).and(r.tags.contains('new')),
    north: r.place.field('lat').gt(37),
    label: r.place.field('name').concat(' · ', r.shop),
    utc: r.at.toInstant('Asia/Seoul'),
    week: r.day.truncate('week').addDays(1),
    since: r.at.since('2001-01-01').micros(),
    best: greatest(r.a, r.b).plus(1),
    pair: listOf(r.a, r.b).at(-1).isNaN(),
    made: structOf({ x: r.a, s: r.shop }).field('s').lower(),
    fixed: r.shop.concat(constant('x', 'string')),
    bad: r.kind.jsonNumber('$.size').fails(),
    later: r.at.plus(hours(1)),
  }))
  expect(types(d.schema)).toMatchObject({
    total: { decimal: [18, 2] },
    rounded: { decimal: [18, 1] },
    first: 'string',
    north: 'bool',
    utc: 'timestamp',
    week: 'date',
    since: 'int64',
    best: 'float64',
    made: 'string',
  })
})

test('notes are kept by rule', () => {
  const noted = t.describe({ price: { unit: 'KRW', description: 'what was paid' }, shop: { tags: ['personal'] } })
  const out = noted
    .derive((r) => ({ both: r.price.plus(r.price), ratio: r.price.div(r.a), who: r.shop.upper() }))
    .aggregate(['shop'], (r) => ({
      paid: sum(r.both),
      n: count(),
      most: over(count()).gives === 'int64' ? count(r.who) : count(),
    }))
  const field = (name: string) => out.schema.find((f) => f.name === name)
  expect(field('shop')?.tags).toEqual(['personal'])
  expect(field('paid')?.unit).toBe('KRW')
  expect(field('n')?.unit).toBeUndefined()
  expect(noted.schema.find((f) => f.name === 'price')?.description).toBe('what was paid')
})

test('a pivot takes the values of its key as texts, whatever the type of the key', () => {
  const t = scan({ kind: 'source', name: 's' }, { day: 'date', ok: 'bool', n: 'int64', f: 'float64', d: 'decimal(5, 2)', v: 'int64' }) // biome-ignore format: one line
  const literals = (key: 'day' | 'ok' | 'n' | 'f' | 'd', values: readonly string[]) => {
    const { node } = t.pivot([], { key, values }, (r) => sum(r.v))
    return [...JSON.stringify(node).matchAll(/"op":"col","name":"[a-z]+"},{"op":"lit","value":([^,]+),"type":("[a-z0-9]+"|{[^}]+})/g)].map((m) => m[1]) // biome-ignore format: one line
  }
  expect(literals('day', ['1970-01-02', '0050-01-01'])).toEqual(['1', '-701265'])
  expect(literals('ok', ['true', 'false'])).toEqual(['true', 'false'])
  expect(literals('n', ['9007199254740993', '-1'])).toEqual(['"9007199254740993"', '"-1"'])
  expect(literals('f', ['1.5', '-0.25'])).toEqual(['1.5', '-0.25'])
  expect(literals('d', ['1.50'])).toEqual(['"1.50"'])
  for (const [key, text] of [['day', 'monday'], ['ok', 'yes'], ['n', 'x'], ['f', ' ']] as const) // biome-ignore format: one line
    expect(() => literals(key, [text])).toThrow(text)
})

test('a split and a sample keep what is said of columns, and a part has the tags of its key', () => {
  const noted = t.describe({
    id: { tags: ['personal'] },
    price: { unit: 'KRW', description: 'what was paid', tags: ['money'] },
  })
  const said = (schema: typeof t.schema, name: string) => {
    const { unit, description, tags } = schema.find((f) => f.name === name) ?? {}
    return { unit, description, tags }
  }
  const paid = { unit: 'KRW', description: 'what was paid', tags: ['money'] }
  const parts = noted.split({ train: 0.8, test: 0.2 }, { by: 'id' })
  for (const { schema } of [noted.sample(0.5, { by: 'id' }), parts, parts.filter((r) => r.part.eq('test'))]) {
    expect(said(schema, 'price')).toEqual(paid)
    expect(said(schema, 'id').tags).toEqual(['personal'])
  }
  // which part a row is in follows from its key
  expect(said(parts.schema, 'part')).toEqual({ unit: undefined, description: undefined, tags: ['personal'] })
  expect(said(noted.split({ a: 0.5, b: 0.5 }, { by: ['day', 'id'] }).schema, 'part').tags).toEqual(['personal']) // biome-ignore format: one line
  expect(said(noted.split({ a: 1 }, { by: 'shop' }).schema, 'part').tags).toBeUndefined()
  // a decimal has no hash: what is told is about the split, not about how it is made
  expect(() => noted.split({ a: 1 }, { by: 'price' as never })).toThrow("split goes by integers, text or times, and 'price' is a decimal(9, 2)") // biome-ignore format: one line
})
