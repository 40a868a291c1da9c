import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { resolveSecret } from '../../base/secrets.ts'
import { testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import type { TypeName } from '../../plan/types.ts'
import { type Position, together } from './parts/pieces.ts'
import { readSince } from './parts/read.ts'
import { type SqliteOptions, sqlite, sqliteConnector } from './sqlite.ts'

const root = mkdtempSync(join(tmpdir(), 'galley-sqlite-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(root, 'duckdb') })
afterAll(async () => {
  await engine.close()
  rmSync(root, { recursive: true, force: true })
})
const path = join(root, 'shop.db')
const db = new DatabaseSync(path)
db.exec(
  "CREATE TABLE t (id INTEGER PRIMARY KEY, v, note TEXT); INSERT INTO t VALUES (1, 5, 'a'), (2, 'five', 'b' || char(0) || 'c'), (3, 5.5, NULL), (4, 9223372036854775807, '')",
)
let n = 0
const { scope, signal } = testContext()
const about = { scope, signal, secret: resolveSecret, progress: () => {} }

const read = (columns: Record<string, TypeName>, options: SqliteOptions = {}, from = 't') =>
  engine.session(testContext(), async (query) => {
    const keep = async (name: string) => join(root, `${++n}-${name}`)
    const got = await sqliteConnector.snapshot(sqlite(path, from, columns, options), path, { ...about, query, keep })
    const all = (file?: string) => (file ? query(`SELECT * FROM read_parquet('${file}')`) : [])
    return { ...got, all: await all(got.files[0]), aside: await all(got.quarantine) }
  })

test('of an odd value the row is told, and the type is that of the others: what is proposed can be read but for that row', async () => {
  const odd = join(root, 'odd.db')
  const made = new DatabaseSync(odd)
  made.exec(
    "CREATE TABLE t (id, n, day, b); INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 100) SELECT i, i, '2026-01-01', x'00' FROM s",
  )
  made.exec("UPDATE t SET n = 'a lot', b = 7 WHERE id = 60; UPDATE t SET n = 1.5, day = 'soon' WHERE id = 70")
  made.close()
  const found = await engine.session(testContext(), (query) =>
    sqliteConnector.discover(odd, 1000, { signal, query, secret: resolveSecret, temp: async () => join(root, 'temp') }),
  )
  expect(found).toMatchObject({ rows: 100, broken: 1 })
  expect(found.columns.map((c) => [c.name, c.type, c.evidence])).toEqual([
    ['id', 'int64', 'all 100 values are INTEGER'],
    ['n', 'float64', '99 of 100 values are numbers, but row 60 has "a lot" (TEXT): a run stops there, or sets it aside (broken: \'skip\')'],
    ['day', 'string', 'all 100 values are TEXT; 99 of 100 values are a date, but row 70 has "soon" (TEXT)'],
    ['b', 'bytes', '99 of 100 values are BLOBs, but row 60 has "7" (INTEGER): a run stops there, or sets it aside (broken: \'skip\')'],
  ]) // biome-ignore format: one line each
  const [at, spec] = [odd, sqlite(odd, 't', { id: 'int64', n: 'float64' }, { broken: 'skip' })]
  const keep = async (name: string) => join(root, `${++n}-${name}`)
  const got = await engine.session(testContext(), (query) => sqliteConnector.snapshot(spec, at, { ...about, query, keep })) // biome-ignore format: one line
  expect(got).toMatchObject({ rows: 99, rejected: { 'broken row (is TEXT, not of type float64)': 1 } })
})

test('what is not of the declared type is broken, whatever the column was declared as', async () => {
  await expect(read({ v: 'int64' })).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
    what: expect.stringContaining('row 2'),
    why: expect.stringContaining('is TEXT, not of type int64'),
  })
  const got = await read({ v: 'int64', note: 'string' }, { broken: 'skip' })
  expect(got.all).toEqual([
    { v: '5', note: 'a' },
    { v: '9223372036854775807', note: '' },
  ])
  expect(got.rejected).toEqual({
    'broken row (is TEXT, not of type int64)': 1,
    'broken row (is a REAL, not of type int64)': 1,
  })
  expect(got.aside).toMatchObject([
    { record: '2', column: 'v', value: 'five' },
    { record: '3', column: 'v', value: '5.5' },
  ])
  await expect(read({ v: 'int64' }, { broken: 'skip', mostBroken: 1 })).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  expect(
    (await read({ id: 'int32', twice: 'int64' }, {}, 'SELECT id, id * 2 AS twice FROM t WHERE id < 3')).all,
  ).toEqual([
    { id: 1, twice: '2' },
    { id: 2, twice: '4' },
  ])
  expect((await read({ note: 'string' })).all[1]).toEqual({ note: 'b\0c' })
})

test('a table that is not there, and one that is locked by nobody but read only', async () => {
  await expect(read({ id: 'int64' }, {}, 'tt')).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
    why: 'no such table: tt',
  })
  await expect(
    read({ id: 'int64' }, {}, 'WITH x AS (SELECT 1 AS id) INSERT INTO t SELECT id, 1, 1 FROM x'),
  ).rejects.toMatchObject({ code: expect.stringMatching(/SOURCE_|PLAN_/) })
})

test('a cursor reads on from where the last run stopped, and many runs keep few files', async () => {
  const columns = { id: 'int64' } as const
  const spec = sqlite(path, 't', columns, { cursor: 'id' })
  const on = (position?: Position) =>
    engine.session(testContext(), (query) =>
      readSince({
        connector: sqliteConnector,
        spec,
        path,
        ctx: { ...about, query },
        position,
        place: { draft: () => join(root, `draft-${++n}`), target: (id) => join(root, 'kept', id) },
      }),
    )
  let position = await on()
  expect([together(position.pieces).rows, position.cursor]).toEqual([4, { int: '4' }])
  expect((await on(position)).pieces).toEqual(position.pieces)
  for (let i = 5; i <= 75; i++) {
    db.exec(`INSERT INTO t VALUES (${i}, 0, '')`)
    position = await on(position)
  }
  expect([together(position.pieces).rows, position.cursor]).toEqual([75, { int: '75' }])
  expect(position.pieces.length).toBeLessThan(64)
  const ids = await engine.session(testContext(), (query) =>
    query(
      `SELECT count(DISTINCT id) AS n FROM read_parquet([${together(position.pieces)
        .files.map((f) => `'${f}'`)
        .join(', ')}])`,
    ),
  )
  expect(ids).toEqual([{ n: '75' }])
}, 60_000)
