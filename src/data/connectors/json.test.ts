import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { collect, testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { file } from '../../engines/duckdb/sql/names.ts'
import { build } from '../../plan/nodes.ts'
import type { TypeName } from '../../plan/types.ts'
import { type JsonOptions, json, jsonConnector } from './json.ts'
import { snapshotContext } from './testing/context.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-json-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})
let last = 0

async function read(
  content: string | Uint8Array,
  columns: Record<string, TypeName>,
  options: JsonOptions = {},
  name = 'a.json',
) {
  const path = join(folder, name)
  writeFileSync(path, content)
  const kept = join(folder, String(++last))
  mkdirSync(kept)
  const got = await engine.session(testContext(), (query) =>
    jsonConnector.snapshot(json(path, columns, options), path, snapshotContext(query, kept)),
  )
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: got.files }, schema: got.schema })
  return { ...got, values: await collect(engine, scan) }
}
const lines = (...values: string[]) => `${values.map((v) => `{"a": ${v}}`).join('\n')}\n`

describe('values are what JSON says', () => {
  const good: [type: TypeName, text: string, value: unknown][] = [
    ['int64', '-9223372036854775808', -(2n ** 63n)],
    ['float64', '7', 7],
    ['float64', '-1.5e-300', -1.5e-300],
    ['decimal(6, 2)', '12.5', 1250n],
    ['decimal(6, 2)', '"-0.05"', -5n],
    ['string', '"a\\u0000b \\ud83d\\ude00"', 'a\0b 😀'],
    ['string', '{"x":[1, 2]}', '{"x":[1,2]}'],
    ['bytes', '"AQID"', Buffer.from([1, 2, 3])],
    ['duration', '1500000', 1500000n],
    ['timestamp', '"2026-01-01T00:00:00+09:00"', 1767193200000000n],
    ['int64[]', '[1, null, -3]', [1n, null, -3n]],
    ['string[]', '[]', []],
    ['date[]', '["1970-01-02"]', [1]],
    ['bool', 'null', null],
  ]
  test.each(good)('%j %s', async (type, text, value) => {
    expect((await read(lines(text), { a: type })).values).toEqual([[value]])
    expect((await read(`[{"a": ${text}}, {"b": 1}]`, { a: type })).values).toEqual([[value], [null]])
  })

  const bad: [type: TypeName, texts: string[]][] = [
    ['int64', ['1.5', '1.0', '"1"', 'true', '9223372036854775808', '1e2', '{}']],
    ['int32', ['2147483648']],
    ['float64', ['"1"', '1e999', 'false']],
    ['decimal(4, 2)', ['1.005', '100', '"1e1"']],
    ['bool', ['1', '"true"']],
    ['string', ['1', 'true']],
    ['date', ['20260101', '"2026-1-1"', '"2026-02-30"']],
    ['bytes', ['"a b"']],
    ['int64[]', ['1', '[1, "2"]', '[1.5]', '[[1]]']],
  ]
  test.each(bad)('not a %j: %j', async (type, texts) => {
    for (const text of texts) {
      await expect(read(lines('null', text), { a: type })).rejects.toMatchObject({
        code: 'SOURCE_BROKEN',
        what: expect.stringContaining('line 2 of'),
        why: expect.stringMatching(/^column 'a' is .*, which is not of type/),
      })
    }
    const skipped = await read(lines(...texts, 'null'), { a: type }, { broken: 'skip' })
    expect([skipped.values, Object.values(skipped.rejected)]).toEqual([[[null]], [texts.length]])
  })

  test('objects are not taken apart', () =>
    expect(read('{"a": {"x": 1}}', { a: { x: 'int64' } })).rejects.toMatchObject({ code: 'SOURCE_SCHEMA' }))
})

test('of an odd value the record is told, and the type is that of the others: what is proposed can be read but for that record', async () => {
  const path = join(folder, 'odd.jsonl')
  const record = (i: number) =>
    `{"n": ${i === 60 ? '"a lot"' : i === 70 ? 1.5 : i}, "day": "${i === 70 ? 'soon' : '2026-01-01'}", "b": ${i === 60 ? 7 : i % 2 === 0}, "id": ${i === 9 ? '18446744073709551615' : i}, "x": ${i === 60 ? '"1e999"' : i === 80 ? '1e999' : 0.5}, "t": ${i > 2 ? '"a"' : '{}'}}`
  writeFileSync(path, Array.from({ length: 100 }, (_, i) => record(i + 1)).join('\n'))
  const found = await engine.session(testContext(), (query) =>
    jsonConnector.discover(path, 1000, { ...snapshotContext(query, folder), temp: async () => join(folder, 'temp') }),
  )
  expect(found).toMatchObject({ rows: 100, broken: 3 })
  const stops = "a run stops there, or sets it aside (broken: 'skip')"
  expect(found.columns.map((c) => [c.name, c.type, c.evidence])).toEqual([
    ['n', 'float64', `99 of 100 values are numbers, but record 60 has "a lot" (a text): ${stops}`],
    ['day', 'string', 'all 100 values are texts; 99 of 100 are a date, but record 70 has "soon" (a text)'],
    ['b', 'bool', `99 of 100 values are true or false, but record 60 has "7": ${stops}`],
    ['id', 'int64', `99 of 100 values are whole numbers, but record 9 has "18446744073709551615" (more than an int64 holds): ${stops}`],
    ['x', 'float64', `98 of 100 values are numbers, but record 60 has "1e999" (a text), and 1 more such: ${stops}`],
    ['t', 'string', 'objects or arrays among them: kept as their JSON'],
  ]) // biome-ignore format: one line each
  const columns = Object.fromEntries(found.columns.map((c) => [c.name, c.type]))
  const got = await engine.session(testContext(), (query) =>
    jsonConnector.snapshot(json(path, columns, { broken: 'skip' }), path, snapshotContext(query, folder)),
  )
  expect(got.rows).toBe(97)
})

