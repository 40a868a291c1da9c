import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { secret } from '../../base/secrets.ts'
import { testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { checkSource } from './check.ts'
import type { SourceSpec } from './connector.ts'
import { csv } from './csv.ts'
import { folder } from './folder.ts'
import { json } from './json.ts'
import { postgres } from './postgres.ts'

const place = mkdtempSync(join(tmpdir(), 'galley-check-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(place, 'duckdb') })
afterAll(async () => {
  await engine.close()
  rmSync(place, { recursive: true, force: true })
})
const temp = join(place, 'temp')
mkdirSync(temp)
mkdirSync(join(place, 'in'))

/** Lines that begin with a mark each: sound, to be looked at, not to be read. */
async function checked(spec: SourceSpec): Promise<string[]> {
  const at = testContext()
  const found = await engine.session(at, (query) => checkSource(spec, place, { query, temp, signal: at.signal }))
  expect(readdirSync(temp)).toEqual([])
  return found.map((f) => `${f.ok ? (f.warning ? '!' : '✔') : '✖'} ${f.name}: ${f.says}`)
}

const COLUMNS = { id: 'int64', day: 'date' } as const
writeFileSync(join(place, 'some.csv'), `id,day\n${Array.from({ length: 98 }, (_, i) => `${i},2026-01-01\n`).join('')}x,2026-01-01\n7,never\n`) // biome-ignore format: one line
writeFileSync(join(place, 'some.jsonl'), '{"id": 1, "day": "2026-01-01"}\n{"id": "x"}\n{"id": 2}\nno JSON\n')
writeFileSync(join(place, 'in', 'a.csv'), 'id,day\n1,2026-01-01\nx,2026-01-01\n')

test('broken rows that the recipe allows are told with their counts; what stops the load is no warning', async () => {
  const allowed = await checked(csv('some.csv', COLUMNS, { broken: 'skip', mostBroken: '5%' }))
  expect(allowed.filter((f) => f.startsWith('✖'))).toEqual([])
  expect(allowed.at(-1)).toBe('! readable: 2 of 100 rows are set aside, as the recipe allows: broken line (a value of another type) 2') // biome-ignore format: one line
  expect(allowed.filter((f) => f.startsWith('! columns')).length).toBe(2)
  const beyond = await checked(csv('some.csv', COLUMNS, { broken: 'skip', mostBroken: '1%' }))
  expect(beyond.at(-1)).toMatch(/^✖ readable: 2 of 100 rows .* more than mostBroken: "1%" allows/)
  const none = await checked(csv('some.csv', COLUMNS))
  expect(none.at(-1)).toMatch(/^✖ readable: /)
  const lines = await checked(json('some.jsonl', COLUMNS, { broken: 'skip' }))
  expect(lines.at(-1)).toMatch(/^! readable: 2 of 4 rows are set aside/)
  expect(lines.filter((f) => f.startsWith('✖'))).toEqual([])
})

test('of a folder the first file is read as its options say', async () => {
  const spec = folder('in/*.csv', csv, COLUMNS, { broken: 'skip', settle: 0 })
  expect((await checked(spec)).at(-1)).toMatch(/^! readable: 1 of 2 rows of the first part are set aside/)
  expect((await checked(folder('in/*.csv', csv, COLUMNS, { settle: 0 }))).at(-1)).toMatch(/^✖/)
})

test('a column that only later rows have is no reason to stop', async () => {
  const rows = Array.from({ length: 1100 }, (_, i) => (i < 1050 ? `{"id": ${i}}` : `{"id": ${i}, "day": "2026-01-01"}`))
  writeFileSync(join(place, 'late.jsonl'), rows.join('\n'))
  expect(await checked(json('late.jsonl', COLUMNS))).toEqual([
    '✔ reachable: the first 1,000 rows were looked at',
    expect.stringMatching(/^✔ columns: 'id'/),
    "! columns: there is no 'day'; there are id",
    '✔ readable: all 1,100 rows can be read as declared',
  ])
  const missing = await checked(json('late.jsonl', { id: 'int64', dya: 'date' }))
  expect(missing.at(-1)).toMatch(/^✖ columns: there is no column 'dya'/)
})

test('text takes any cell of a CSV, but no number of JSON', async () => {
  const said = (found: string[]) => found.filter((f) => f.includes(' columns: ') || f.startsWith('✖'))
  writeFileSync(join(place, 'codes.csv'), 'code\n7\n')
  writeFileSync(join(place, 'codes.jsonl'), '{"code": 7, "day": "2026-01-01"}\n{"code": 8, "day": "2026-01-02"}\n')
  expect(said(await checked(csv('codes.csv', { code: 'string' })))).toEqual(["✔ columns: 'code' is declared string: all 1 values are whole numbers"]) // biome-ignore format: one line
  expect(said(await checked(json('codes.jsonl', { code: 'string', day: 'string' })))).toEqual([
    "✖ columns: 'code' is declared string: all 2 values are whole numbers",
    "✔ columns: 'day' is declared string: all 2 texts are times",
    expect.stringMatching(/^✖ readable: line 1 of .* column 'code' is 7, which is not of type string/),
  ])
  expect(said(await checked(json('codes.jsonl', { code: 'int64', day: 'timestamp' }))).at(-1)).toMatch(/^✖ readable: line 1 of .* column 'day'/) // biome-ignore format: one line
  expect(said(await checked(json('codes.jsonl', { code: 'bool' }))).at(-1)).toMatch(/^✖ readable: /)
})

test('a secret that is not set is told as credentials, with what to set', async () => {
  const spec = postgres('orders', { id: 'int64' }, { connection: secret('NOWHERE_SET') })
  expect(await checked(spec)).toEqual([expect.stringMatching(/^✖ credentials: there is no secret 'NOWHERE_SET'; .*GALLEY_SECRET_NOWHERE_SET/)]) // biome-ignore format: one line
})
