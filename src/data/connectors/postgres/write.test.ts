import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { resolveSecret } from '../../../base/secrets.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import { parseType, type Schema, type TypeName } from '../../../plan/types.ts'
import { KILLS } from '../testing/kills.ts'
import { testReader, testServer } from './testing.ts'
import { writeTable } from './write.ts'

const server = await testServer()
const reader = testReader(server)
const { engine, folder, ids, load, rowsOf, spec } = reader
const { connection, sql } = server
afterAll(async () => {
  await reader.close()
  await server.close()
})

let last = 0
const schemaOf = (columns: Record<string, TypeName>): Schema =>
  Object.entries(columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true }))
const write = (
  query: string,
  columns: Record<string, TypeName>,
  target: string,
  more: object = {},
  signal = testContext().signal,
) =>
  engine.session({ ...testContext(), signal }, (run) =>
    writeTable(
      {
        ...{ sql: query, schema: schemaOf(columns), target, options: { connection: { ...connection }, ...more } },
        open: () => Promise.reject(new Error('the query alone is taken')),
      },
      {
        query: run,
        signal,
        secret: resolveSecret,
        progress: () => {},
        temp: async () => join(folder, `out-${++last}.csv`),
      },
    ),
  )
const ID = { id: 'int64' } as const
const upTo = (n: number, from = 1) => Array.from({ length: n - from + 1 }, (_, i) => from + i)

test('values that were written are read as they were', async () => {
  const columns = {
    ...{ id: 'int64', s: 'int32', f: 'float64', g: 'float32', p: 'decimal(9, 2)', ok: 'bool', d: 'date' },
    ...{ moment: 'timestamp', l: 'local timestamp', t: 'string', b: 'bytes' },
  } as Record<string, TypeName>
  const values = `SELECT * FROM (VALUES
    (9223372036854775807::BIGINT, -3::INTEGER, 0.1::DOUBLE, 0.1::FLOAT, 1.25::DECIMAL(9, 2), TRUE, DATE '0001-01-01', TIMESTAMP '2026-01-31 18:05:00.123456', TIMESTAMP '9999-12-31 23:59:59', 'a,"b' || chr(10) || '한', '\\x00\\xFF'::BLOB),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (1, 1, 'NaN'::DOUBLE, 'Infinity'::FLOAT, 0, FALSE, DATE '9999-12-31', TIMESTAMP '1970-01-01', TIMESTAMP '1970-01-01', '\\N', ''::BLOB),
    (2, 1, 1, 1, 0, FALSE, DATE '2026-01-01', TIMESTAMP '1970-01-01', TIMESTAMP '1970-01-01', '', ''::BLOB)) AS t(${Object.keys(columns).join(', ')})`
  expect(await write(values, columns, 'round trip')).toBe(4)
  const [one = [], two = [], three = [], four = []] = await rowsOf(await load(spec('round trip', columns)))
  const bytes = (v: unknown) => [...(v as Uint8Array)]
  expect(one.slice(0, 10)).toEqual([9223372036854775807n, -3, 0.1, Math.fround(0.1), 125n, true, -719162, 1769882700123456n, 253402300799000000n, 'a,"b\n한']) // biome-ignore format: one line
  expect(bytes(one[10])).toEqual([0, 255])
  expect(two).toEqual(new Array(11).fill(null))
  expect([three[2], three[3], three[9], bytes(three[10]), four[9]]).toEqual([NaN, Infinity, '\\N', [], ''])
})

test('rows take the place of those before at once, or are added, a batch once', async () => {
  await sql('CREATE TABLE sums (id int8 PRIMARY KEY, note text DEFAULT $$n$$); INSERT INTO sums VALUES (100)')
  expect(await write('SELECT range AS id FROM range(1, 11)', ID, 'sums')).toBe(10)
  expect(await ids(spec('sums', ID))).toEqual(upTo(10))
  const kept = await sql(
    "SELECT count(*)::int AS n, (SELECT count(*)::int FROM sums WHERE note = 'n') AS notes FROM pg_index WHERE indrelid = 'sums'::regclass",
  )
  expect(kept).toEqual([{ n: 1, notes: 10 }])
  for (let k = 0; k < 3; k++)
    expect(await write('SELECT range AS id FROM range(11, 21)', ID, 'sums', { mode: 'append', batch: 'b1' })).toBe(10)
  expect(await ids(spec('sums', ID))).toEqual(upTo(20))
  // what does not fit leaves all as it was
  await expect(write('SELECT 5 AS id', ID, 'sums', { mode: 'append', batch: 'b2' })).rejects.toMatchObject({
    code: 'SOURCE_BROKEN',
  })
  await expect(write('SELECT 5 AS id, [1] AS l', { id: 'int64', l: 'int64[]' }, 'sums')).rejects.toMatchObject({
    code: 'SOURCE_SCHEMA',
  })
  await expect(write("SELECT 'x'::INTEGER AS id", ID, 'sums')).rejects.toMatchObject({ code: 'VALUE_INVALID' })
  expect(await ids(spec('sums', ID))).toEqual(upTo(20))
  const at = [1, 2, 3].map(() =>
    write('SELECT range AS id FROM range(21, 31)', ID, 'sums', { mode: 'append', batch: 'b3' }),
  )
  expect(await Promise.all(at)).toEqual([10, 10, 10])
  expect(await ids(spec('sums', ID))).toEqual(upTo(30))
})

test(`cut ${KILLS} times while it writes, the rows are there once or not at all`, {
  timeout: 60_000 + KILLS * 30_000,
}, async () => {
  await write('SELECT 1 AS id', ID, 'cut')
  let cut = 0
  for (let k = 0; k < KILLS; k++) {
    const before = (await ids(spec('cut', ID))).length
    const rows = () => write('SELECT range AS id FROM range(200000)', ID, 'cut', { mode: 'append', batch: `k${k}` })
    const writing = rows().catch((e: { code?: string }) => e.code)
    await server.cutCopies()
    const got = await writing
    if (got !== 200_000) {
      expect(got).toBe('SOURCE_UNREACHABLE')
      expect((await ids(spec('cut', ID))).length).toBe(before)
      cut++
    }
    expect(await rows()).toBe(200_000)
    expect((await ids(spec('cut', ID))).length).toBe(before + 200_000)
  }
  expect(cut).toBeGreaterThan(0)
})
