import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { resolveSecret } from '../../base/secrets.ts'
import { collect, testContext } from '../../engines/conformance/compare.ts'
import { file, text } from '../../engines/duckdb/sql/names.ts'
import { build, type From } from '../../plan/nodes.ts'
import type { TypeName } from '../../plan/types.ts'
import type { ConnectorContext } from './connector.ts'
import { csvReader } from './csv/testing.ts'
import { csv, csvConnector } from './csv.ts'
import { parquet, parquetConnector } from './parquet.ts'
import { snapshotContext } from './testing/context.ts'

const { folder, engine, read, close } = csvReader()
afterAll(close)

const readParquet = (files: readonly string[]) => `read_parquet(${file(files[0] ?? '')}, hive_partitioning = false)`

const AB = { a: 'int64', b: 'string' } as const
const X = [
  { a: '1', b: 'x' },
  { a: '2', b: 'y' },
]

describe('the file of that very name', () => {
  test.each(['sales[12].csv', 'sa*.csv', 'sale?1.csv', "it's.csv", '판매 #1%20.csv', 'year=2001/a.csv'])(
    '%s',
    async (name) => {
      const [own, other] = [join(folder, name), join(folder, 'sales1.csv')]
      mkdirSync(dirname(own), { recursive: true })
      writeFileSync(other, 'a,b,year\n99,other,1999\n')
      writeFileSync(own, 'a,b,year\n1,x,1998\n')
      await engine.session(testContext(), async (query) => {
        const about = snapshotContext(query, folder)
        const columns = { a: 'int64', year: 'int64' } as const
        const { files } = await csvConnector.snapshot(csv(own, columns), own, about)
        expect(await query(`SELECT * FROM ${readParquet(files)}`)).toEqual([{ a: '1', year: '1998' }])
        const parquetFile = own.replace('.csv', '.parquet')
        await query(`COPY (SELECT 1::BIGINT AS a, 1998::BIGINT AS year) TO ${text(parquetFile)} (FORMAT parquet)`)
        await query(
          `COPY (SELECT 2::BIGINT AS a, 1999::BIGINT AS year) TO ${text(other.replace('.csv', '.parquet'))} (FORMAT parquet)`,
        )
        const snapshot = await parquetConnector.snapshot(parquet(parquetFile, columns), parquetFile, about)
        expect(snapshot.rows).toBe(1)
        const scan = build({ op: 'scan', from: { kind: 'parquet', files: snapshot.files }, schema: snapshot.schema })
        expect(await collect(engine, scan)).toEqual([[1n, 1998n]])
      })
    },
  )
})

test('a header line of any length is read in time, or refused', async () => {
  const wide = Array.from({ length: 50_000 }, (_, i) => `c${i}`)
  const began = performance.now()
  const text = `${wide.join(',')}\n${wide.map((_, i) => i).join(',')}\n`
  expect((await read(text, { c7: 'string' })).values).toEqual([{ c7: '7' }])
  await expect(read(`${'x'.repeat(2_000_000)}\n1\n`, { x: 'string' })).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
    why: expect.stringContaining('longer than 1 MiB'),
  })
  expect(performance.now() - began).toBeLessThan(20_000)
  await expect(read('a,b\n1,x\n', AB, { delimiter: '' })).rejects.toMatchObject({ code: 'RECIPE_INVALID' })
})

