import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { parseType, type TypeName } from '../../../plan/types.ts'
import { type JsonOptions, json, jsonConnector } from '../json.ts'
import { snapshotContext } from '../testing/context.ts'
import { anyWrong, isArray, rowsOf } from './layout.ts'
import { lookOver } from './look.ts'
import { isPlain, plainRows, plainWrong } from './plain.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-json-'))
const engine = createDuckdbEngine({ memoryMiB: 512, threads: 2, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})
const { signal } = testContext()
const path = join(folder, 'a.json')

async function layoutOf(content: string, columns: Readonly<Record<string, TypeName>>) {
  writeFileSync(path, content)
  const array = await isArray(path, path)
  const declared = Object.entries(columns).map(([name, type]) => ({ name, type: parseType(type) }))
  return { path, named: path, array, columns: declared, look: await lookOver(path, path, array, signal) }
}

/** What both ways make of a file: its values, or that a record is broken. */
async function both(content: string, columns: Readonly<Record<string, TypeName>>) {
  const layout = await layoutOf(content, columns)
  const values = layout.columns.map((_, i) => `v${i}::VARCHAR AS v${i}`).join(', ')
  return engine.session(testContext(), async (query) => {
    const run = async (rows: string, wrong: string) => {
      const all = await query(`SELECT ${values}, (${wrong}) AS wrong FROM ${rows}`)
      return all.some((r) => r['wrong'] === true) ? 'broken' : all.map(({ wrong: _, ...r }) => r)
    }
    const strict = await run(rowsOf(layout), anyWrong(layout)).catch(() => 'broken' as const)
    const plain = isPlain(layout)
      ? await run(plainRows(layout), plainWrong(layout)).catch(() => 'broken' as const)
      : 'broken'
    return { strict, plain }
  })
}

const TYPES = ['bool', 'int32', 'int64', 'float64', 'float32', 'decimal(18, 3)', 'string', 'bytes', 'date', 'timestamp', 'local timestamp', 'duration', 'int64[]', 'string[]'] as const // biome-ignore format: one line
const TEXTS = ['null', 'true', 'false', '0', '-0', '7', '-7', '1.0', '1.5', '1e2', '1E-3', '-1.5e-300', '1e999', '2147483648', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '18446744073709551615', '18446744073709551616', '123456789012345678901234567890', '0.1234567', 'NaN', '-Infinity', '""', '"a"', '"7"', '"1.5"', '"true"', '"null"', '"a\\u0000b"', '"\\"q\\" \\\\ \\n"', '"서울 👩"', '"2026-01-31"', '"2026-1-31"', '"2026-01-31 18:05:00"', '"2026-01-31T18:05:00+09:00"', '"AQID"', '"A"', '{}', '{"x": [1, 2.50, "b"]}', '[]', '[1, null, -3]', '["a", "b\\n"]', '[1.5]', '[[1]]', '" lead"', '"[x]"', '"{"'] // biome-ignore format: one line

/** Values of each type, as most files have them. */
const USUAL: Readonly<Record<(typeof TYPES)[number], readonly string[]>> = {
  bool: ['true', 'false', 'null'],
  int32: ['0', '7', '-7'],
  int64: ['7', '9223372036854775807', '-9223372036854775808'],
  float64: ['1.5', '1e2', '-1.5e-300', '7'],
  float32: ['1.5', '0.1234567', '7'],
  'decimal(18, 3)': ['1.5', '7', '-7', '"1.5"'],
  string: ['"a"', '""', '"서울 👩"', '"\\"q\\" \\\\ \\n"', '{"x": [1, 2.50, "b"]}'],
  bytes: ['"AQID"', '""'],
  date: ['"2026-01-31"', 'null'],
  timestamp: ['"2026-01-31 18:05:00Z"', 'null'],
  'local timestamp': ['"2026-01-31 18:05:00"', 'null'],
  duration: ['7', '-7'],
  'int64[]': ['[1, null, -3]', '[]'],
  'string[]': ['["a", "b\\n"]', '[]'],
}

