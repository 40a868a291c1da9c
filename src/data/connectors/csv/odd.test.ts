import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { afterAll, describe, expect, test } from 'vitest'
import { collect, testContext } from '../../../engines/conformance/compare.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import { build } from '../../../plan/nodes.ts'
import type { TypeName } from '../../../plan/types.ts'
import { type CsvOptions, csv, csvConnector } from '../csv.ts'
import { snapshotContext } from '../testing/context.ts'
import { csvReader } from './testing.ts'

const { folder, engine, close } = csvReader()
afterAll(close)
let last = 0

async function load(
  content: string | Uint8Array,
  columns: Record<string, TypeName>,
  options: CsvOptions & { readonly inPlace?: boolean; readonly name?: string } = {},
) {
  const { inPlace = true, name = 'odd.csv', ...own } = options
  const path = join(folder, name)
  writeFileSync(path, content)
  const kept = join(folder, String(++last))
  mkdirSync(kept)
  const got = await engine.session(testContext(), (query) =>
    csvConnector.snapshot(csv(path, columns, own), path, snapshotContext(query, kept, { inPlace })),
  )
  const from = got.from ?? ({ kind: 'parquet', files: got.files } as const)
  return { ...got, values: await collect(engine, build({ op: 'scan', from, schema: got.schema })) }
}
const ways = [true, false]

describe('headers that readers disagree on', () => {
  const odd: [what: string, text: string, columns: Record<string, TypeName>, rows: unknown[][]][] = [
    [
      'a line end of its own kind in a cell',
      '\uFEFFid,"amount\n(KRW)"\r\n1,10\r\n2,20\r\n',
      { id: 'int64', 'amount\n(KRW)': 'int64' },
      [
        [1n, 10n],
        [2n, 20n],
      ],
    ],
    ['the other way round', 'id,"a\r\nb"\n1,10\n2,20\n', { id: 'int64' }, [[1n], [2n]]],
    [
      'blank lines of another kind before it',
      '\na,b\r\n1,x\r\n2,y\r\n',
      { a: 'int64', b: 'string' },
      [
        [1n, 'x'],
        [2n, 'y'],
      ],
    ],
    ['and yet another', '\r\ra,b\n1,x\n', { a: 'int64', b: 'string' }, [[1n, 'x']]],
    [
      'a quote after a byte order mark',
      '\uFEFF"h\nx",a,b\nq,1,x\nq,2,y\n',
      { a: 'int64', b: 'string' },
      [
        [1n, 'x'],
        [2n, 'y'],
      ],
    ],
    ['a quote and no more', '\uFEFF"h",a\n1,2\n', { h: 'int64', a: 'int64' }, [[1n, 2n]]],
  ]
  test.each(odd)('%s', async (_, text, columns, rows) => {
    for (const inPlace of ways)
      expect(await load(text, columns, { inPlace })).toMatchObject({ rows: rows.length, values: rows })
  })
  test('a broken row below is named by its line in the file', async () => {
    const text = '\uFEFF\n\nid,"amount\n(KRW)"\n1,10\nx,20\n'
    await expect(load(text, { id: 'int64' })).rejects.toMatchObject({ details: { lines: [6] } })
  })
})

describe('texts of many lines', () => {
  test.each(ways)('long ones; in place: %s', async (inPlace) => {
    const texts = Array.from({ length: 221 }, (_, i) =>
      Array.from({ length: 50 + 20 * i }, (_, j) => `line ${j} of document ${i}`).join('\n'),
    )
    const got = await load(`text\n${texts.map((t) => `"${t}"`).join('\n')}\n`, { text: 'string' }, { inPlace })
    expect([got.rows, got.values.length]).toEqual([221, 221])
    expect(got.values.map(([t]) => t)).toEqual(texts)
  })
  test.each(ways)('mails; in place: %s', async (inPlace) => {
    const body =
      'Dear Ms Kim,\nthank you, and please find attached, as agreed, the file\nregards,\nLee\n\nPS: call, if needed\n'
    const rows = 90_000
    const text = `subject,body\n${Array.from({ length: rows }, (_, i) => `subject ${i},"${body}"\n`).join('')}`
    const got = await load(text, { subject: 'string', body: 'string' }, { inPlace })
    expect([got.rows, got.values.length, got.values[rows - 1]]).toEqual([rows, rows, [`subject ${rows - 1}`, body]])
  })
})