describe('values are read as they stand there, or not at all', () => {
  const good: [type: TypeName, text: string, value: unknown][] = [
    ['int64', '+7', '7'],
    ['int64', '-9223372036854775808', '-9223372036854775808'],
    ['int32', '007', 7],
    ['float64', '-1.5e3', -1500],
    ['float64', '.5', 0.5],
    ['float64', '-Infinity', '-Infinity'],
    ['float32', '3.4028235e38', 3.4028234663852886e38],
    ['decimal(5, 2)', '1.500', '1.50'],
    ['bool', 'true', true],
    ['bool', 'False', false],
    ['date', '2026-01-31', '2026-01-31'],
    ['local timestamp', '2026-01-01T10:30', '2026-01-01 10:30:00'],
    ['local timestamp', '2026-01-01 10:30:05.123456', '2026-01-01 10:30:05.123456'],
    ['timestamp', '2026-01-01T00:00:00Z', '2026-01-01 00:00:00'],
    ['timestamp', '2026-01-01 00:00Z', '2026-01-01 00:00:00'],
    ['timestamp', '2026-01-01 00:00:00+09:00', '2025-12-31 15:00:00'],
    ['timestamp', '2026-01-01T00:00:00.5-03:30', '2026-01-01 03:30:00.5'],
    ['string', ' NA ', ' NA '],
    ['int64', '', null],
  ]
  test.each(good)('%s %j', async (type, text, value) => {
    expect((await read(`a,b\n"${text}",x\n`, { a: type })).values).toEqual([{ a: value }])
  })

  const bad: [type: TypeName, texts: string[]][] = [
    ['int64', ['1.5', '0.4', '1.0', '0x10', '1e2', '1_000', '1,000', ' 1', '-', 'NULL', '9223372036854775808']],
    ['int32', ['2147483648']],
    ['float64', ['1e999', '0x1', '1_0', '.', '1e', '--5', '1.2.3', '1,5', '1'.repeat(400)]],
    ['float32', ['1e300']],
    ['decimal(5, 2)', ['1.005', '99999', '1e2']],
    ['bool', ['yes', 't', '1']],
    ['date', ['2026-1-1', '2026-01-01 05:00:00', '2026-02-30', '0000-01-01', 'infinity', 'epoch']],
    ['local timestamp', ['2026-01-01 00:00:00+09:00', '2026-01-01T00:00:00Z', '2026-01-01', 'infinity', 'epoch']],
    ['local timestamp', ['2026-01-01 24:00:00', '2026-01-01 23:59:60', '01/02/2026']],
    ['timestamp', ['2026-01-01 00:00:00', '2026-01-01 00:00:00ZZ', '2026-01-01 00:00:00+25:00', 'infinity', 'epoch']],
  ]
  test.each(bad)('not a %s: %j', async (type, texts) => {
    for (const text of texts) {
      const error = await read(`a,b\n,x\n"${text}",y\n`, { a: type }).catch((e: unknown) => e)
      expect(error).toMatchObject({
        code: 'SOURCE_BROKEN',
        what: expect.stringContaining('line 3 of'),
        why: `column 'a' is ${JSON.stringify(text.slice(0, 120))}, which is not of type ${type}`,
        details: { lines: [3], count: 1, column: 'a' },
      })
    }
    const skipped = await read(`a,b\n${texts.map((t) => `"${t}",x\n`).join('')},y\n`, { a: type }, { broken: 'skip' })
    expect([skipped.values, skipped.rejected]).toEqual([
      [{ a: null }],
      { 'broken line (a value of another type)': texts.length },
    ])
  })

  test('a column that holds more than one value is declared as text', () =>
    expect(read('a\n[1]\n', { a: 'int64[]' })).rejects.toMatchObject({ code: 'SOURCE_SCHEMA' }))
})

describe('in place', () => {
  const columns = { a: 'int64', b: 'string' } as const
  const about = (query: ConnectorContext['query'], inPlace: boolean): ConnectorContext => {
    const { scope, signal } = testContext()
    return {
      scope,
      signal,
      progress: () => {},
      secret: resolveSecret,
      query,
      inPlace,
      keep: async (n) => join(folder, n),
    }
  }
  const path = join(folder, "it's [1].csv")
  const snapshot = (text: string, inPlace = true) => {
    writeFileSync(path, text)
    return engine.session(testContext(), (query) =>
      csvConnector.snapshot(csv(path, columns), path, about(query, inPlace)),
    )
  }

  test('a file of plain values is scanned where it lies, with its own places', async () => {
    const { from, files, rows } = await snapshot('x,b,,a\n,"y, z",,1\n,,,-2\n')
    expect([files, rows]).toEqual([[path], 2])
    const schema = [{ name: 'a', type: 'int64', nullable: true }] as const
    const scan = build({ op: 'scan', from: from as From, schema })
    expect(await collect(engine, scan)).toEqual([[1n], [-2n]])
    const whole = build({
      op: 'scan',
      from: from as From,
      schema: [{ name: 'b', type: 'string', nullable: true }, ...schema],
    })
    expect(await collect(engine, whole)).toEqual([
      ['y, z', 1n],
      [null, -2n],
    ])
    const lost = build({ op: 'scan', from: { ...(from as From & { kind: 'csv' }), places: [] }, schema })
    await expect(collect(engine, lost)).rejects.toMatchObject({ code: 'PLAN_INVALID' })
  })

  test('one that is read often, or holds other spellings, is copied', async () => {
    expect((await snapshot('a,b\n1,x\n', false)).from).toBeUndefined()
    for (const text of ['a,b\n+1,x\n', 'a,b\n1,x\n\n2,y\n']) {
      const { from, rows, files } = await snapshot(text)
      expect([from, rows > 0]).toEqual([undefined, true])
      expect(files).not.toEqual([path])
    }
    await expect(snapshot('a,b\n1,x\nz,y\n')).rejects.toMatchObject({ code: 'SOURCE_BROKEN', details: { lines: [3] } })
  })
})