describe('what the plain way takes is what the strict way takes', () => {
  test.each(TYPES)('as %s', async (type) => {
    let taken = 0
    for (const text of TEXTS) {
      const { strict, plain } = await both(`{"a": ${text}}\n{"a":null}\n`, { a: type })
      if (plain === 'broken') continue
      expect({ text, plain }).toEqual({ text, plain: strict })
      taken++
    }
    // the ordinary values of the type are taken, so that the plain way is not for nothing
    expect(taken).toBeGreaterThanOrEqual(type === 'bytes' || type === 'bool' ? 3 : 2)
  })

  test('whole files, of lines and arrays, with what is odd in some', async () => {
    const value = fc.oneof(
      fc.constantFrom(...TEXTS),
      fc.integer().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((d) => JSON.stringify(d)),
      fc.string({ unit: 'grapheme' }).map((s) => JSON.stringify(s)),
    )
    const odd = fc.constantFrom('', 'null', '5', '[1]', '{"a": 1} {"a": 2}', '{"a": 1, "a": 2}', '{"a": 1,}', '  ', '{"a"', '\ufeff{"a": 1}') // biome-ignore format: one line
    const columns = fc.record({ a: fc.constantFrom(...TYPES), b: fc.constantFrom(...TYPES), 'c d': fc.constantFrom(...TYPES) }) // biome-ignore format: one line
    const fields = fc.uniqueArray(fc.constantFrom('a', 'b', 'A', 'c d', 'x'), { maxLength: 4 })
    const files = columns.chain((types) => {
      const declared = new Map(Object.entries(types))
      const cell = (name: string) => {
        const type = declared.get(name)
        return type ? fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...USUAL[type]) }, { weight: 1, arbitrary: value }) : value // biome-ignore format: one line
      }
      const row = fields.chain((names) => fc.tuple(...names.map((n) => cell(n).map((v) => `"${n}": ${v}`))).map((f) => `{${f.join(', ')}}`)) // biome-ignore format: one line
      const rows = fc.array(fc.oneof({ weight: 24, arbitrary: row }, { weight: 1, arbitrary: odd }), { minLength: 1, maxLength: 12 }) // biome-ignore format: one line
      return fc.tuple(rows, fc.boolean(), fc.constant(types))
    })
    let taken = 0
    await fc.assert(
      fc.asyncProperty(files, async ([given, array, types]) => {
        const text = array ? `[${given.join(',\n')}]` : `${given.join('\n')}\n`
        if (!array && text.trimStart().startsWith('[')) return
        const { strict, plain } = await both(text, types)
        if (plain === 'broken') return
        taken++
        expect(plain).toEqual(strict)
      }),
      { numRuns: 300 },
    )
    // so many are as most files are that this is not for nothing
    expect(taken).toBeGreaterThan(75)
  }, 120_000)

  test('plain records are taken that way, and are the same', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ id: i, city: `도시 "${i % 7}"`, price: i / 4, ok: i % 2 === 0, at: '2026-01-31 18:05:00', tags: [`t${i}`] })) // biome-ignore format: one line
    const types = { id: 'int64', city: 'string', price: 'decimal(9, 2)', ok: 'bool', at: 'local timestamp', tags: 'string[]' } as const // biome-ignore format: one line
    for (const text of [`${rows.join('\n')}\n`, `[${rows.join(',')}]`]) {
      const { strict, plain } = await both(text, types)
      expect(plain).toHaveLength(5000)
      expect(plain).toEqual(strict)
    }
  })
})

let last = 0
async function read(content: string, columns: Readonly<Record<string, TypeName>>, options: JsonOptions = {}) {
  writeFileSync(path, content)
  const kept = join(folder, String(++last))
  mkdirSync(kept)
  return engine.session(testContext(), async (query) => {
    const got = await jsonConnector.snapshot(json(path, columns, options), path, snapshotContext(query, kept))
    const names = Object.keys(columns).map((n) => `"${n}"::VARCHAR AS "${n}"`)
    const rows = await query(`SELECT ${names.join(', ')} FROM read_parquet('${got.files[0]}')`)
    return rows.map((r) => Object.values(r))
  })
}

