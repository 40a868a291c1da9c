import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { collect, testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import type { Condition } from '../../../plan/conditions.ts'
import { build } from '../../../plan/nodes.ts'
import type { Wanted } from '../connector.ts'
import { type HttpOptions, http, httpConnector } from '../http.ts'
import { snapshotContext } from '../testing/context.ts'
import { askedOf } from './push.ts'
import { testWeb } from './testing.ts'

const web = await testWeb()
const folder = mkdtempSync(join(tmpdir(), 'galley-http-push-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  await web.close()
  rmSync(folder, { recursive: true, force: true })
})

const COLUMNS = { id: 'int64', state: 'string', price: 'decimal(9, 2)', at: 'timestamp', wall: 'local timestamp', day: 'date', ok: 'bool', x: 'float64' } as const // biome-ignore format: one line
type Column = keyof typeof COLUMNS
const URL_ = 'https://example.test/orders'
const spec = (push: NonNullable<HttpOptions<Column>['push']>) => http(URL_, COLUMNS, { push })
const asked = (
  push: NonNullable<HttpOptions<Column>['push']>,
  where: readonly Condition[],
  columns: readonly Column[] = ['id', 'state'], // biome-ignore format: one line
) => askedOf(spec(push), { columns, where })
const is = (column: Column, how: 'eq' | 'lt' | 'le' | 'gt' | 'ge' | 'ne', value: unknown): Condition =>
  ({ column, is: how, value, type: COLUMNS[column] === 'decimal(9, 2)' ? { decimal: [9, 2] } : COLUMNS[column] }) as unknown as Condition // biome-ignore format: one line

test('columns and conditions become parameters; what no parameter takes stays here', () => {
  const push = { columns: 'fields', where: { since: ['>=', 'at'], until: ['<', 'at', 'seconds'], state: ['=', 'state'], ok: ['=', 'ok'], after: ['>', 'id'] } } as const // biome-ignore format: one line
  const at = (iso: string) => String(Date.parse(iso) * 1000)
  const found = asked(push, [
    is('at', 'ge', at('2026-01-02T03:04:05Z')),
    is('at', 'lt', String(BigInt(at('2026-02-01T00:00:00Z')) + 1n)),
    is('state', 'eq', 'new & old'),
    is('ok', 'eq', true),
    is('id', 'ge', '7'), // one that is 7 would be left out
    is('state', 'ne', 'gone'),
    { column: 'state', is: 'not null' },
    is('x', 'gt', 1.5),
  ])
  expect(found).toEqual({
    query: {
      fields: 'id,state',
      since: '2026-01-02T03:04:05Z',
      until: '1769904001',
      state: 'new & old',
      ok: 'true',
    },
    columns: ['id', 'state'],
    says: ['2 of 8 columns', 'at >= 2026-01-02T03:04:05Z', 'at < 1769904001', 'state = new & old', 'ok = true'],
  })
  expect(asked(push, [is('id', 'gt', '7')]).query).toMatchObject({ after: '7' })
  expect(asked({ where: { p: ['<=', 'price'], d: ['>=', 'day'], w: ['>=', 'wall', 'date'] } }, [is('price', 'lt', '12.50'), is('day', 'gt', 20000), is('wall', 'gt', at('2026-01-02T03:04:05Z'))]).query).toEqual({ p: '12.50', d: '2024-10-04', w: '2026-01-02' }) // biome-ignore format: one line
  // all columns, or nothing known of what is needed
  expect(asked({ columns: 'f' }, [], Object.keys(COLUMNS) as Column[])).toEqual({ query: {}, says: [] })
  expect(askedOf(spec(push), undefined)).toEqual({ query: {}, says: [] })
  expect(asked({ columns: 'f' }, [], []).query).toEqual({ f: 'id' })
})

test('a bound that is rounded to what a parameter tells leaves no row out', () => {
  const forms = ['iso', 'date', 'seconds', 'milliseconds'] as const
  const micros = fc.bigInt({ min: -(10n ** 16n), max: 10n ** 17n })
  const read = (text: string, as: (typeof forms)[number]): bigint => {
    if (as === 'seconds') return BigInt(text) * 1_000_000n
    if (as === 'milliseconds') return BigInt(text) * 1000n
    const [, fraction = ''] = /\.(\d{6})Z?$/.exec(text) ?? []
    const ms = Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text.replace(/\.\d+/, ''))
    return BigInt(ms) * 1000n + BigInt(fraction || 0)
  }
  fc.assert(
    fc.property(micros, fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.constantFrom(...forms), fc.constantFrom('>=', '>', '<=', '<', '='), fc.constantFrom('ge', 'gt', 'le', 'lt', 'eq'), (bound, off, as, sign, how) => {
      const text = asked({ where: { p: [sign as '>=', 'at', as] } }, [is('at', how as 'ge', String(bound))]).query['p']
      if (text === undefined) return
      const [row, told] = [bound + off, read(text, as)]
      const compare = (a: bigint, s: string, b: bigint) => s === '>=' || s === 'ge' ? a >= b : s === '>' || s === 'gt' ? a > b : s === '<=' || s === 'le' ? a <= b : s === '<' || s === 'lt' ? a < b : a === b
      for (const own of [row, bound, bound - 1n, bound + 1n]) if (compare(own, how, bound)) expect(compare(own, sign, told)).toBe(true)
    }),
    { numRuns: 2000 },
  ) // biome-ignore format: one line
})

