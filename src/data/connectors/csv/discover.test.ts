import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { afterAll, expect, test } from 'vitest'
import { resolveSecret } from '../../../base/secrets.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import { type CsvOptions, csvConnector } from '../csv.ts'
import { kindOf } from '../index.ts'
import { parquet, parquetConnector } from '../parquet.ts'
import { csvReader } from './testing.ts'

const { folder, engine, read, close } = csvReader()
afterAll(close)
const path = join(folder, 'found.csv')
let files = 0
const signal = new AbortController().signal

const discover = (content: string | Uint8Array, rows = 1000, options: CsvOptions = {}) => {
  writeFileSync(path, content)
  return engine.session(testContext(), (query) =>
    csvConnector.discover(path, rows, {
      signal,
      secret: resolveSecret,
      query,
      options: { ...options },
      temp: async () => join(folder, `temp-${++files}`),
    }),
  )
}
const types = (found: Awaited<ReturnType<typeof discover>>) =>
  Object.fromEntries(found.columns.map((c) => [c.name, c.type]))

test('types, and what speaks for them', async () => {
  const text = `주문;id;code;price;at;when;ok;note;won;none;half
1;7;007;1.5;2026-01-01 10:00;2026-01-01T00:00:00Z;true;a;1,234;;3
2;-8;010;2;2026-01-02 11:00:05;2026-01-01 09:00+09:00;False;b;56;;n/a
3;9;120;;2026-01-03T00:00:00;;TRUE;;7,000,000.5;;4
`
  const found = await discover(iconv.encode(text, 'cp949'))
  expect(types(found)).toEqual({
    ...{ 주문: 'int64', id: 'int64', code: 'string', price: 'float64', at: 'local timestamp', when: 'timestamp' },
    ...{ ok: 'bool', note: 'string', won: 'string', none: 'string', half: 'string' },
  })
  expect(found).toMatchObject({ rows: 3, whole: true, broken: 0, options: { delimiter: ';', encoding: 'cp949' } })
  const because = Object.fromEntries(found.columns.map((c) => [c.name, c.evidence]))
  expect(because).toMatchObject({
    code: 'all 3 values are whole numbers, some with zeros before, as "007"',
    price: 'all 2 values are numbers',
    won: 'all 3 values are numbers, some with commas between thousands, as "1,234"',
    none: 'no value to tell a type from',
    half: '2 of 3 values are whole numbers; not "n/a"',
  })
  expect(found.columns.find((c) => c.name === 'price')).toMatchObject({ values: 2, missing: 1, examples: ['1.5', '2'] })
})

test('examples and evidence are those that come first, in their order', async () => {
  const numbers = Array.from({ length: 150_000 }, (_, i) => `${(i * 7919) % 100},${i}`).join('\n')
  const found = await discover(`n,o\nx1,1\n05,2\n${numbers}\nx2,\n06,y\n`, 1_000_000)
  expect(found.columns[0]).toMatchObject({ examples: ['x1', '05', '0'], evidence: expect.stringContaining('not "x1"') })
  expect(found.columns[1]?.examples).toEqual(['1', '2', '0'])
})

test('the first rows, or all; what can not be taken apart is counted; names that are no one column are left out', async () => {
  const text = `a,,b,b,c\n${'1,2,3,4,5\n'.repeat(10)}1,2\nx,2,3,4,5\n`
  expect(await discover(text, 10)).toMatchObject({ rows: 10, whole: false })
  const all = await discover(text, 100)
  expect(all).toMatchObject({ rows: 11, whole: true, broken: 1 })
  expect(types(all)).toEqual({ a: 'string', c: 'int64' })
  expect(await discover('a,b\n')).toMatchObject({ rows: 0, whole: true })
  expect(await discover('a,b\n1,2\n2,"x\n3,4\n')).toMatchObject({ rows: 1, whole: true, broken: 2 })
})