test('what is broken is kept, wherever quotes stand', async () => {
  const cases: [text: string, options: CsvOptions, rejected: number][] = [
    ['a||b\n1||x|"y\n2||z\nq||w|"\n3||v\n', { delimiter: '||' }, 1],
    ['a,b\n  " ""4,w\n\n2,y "1,"\n', {}, 2],
    ['a,b\n1,x "y\nq,"z\n2,w\n', {}, 2],
  ]
  for (const [text, options, most] of cases) {
    const got = await load(text, { a: 'int64', b: 'string' }, { ...options, broken: 'skip' }).catch(
      (error: unknown) => error as { code: string },
    )
    if ('code' in got) expect(got.code).toBe('SOURCE_BROKEN')
    else {
      const count = Object.values(got.rejected).reduce((a, b) => a + b, 0)
      const kept =
        got.quarantine &&
        (await engine.session(testContext(), (q) => q(`FROM read_parquet(${file(got.quarantine ?? '')})`)))
      expect([count <= most, kept?.length ?? 0]).toEqual([true, count])
    }
  }
})

test('names say nothing of how a file is packed', async () => {
  for (const name of ['plain.csv.gz', 'plain.csv.zst'])
    for (const inPlace of ways) expect((await load('a\n1\n', { a: 'int64' }, { name, inPlace })).values).toEqual([[1n]])
  expect((await load(gzipSync('a\n1\n'), { a: 'int64' })).values).toEqual([[1n]])
})

describe('options', () => {
  test.each(['"', 'abcde', '\n', '', '\0', '김치'])('no delimiter: %j', (delimiter) =>
    expect(load('a,b\n1,2\n', { a: 'int64' }, { delimiter })).rejects.toMatchObject({
      code: 'RECIPE_INVALID',
      why: expect.any(String),
    }),
  )
  test.each([
    { broken: 'Skip' },
    { mostBroken: 3 },
    { broken: 'skip', mostBroken: 'abc' },
    { broken: 'skip', mostBroken: -1 },
  ])('%j', (options) => {
    expect(() => csv('a.csv', { a: 'int64' }, options as CsvOptions)).toThrow(
      expect.objectContaining({ code: 'RECIPE_INVALID', fix: expect.any(String) }),
    )
  })
})

describe('encodings', () => {
  test('bad bytes are told, however UTF-8 is spelt', async () => {
    const bad = Buffer.from('a,b\n1,\xc1\xd6\n', 'latin1')
    for (const encoding of ['utf_8', 'UTF8', 'utf-8'])
      await expect(load(bad, { a: 'int64', b: 'string' }, { encoding })).rejects.toMatchObject({
        code: 'SOURCE_BROKEN',
      })
  })
  test('pairs across parts of a file, lone halves by their line, and an odd byte', async () => {
    for (const encoding of ['utf-16be', 'utf-16le']) {
      for (let n = 32_758; n < 32_768; n++) {
        const text = `a,b\n1,${'x'.repeat(n - 7)}😀\n2,y\n`
        const got = await load(iconv.encode(text, encoding, { addBOM: true }), { a: 'int64' }, { encoding })
        expect(got.values).toEqual([[1n], [2n]])
      }
      const lone = iconv.encode(`a,b\n${'1,x\n'.repeat(50)}2,#\n`, encoding, { addBOM: true })
      const at = lone.lastIndexOf(encoding === 'utf-16le' ? Buffer.from('#\0') : Buffer.from('\0#'))
      lone.set(encoding === 'utf-16le' ? [0, 0xd8] : [0xd8, 0], at)
      await expect(load(lone, { a: 'int64' })).rejects.toMatchObject({ why: expect.stringContaining('line 52 ') })
      const odd = Buffer.concat([iconv.encode('a\n1\n', encoding, { addBOM: true }), Buffer.from([0x31])])
      await expect(load(odd, { a: 'int64' })).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
    }
  })
  test.each([40_000, 400_000])('Korean that begins late: after %d lines', async (lines) => {
    const text = `a,b\n${'1,x\n'.repeat(lines)}2,똠방각하와 김치찌개\n`
    const got = await load(iconv.encode(text, 'cp949'), { a: 'int64', b: 'string' })
    expect([got.encoding, got.values.length, got.values.at(-1)]).toEqual([
      'CP949',
      lines + 1,
      [2n, '똠방각하와 김치찌개'],
    ])
  })
})