test('numbers keep all of their digits as whole numbers and as decimals', async () => {
  const columns = { n: 'int64', d: 'decimal(18, 2)', e: 'decimal(18, 17)' } as const
  const text = '{"n": 9007199254740993, "d": 1234567890123456.78, "e": 0.12345678901234567}\n{"n": -9223372036854775808, "d": -0.01, "e": 0.30000000000000001}\n' // biome-ignore format: one line
  const rows = [
    ['9007199254740993', '1234567890123456.78', '0.12345678901234567'],
    ['-9223372036854775808', '-0.01', '0.30000000000000001'],
  ]
  expect(await read(text, columns)).toEqual(rows)
  expect(await read(`[${text.trim().split('\n').join(',')}]`, columns)).toEqual(rows)
  // where it can't be told which number it is, nothing is made up
  const twice = '{"x": {"d": 1234567890123456.71}, "d": 1234567890123456.78, "n": 1, "e": 0.5}'
  await expect(read(twice, columns)).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
})

test('values that lie too deep in each other are refused; as deep as is allowed they are read', async () => {
  const deep = (n: number) => `{"a": ${'['.repeat(n)}${']'.repeat(n)}}`
  expect((await read(deep(999), { a: 'string' }))[0]?.[0]).toHaveLength(1998)
  const refused = { code: 'SOURCE_BROKEN', why: expect.stringContaining('1,000') }
  for (const n of [1000, 2_000_000]) {
    await expect(read(`{"a": "x"}\n${deep(n)}`, { a: 'string' })).rejects.toMatchObject({ ...refused, details: { line: 2 } }) // biome-ignore format: one line
    await expect(read(`[${deep(n)}]`, { a: 'string' })).rejects.toMatchObject(refused)
    const ctx = { ...snapshotContext(async () => [], folder), temp: async () => join(folder, 'look') }
    await expect(jsonConnector.discover(path, 10, ctx)).rejects.toMatchObject(refused)
  }
})

test('records within another value are found by the keys that lead to them', async () => {
  const items = '[{"id": 1, "t": "]}\\""}, {"id": 2, "t": {"items": [9]}}]'
  const wrapped = `{"meta": {"items": [{"id": 7}], "data": 3}, "x": [{"data": {"items": [8]}}], "d\\u0061ta": {"n": {"items": 1}, "items": ${items}, "more": 1}}`
  const rows = [
    ['1', ']}"'],
    ['2', '{"items":[9]}'],
  ]
  const types = { id: 'int64', t: 'string' } as const
  expect(await read(wrapped, types, { at: 'data.items' })).toEqual(rows)
  expect(await read(wrapped, types, { at: '/data/items' })).toEqual(rows)
  expect(await read(`{"a.b": ${items}}`, types, { at: '/a.b' })).toEqual(rows)
  const many = `{"rows": [${Array.from({ length: 200_000 }, (_, i) => `{"id": ${i}, "t": "${i} [\\"]"}`).join(',')}]}`
  expect((await read(many, types, { at: 'rows' })).length).toBe(200_000)
  const refused = async (text: string, at: string, why: string) =>
    expect(read(text, types, { at })).rejects.toMatchObject({ code: 'SOURCE_BROKEN', why: expect.stringContaining(why) }) // biome-ignore format: one line
  await refused(wrapped, 'data.item', 'n, items, more')
  await refused(wrapped, 'data.n', 'an object is there')
  await refused('[1]', 'data', 'an array itself')
  await refused('{"data": [{"id": 1}', 'data', 'does not end')
  expect(() => json(path, types, { at: '' })).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
  writeFileSync(path, wrapped)
  const temp = async () => join(folder, `look-${++last}`)
  const found = await engine.session(testContext(), (query) =>
    jsonConnector.discover(path, 10, { ...snapshotContext(query, folder), temp, options: { at: 'data.items' } }),
  )
  expect(found.columns.map((c) => c.name)).toEqual(['id', 't'])
})
