import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { collect, testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { readCsv } from '../../../engines/duckdb/sql/csv.ts'
import { sqlType } from '../../../engines/duckdb/sql/names.ts'
import { build, type From } from '../../../plan/nodes.ts'
import { parseType, type TypeName } from '../../../plan/types.ts'
import { readHeader } from './header.ts'
import { type Survey, survey } from './survey.ts'
import { sqlValue } from './values.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-survey-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})
const { signal } = new AbortController()
const path = join(folder, 'a.csv')

const TYPES = [
  'int64',
  'int32',
  'float64',
  'float32',
  'decimal(6, 2)',
  'bool',
  'date',
  'local timestamp',
  'timestamp',
  'string',
] as const satisfies TypeName[]
type Of = (typeof TYPES)[number]

/** The plain way of each type, as a pattern; days are looked up in a calendar. */
const PLAIN: Readonly<Record<Of, RegExp>> = {
  int64: /^-?\d{1,18}$/,
  int32: /^-?\d{1,9}$/,
  float64: /^-?(?=.{1,37}$)\d+(\.\d+)?$/,
  float32: /^-?(?=.{1,37}$)\d+(\.\d+)?$/,
  'decimal(6, 2)': /^-?\d{1,4}(\.\d{1,2})?$/,
  bool: /^(true|false)$/i,
  date: /^\d{4}-\d\d-\d\d$/,
  'local timestamp': /^\d{4}-\d\d-\d\d[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/,
  timestamp: /^\d{4}-\d\d-\d\d[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z$/,
  string: /^/,
}
const isDay = (text: string) =>
  !text.startsWith('0000') && new Date(`${text.slice(0, 10)}T00:00:00Z`).toJSON()?.slice(0, 10) === text.slice(0, 10)
const isPlain = (text: string, type: Of) =>
  text === '' || (PLAIN[type].test(text) && (!/date|timestamp/.test(type) || isDay(text)))

const digits = (most: number) => fc.stringMatching(new RegExp(`^-?\\d{1,${most}}$`))
const day = fc.stringMatching(/^(19|20|00)\d\d-[01]\d-[0-3]\d$/)
const clock = fc.stringMatching(/^[0-2]\d:[0-5]\d:[0-6]\d(\.\d{1,7})?$/)
const cell: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: digits(8) },
  digits(20),
  fc.stringMatching(/^-?\d{0,5}\.\d{0,4}$/),
  fc.double({ noNaN: true }).map(String),
  fc.constantFrom(
    '',
    'true',
    'FALSE',
    'tRue',
    'truth',
    't',
    '-',
    '.',
    '1e5',
    '0x1F',
    '+1',
    ' 1',
    '1 ',
    '-0',
    '007',
    '1_0',
    'inf',
    'NULL',
  ),
  day,
  fc.tuple(day, fc.constantFrom(' ', 'T', 't'), clock, fc.constantFrom('', 'Z', '+09:00', 'z')).map((p) => p.join('')),
  fc.constantFrom(
    '2024-02-29',
    '2023-02-29',
    '1900-02-29',
    '2000-02-29',
    '2024-04-31 00:00:00',
    '2024-12-31T23:59:59.999999Z',
  ),
  fc.constantFrom('김치', '👩‍🍳', 'a b', 'x'.repeat(40)),
)

async function look(text: string | Uint8Array, types: readonly TypeName[]): Promise<Survey | undefined> {
  writeFileSync(path, text)
  const columns = types.map((type, place) => ({ type: parseType(type), place }))
  return survey(path, await readHeader(path, ','), columns, signal)
}
const HEADER = TYPES.map((_, i) => `c${i}`).join(',')

describe('plain values', () => {
  test('are those of the patterns, and DuckDB reads them as the strict casts do', async () => {
    const rows = fc.array(fc.tuple(...TYPES.map(() => cell)), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), async (values, quoted) => {
        const written = (v: string) => (quoted && v !== '' ? `"${v}"` : v)
        const found = await look(`${HEADER}\n${values.map((r) => r.map(written).join(',')).join('\n')}\n`, TYPES)
        const plain = TYPES.map((type, i) => values.every((r) => isPlain(r[i] ?? '', type)))
        expect(found).toEqual({ rows: values.length, plain, lines: { end: '\n', folded: false } })
      }),
      { numRuns: 500 },
    )
    for (const [place, type] of TYPES.entries())
      await fc.assert(
        fc.asyncProperty(fc.array(cell, { minLength: 40, maxLength: 40 }), async (cells) => {
          const values = ['', ...cells.filter((c) => isPlain(c, type))]
          writeFileSync(
            path,
            `${HEADER}\n${values.map((v) => TYPES.map((_, i) => (i === place ? v : 'x')).join(',')).join('\n')}\n`,
          )
          const layout = { file: path, delimiter: ',', blank: 0, cells: TYPES.length }
          const from: From = { kind: 'csv', ...layout, lineEnd: '\n', parallel: true, places: [['v', place]] }
          const got = await collect(
            engine,
            build({ op: 'scan', from, schema: [{ name: 'v', type: parseType(type), nullable: true }] }),
          )
          const strict = sqlValue(`c${place}`, parseType(type))
          const ctx = testContext()
          const [row] = await engine.session(ctx, (query) =>
            query(
              `SELECT count(*) AS n, count(*) FILTER (s IS DISTINCT FROM v) AS wrong FROM (SELECT (${strict})::VARCHAR AS s FROM ${readCsv(layout, new Map())}) POSITIONAL JOIN (SELECT c${place}::VARCHAR AS v FROM ${readCsv(layout, new Map([[place, sqlType(parseType(type))]]))})`,
            ),
          )
          expect([got.length, Number(row?.['n']), Number(row?.['wrong'])]).toEqual([values.length, values.length, 0])
        }),
        { numRuns: 12 },
      )
  }, 60_000)
})
describe('records', () => {
  const AB = ['int64', 'string'] as const
  const sound: [what: string, text: string, rows: number][] = [
    ['no records', 'a,b\n', 0],
    ['no records and no line end', 'a,b', 0],
    ['no line end at the end', 'a,b\n1,x', 1],
    ['CRLF', 'a,b\r\n1,x\r\n2,y\r\n', 2],
    ['quotes, delimiters and line ends in quotes', 'a,b\n1,"x, ""y""\nz"\n"2",""\n', 2],
    ['a quote at the very end', 'a,b\n1,"x"', 1],
    ['a byte order mark and blank lines first', '\uFEFF\n\na,b\n1,x\n', 1],
    ['empty cells', 'a,b\n,\n,\n', 2],
  ]
  test.each(sound)('%s', async (_, text, rows) => {
    const lines = { end: text.includes('\r') ? '\r\n' : '\n', folded: text.includes('\nz') }
    expect(await look(text, AB)).toEqual({ rows, plain: [true, true], lines })
  })

  const broken: [what: string, text: string | Uint8Array][] = [
    ['a cell too few', 'a,b\n1\n'],
    ['a cell too many', 'a,b\n1,x,\n'],
    ['a cell too few at the end', 'a,b\n1,x\n2'],
    ['a blank line', 'a,b\n1,x\n\n2,y\n'],
    ['a blank line at the end', 'a,b\n1,x\n\n'],
    ['mixed line ends', 'a,b\n0,w\n1,x\r\n2,y\n'],
    ['a lone CR', 'a,b\n0,w\n1,x\ry\n'],
    ['a CR at the end', 'a,b\n0,w\n1,x\r'],
    ['a quote in a cell', 'a,b\n1,x"y\n'],
    ['a space before a quote', 'a,b\n1, "x"\n'],
    ['something after a quote', 'a,b\n1,"x"y\n'],
    ['a quote that stays open', 'a,b\n1,"x\n2,y\n'],
    ['NUL', 'a,b\n1,x\0\n'],
    ['NUL in quotes', 'a,b\n1,"x\0"\n'],
    [
      'no UTF-8',
      Buffer.concat([Buffer.from(`a,b\n${'1,x\n'.repeat(300_000)}1,`), Buffer.from([0xc1, 0xd6]), Buffer.from('\n')]),
    ],
    ['a record of more than a MiB', `a,b\n1,${'x'.repeat(1 << 20)}\n`],
  ]
  test.each(broken)('%s', async (_, text) => expect(await look(text, AB)).toBeUndefined())

  test('an empty cell in quotes is plain in a text alone', async () => {
    expect(await look('a,b\n"",""\n', AB)).toMatchObject({ rows: 1, plain: [false, true] })
  })

  test('wherever a buffer or a part of the file ends', async () => {
    // records of many lengths, with line ends within quotes, so that every cut falls somewhere else
    const record = (i: number) => `${i},"${'y\n'.repeat(i % 37)}""${'김'.repeat(i % 11)}"\n`
    const some = Array.from({ length: 50_000 }, (_, i) => record(i)).join('')
    expect(Buffer.byteLength(some)).toBeGreaterThan(2 << 20)
    expect(await look(`a,b\n${some}`, AB)).toMatchObject({ rows: 50_000, plain: [true, true], lines: { folded: true } })
    const many = some.repeat(Math.ceil((110 << 20) / Buffer.byteLength(some)))
    const rows = 50_000 * (many.length / some.length)
    expect(await look(`a,b\n${many}`, AB)).toMatchObject({ rows, plain: [true, true] })
    // nothing but line ends within quotes about the middle: the second part begins within a cell
    const half = many.slice(0, many.length >> 1).replace(/\n[^\n]*$/, '\n')
    const lines = half.slice(0, half.lastIndexOf('"\n') + 2)
    const cut = `a,b\n${lines}7,"${'\n'.repeat(900_000)}"\n${lines}`
    const found = await look(cut, AB)
    expect(found?.plain).toEqual([true, true])
    expect(await look(`${cut}8,x"\n`, AB)).toBeUndefined()
  }, 60_000)

  test('can be cancelled', async () => {
    writeFileSync(path, `a,b\n${'1,x\n'.repeat(10_000_000)}`)
    const stop = new AbortController()
    const header = await readHeader(path, ',')
    const pending = survey(path, header, [{ type: 'int64', place: 0 }], stop.signal)
    setTimeout(() => stop.abort(), 5)
    await expect(pending).rejects.toThrow()
  })
})