test.each<[string, object, HttpOptions, string]>([
  ['a column that is none', { where: { a: ['>=', 'idd'] } }, {}, "did you mean 'id'?"],
  ['a sign that is none', { where: { a: ['=>', 'id'] } }, {}, 'say =, >=, >, <=, <'],
  ['an order of texts', { where: { a: ['>', 'state'] } }, {}, 'say ='],
  ['a float', { where: { a: ['>=', 'x'] } }, {}, 'name a whole number'],
  ['a wall clock as seconds', { where: { a: ['>=', 'wall', 'seconds'] } }, {}, 'say iso, date'],
  ['a number as a date', { where: { a: ['>=', 'id', 'date'] } }, {}, 'leave it out'],
  ['a parameter that query says', { where: { a: ['>=', 'id'] } }, { query: { a: 1 } }, 'say it once'],
  ['a parameter that pages say', { columns: 'p' }, { pages: { page: 'p' } }, 'say it once'],
  ['a parameter twice', { columns: 'a', where: { a: ['>=', 'id'] } }, {}, 'say it once'],
])('%s is refused where it is written', (_, push, options, fix) => {
  const made = () => http(URL_, COLUMNS, { ...options, push } as HttpOptions<Column>)
  expect(made).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', fix: expect.stringContaining(fix) }))
})

test('rows that come are held to the declared columns, whether the server listens or not; pages carry what is asked', async () => {
  const all = Array.from({ length: 30 }, (_, i) => ({ id: i, state: i % 2 === 0 ? 'new' : 'old', more: i * 10 }))
  let last = 0
  const load = async (listens: boolean, wanted: Wanted, format: 'pages' | 'parquet') => {
    web.asked.length = 0
    web.answers.set('/rows', (request, response) => {
      const q = new URL(request.url ?? '/', web.origin).searchParams
      const least = listens ? Number(q.get('from') ?? 0) : 0
      const fields = (listens ? q.get('fields')?.split(',') : undefined) ?? ['id', 'state', 'more']
      const rows = all.filter((r) => r.id >= least).map((r) => Object.fromEntries(fields.map((f) => [f, r[f as 'id']])))
      const page = Number(q.get('p') ?? 1)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(rows.slice((page - 1) * 10, page * 10)))
    }) // biome-ignore format: one line
    const columns = { id: 'int64', state: 'string', more: 'int64' } as const
    const push = { columns: 'fields', where: { from: ['>=', 'id'] } } as const
    const own = http(`${web.origin}/${format === 'pages' ? 'rows' : 'rows.parquet'}`, columns, format === 'pages' ? { pages: { page: 'p' }, push } : { push }) // biome-ignore format: one line
    const kept = join(folder, `kept-${++last}`)
    mkdirSync(kept)
    return engine.session(testContext(), async (query) => {
      if (format === 'parquet') {
        const path = join(folder, 'some.parquet')
        await query(`COPY (SELECT i AS id, 'new' AS state FROM range(5, 9) t(i)) TO '${path}' (FORMAT parquet)`)
        web.files.set('/rows.parquet?fields=id%2Cstate&from=5', (await import('node:fs')).readFileSync(path))
      }
      const got = await httpConnector.snapshot(own, own.path, {
        ...snapshotContext(query, kept, testContext()),
        wanted,
      })
      const { files, schema } = got
      return { ...got, values: await collect(engine, build({ op: 'scan', from: { kind: 'parquet', files }, schema })) }
    })
  }
  const wanted: Wanted = { columns: ['id', 'state'], where: [{ column: 'id', is: 'gt', value: '20', type: 'int64' }] }
  const less = await load(true, wanted, 'pages')
  expect(web.asked[0]).toBe('/rows?fields=id%2Cstate&from=20&p=1')
  expect(less).toMatchObject({ rows: 10, pushed: ['2 of 3 columns', 'id >= 20'] })
  expect(less.values[0]).toEqual([20n, 'new', null])
  const more = await load(false, wanted, 'pages')
  expect(more.rows).toBe(30)
  const fits = (rows: readonly (readonly unknown[])[]) => rows.filter(([id]) => (id as bigint) > 20n)
  expect(fits(more.values)).toEqual(fits(less.values))
  const five: Wanted = { ...wanted, where: [{ column: 'id', is: 'ge', value: '5', type: 'int64' }] }
  expect((await load(true, five, 'parquet')).values).toEqual([5n, 6n, 7n, 8n].map((id) => [id, 'new', null]))
})
