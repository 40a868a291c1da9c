import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testContext } from '../../../engines/conformance/compare.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import { csv, csvConnector } from '../csv.ts'
import { snapshotContext } from '../testing/context.ts'
import { csvReader } from './testing.ts'

const { engine, folder, read, close } = csvReader()
afterAll(close)
const AB = { a: 'int64', b: 'string' } as const
const rowsOf = (path: string | undefined) =>
  engine.session(testContext(), (query) => query(`SELECT * FROM read_parquet(${file(path ?? '')})`))

test('broken rows are kept with their lines, reasons and texts', async () => {
  const text = '\r\na,b\r\n1,"x\r\ny"\r\nz,"1 ""2"" 3\r\n4"\r\n3,w,v\r\n+-4,김치\r\n5,v\r\n'
  const { rows, rejected, quarantine } = await read(text, AB, { broken: 'skip' })
  expect([rows, rejected]).toEqual([
    2,
    { 'broken line (a value of another type)': 2, 'broken line (too many cells)': 1 },
  ])
  const kept = await rowsOf(quarantine)
  expect(new Set(kept.map((r) => r['header']))).toEqual(new Set(['{"delimiter":",","cells":["a","b"]}']))
  expect(kept.map(({ reason: _, header: __, ...r }) => r)).toEqual([
    { line: '5', column: 'a', value: 'z', row: 'z,"1 ""2"" 3\r\n4"' },
    { line: '7', column: null, value: null, row: '3,w,v' },
    { line: '8', column: 'a', value: '+-4', row: '+-4,김치' },
  ])
  expect(kept.map((r) => r['reason'])).toEqual(['is not of type int64', 'has too many cells', 'is not of type int64'])
  expect((await read('a,b\n1,x\n', AB, { broken: 'skip' })).quarantine).toBeUndefined()
})

test('as many as there are, in the order of the file', async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => (i % 3 === 0 ? `x${i},y` : i % 1000 === 1 ? `${i}` : `${i},y`))
  const { rows, rejected, quarantine } = await read(`a,b\n${lines.join('\n')}\n`, AB, { broken: 'skip' })
  const broken = lines.flatMap((l, i) => (/^\d+,y$/.test(l) ? [] : [[i + 2, l]]))
  expect([rows, Object.values(rejected).reduce((a, b) => a + b, 0)]).toEqual([30_000 - broken.length, broken.length])
  expect((await rowsOf(quarantine)).map((r) => [Number(r['line']), r['row']])).toEqual(broken)
})

test('their texts are read by the piece, not row by row, and written in one go', async () => {
  const lines = Array.from({ length: 12_000 }, (_, i) => (i % 12 ? `x${i},y` : `${i},y`))
  const path = join(folder, 'many.csv')
  writeFileSync(path, `a,b\n${lines.join('\n')}\n`)
  const statements: string[] = []
  await engine.session(testContext(), (query) =>
    csvConnector.snapshot(
      csv(path, AB, { broken: 'skip' }),
      path,
      snapshotContext(async (sql) => {
        statements.push(sql)
        return query(sql)
      }, folder),
    ),
  )
  expect(statements.filter((sql) => sql.startsWith('INSERT')).length).toBe(0)
  expect(statements.length).toBeLessThan(20)
})

test('a limit stops the load', async () => {
  const text = `a,b\n${Array.from({ length: 100 }, (_, i) => `${i < 3 ? 'x' : i},y`).join('\n')}\n`
  for (const mostBroken of [3, '3%', '50.5%'] as const)
    expect((await read(text, AB, { broken: 'skip', mostBroken })).rows).toBe(97)
  for (const mostBroken of [0, 2, '2.9%', '0%'] as const)
    await expect(read(text, AB, { broken: 'skip', mostBroken })).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
      what: expect.stringContaining('3 of 100 rows'),
      why: expect.stringContaining('line 2 of'),
      details: { broken: 3, rows: 100 },
    })
  for (const mostBroken of [-1, Number.NaN, '5', 'all%'])
    await expect(read(text, AB, { broken: 'skip', mostBroken: mostBroken as number })).rejects.toMatchObject({
      code: 'RECIPE_INVALID',
    })
})

test('when every row is broken nothing is left out', () =>
  expect(read('a,b\nx,y\nz\n', AB, { broken: 'skip' })).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
    what: expect.stringContaining('every row of'),
  }))