test('a broken row is named by its line in the file, whatever stands before it', async () => {
  const text = '\n\na,b\n1,"x\ny"\n\n3,"p ""\nq\nr"\n4,w\nx4,w\n5\n6,"a"b\n7,x\n'
  const error = await read(text, AB).catch((e: unknown) => e)
  expect(error).toMatchObject({
    what: expect.stringMatching(/line 11 of .*, and 2 more/),
    details: { lines: [11, 12, 13] },
  })
  const { values, rejected } = await read(text, AB, { broken: 'skip' })
  expect(values.map((v) => v['a'])).toEqual(['1', '3', '4', '7'])
  expect(Object.values(rejected)).toEqual([1, 1, 1])
})

describe('headers', () => {
  const works: [what: string, text: string][] = [
    ['an index without a name', ',a,b\n0,1,x\n1,2,y\n'],
    ['a trailing comma', 'a,b,\n1,x,\n2,y,\n'],
    ['empty cells', 'a,,,b\n1,7,7,x\n2,8,8,y\n'],
    ['a name that differs in case only', 'A,a,b\n7,1,x\n8,2,y\n'],
    ['columns of one name that nobody asks for', 'a,c,c,b\n1,7,7,x\n2,8,8,y\n'],
    ['blank lines first', '\n\na,b\n1,x\n2,y\n'],
    ['a byte order mark', '\uFEFFa,b\n1,x\n2,y\n'],
    ['CRLF', 'a,b\r\n1,x\r\n2,y\r\n'],
    ['CR', 'a,b\r1,x\r2,y\r'],
    ['quotes and a line end', '"a","c\nd","b"\n1,7,x\n2,8,y\n'],
    ['spaces', ' a , b \n1,x\n2,y\n'],
    ['another delimiter than the one in a quoted name', 'a;b;"c,d,e,f"\n1;x;2\n2;y;3\n'],
  ]
  test.each(works)('%s', async (_, text) => expect((await read(text, AB)).values).toEqual(X))

  const fails: [what: string, text: string, code: string, says: string][] = [
    ['a declared column twice', 'a,a,b\n1,7,x\n', 'SOURCE_SCHEMA', 'cells 1 and 2'],
    ['CRLF before lines of LF', 'a,b\r\n1,x\n2,y\n', 'SOURCE_BROKEN', 'ends in CRLF, the lines after it in LF'],
    ['line ends that change later', 'a,b\n1,x\n2,y\r\n3,z\n', 'SOURCE_BROKEN', 'CRLF and LF'],
    ['nothing but a line end', '\n', 'SOURCE_BROKEN', 'no header line'],
    ['a quote that stays open', '"a,b\n1,x\n', 'SOURCE_BROKEN', 'never closed'],
    ['a column that is not there', 'A,b\n1,x\n', 'PLAN_UNKNOWN_COLUMN', "'A', 'b'"],
  ]
  test.each(fails)('%s', async (_, text, code, says) => {
    const error = await read(text, AB).catch((e: unknown) => e)
    expect(error).toMatchObject({ code, why: expect.stringContaining(says), fix: expect.any(String) })
  })
})