test('what is no record is told by its line, and kept with its reason', async () => {
  const text = '\uFEFF\n\n{"a": 1}\r\n  \nnot json\n[1]\n{"a": "x"}\n{"a": 2'
  await expect(read(text, { a: 'int64' })).rejects.toMatchObject({
    what: expect.stringMatching(/line 5 of .*, and 3 more/),
    why: 'not json, which is no JSON',
  })
  const got = await read(text, { a: 'int64' }, { broken: 'skip' })
  expect(got.values).toEqual([[1n]])
  expect(got.rejected).toEqual({
    'broken record (is no JSON)': 2,
    'broken record (is no object)': 1,
    'broken record (is not of type int64)': 1,
  })
  const kept = await engine.session(testContext(), (query) =>
    query(`SELECT reason, "column", value, "row" FROM read_parquet(${file(got.quarantine ?? '')})`),
  )
  expect(kept).toEqual([
    { reason: 'is no JSON', column: null, value: null, row: 'not json' },
    { reason: 'is no object', column: null, value: null, row: '[1]' },
    { reason: 'is not of type int64', column: 'a', value: '"x"', row: '{"a": "x"}' },
    { reason: 'is no JSON', column: null, value: null, row: '{"a": 2' },
  ])
  await expect(read(text, { a: 'int64' }, { broken: 'skip', mostBroken: 3 })).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
  })
})

test('arrays: a record that is no object, and an array that does not end', async () => {
  await expect(read('[{"a": 1}, 5]', { a: 'int64' })).rejects.toMatchObject({
    what: expect.stringContaining('record 2 of'),
  })
  await expect(read('[{"a": 1}, {"a"', { a: 'int64' })).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
    fix: expect.any(String),
  })
  for (const cut of ['[{"a": 1},\n', '[{"a": 1}', '['])
    await expect(read(cut, { a: 'int64' })).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
      why: 'its array does not end',
    })
  expect((await read('[]', { a: 'int64' })).rows).toBe(0)
})

test('when every record is broken nothing is left out', () =>
  expect(read(lines('"x"', '"y"'), { a: 'int64' }, { broken: 'skip' })).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
  }))

test('packed, in another encoding, with a key that nobody has', async () => {
  expect((await read(gzipSync('{"a": "김치"}\n'), { a: 'string' })).values).toEqual([['김치']])
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('[{"a": "김치"}]', 'utf16le')])
  expect(await read(utf16, { a: 'string' })).toMatchObject({ encoding: 'UTF-16LE', values: [['김치']] })
  await expect(read('{"amount": 1}', { amont: 'int64' })).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' })
  expect((await read('{"a": null}\n{"b": 1}', { a: 'int64' })).rows).toBe(2)
})

test('lines that end in CRLF, blank ones among them', async () => {
  const text = '{"a": 1}\r\n\r\n{"a": 2}\r\n\r\n\r\nx\r\n'
  await expect(read(text, { a: 'int64' })).rejects.toMatchObject({ what: expect.stringContaining('line 6 of') })
  expect((await read(text, { a: 'int64' }, { broken: 'skip' })).values).toEqual([[1n], [2n]])
})

test('a name says nothing of how a file is packed', async () => {
  for (const name of ['plain.json.gz', 'plain.json.zst'])
    for (const text of ['{"a": 1}\n', '[{"a": 1}]'])
      expect((await read(text, { a: 'int64' }, {}, name)).values).toEqual([[1n]])
})

test('a record that has a declared key more than once is broken: which value is meant is open', async () => {
  const columns = { a: 'int64', b: 'string' } as const
  const text =
    '{"a": 1, "b": "x"}\n{"a": 2, "b": "y", "a": 3}\n{"a": 4, "c": 1, "c": 2}\n{"b": "z", "\\u0061": 5, "a": 5}\n'
  await expect(read(text, columns)).rejects.toMatchObject({
    ...{ code: 'SOURCE_BROKEN', what: expect.stringContaining('line 2 of') },
    why: expect.stringContaining("has the key 'a' more than once"),
  })
  for (const content of [text, `[${text.trim().replaceAll('\n', ',')}]`]) {
    const found = await read(content, columns, { broken: 'skip' })
    expect(found.values).toEqual([
      [1n, 'x'],
      [4n, null],
    ])
    expect(found.rejected).toEqual({ "broken record (has the key 'a' more than once)": 2 })
  }
})