test('what is found can be loaded', async () => {
  const cell = fc.oneof(
    fc.constantFrom(
      '',
      '1',
      '-5',
      '007',
      '1.5',
      '1e5',
      'true',
      'x',
      '2026-01-31',
      '2026-01-31 10:00',
      '2026-01-31T10:00:00Z',
      '9223372036854775808',
      'inf',
      '김치',
      '"',
      ',',
    ),
    fc.double().map(String),
  )
  const column = fc.oneof(
    fc.array(cell, { minLength: 4, maxLength: 4 }),
    cell.map((c) => [c, c, '', c]),
  )
  await fc.assert(
    fc.asyncProperty(column, column, async (a, b) => {
      const quoted = (v: string) => (/[",]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v)
      const text = `a,b\n${a.map((v, i) => `${quoted(v)},${quoted(b[i] ?? '')}`).join('\n')}\n`
      const found = await discover(text)
      expect((await read(text, types(found))).rows).toBe(4)
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('Parquet says its own types, and they can be read', async () => {
  const target = join(folder, 'all.parquet')
  const ctx = testContext()
  await engine.session(ctx, async (query) => {
    await query(
      `COPY (SELECT 1::TINYINT AS a, 2::BIGINT AS b, 3::FLOAT AS c, 4::DOUBLE AS d, TRUE AS e, 'x' AS f, DATE '2026-01-01' AS g, TIMESTAMP '2026-01-01' AS h,
      TIMESTAMPTZ '2026-01-01 00:00:00+00' AS i, 1.5::DECIMAL(9, 2) AS j, [1::BIGINT, 2] AS k, NULL::INTEGER AS l, 'y'::BLOB AS m) TO ${file(target)} (FORMAT parquet)`,
    )
    const found = await parquetConnector.discover(target, 10, {
      signal,
      secret: resolveSecret,
      query,
      temp: async () => '',
    })
    expect(found).toMatchObject({ rows: 1, whole: true })
    const spec = parquet(target, Object.fromEntries(found.columns.map((c) => [c.name, c.type])))
    const about = { scope: ctx.scope, signal, progress: () => {}, secret: resolveSecret, query, keep: async () => '' }
    expect((await parquetConnector.snapshot(spec, target, about)).rows).toBe(1)
    expect(found.columns.map((c) => c.type)).toContain('decimal(9, 2)')
  })
  expect(await kindOf(target)).toBe('parquet')
  await expect(kindOf(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'SOURCE_MISSING' })
})

test('thousands of columns are looked at in pieces: each by its own values', async () => {
  const places = Array.from({ length: 3200 }, (_, i) => i)
  const row = (cell: (i: number) => string) => places.map(cell).join(',')
  const cells = row((i) => (i % 2 === 0 ? `${i}` : i % 3 === 0 ? '' : `x${i}`))
  const found = await discover(`${row((i) => `c${i}`)}\n${cells}\n${cells}\nshort\n${row(() => '')}\n`)
  expect(found).toMatchObject({ rows: 3, broken: 1, whole: true })
  expect(found.columns.map((c) => c.name)).toEqual(places.map((i) => `c${i}`))
  expect(found.columns[3198]).toMatchObject({ type: 'int64', values: 2, missing: 1, examples: ['3198'] })
  expect(found.columns[1603]).toMatchObject({ type: 'string', values: 2, examples: ['x1603'] })
  expect(found.columns[3003]).toMatchObject({ type: 'string', values: 0, missing: 3 })
})

test('more columns than can be looked at are refused at once, and one of them can be read', async () => {
  const wide = (n: number) => `${Array.from({ length: n }, (_, i) => `c${i}`).join(',')}\n${'0,'.repeat(n - 1)}0\n`
  const refused = async (n: number) => discover(wide(n)).then(() => '', (e: unknown) => String(e)) // biome-ignore format: one line
  expect(await refused(10_001)).toContain('it has 10,001 columns')
  // names of more than a MiB, as ten million columns have
  expect(await refused(200_000)).toMatch(/longer than 1 MiB: 1\d\d,\d\d\d columns/)
  expect((await read(wide(10_001), { c9: 'int64' })).rows).toBe(1)
})
