import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { resolveSecret, secret } from '../../../base/secrets.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import type { ConnectorContext, SourceSpec } from '../connector.ts'
import { postgresConnector } from '../postgres.ts'
import { withServer } from './connect.ts'
import { copied, inSnapshot, rangesOf } from './copy.ts'
import { questionOf } from './query.ts'
import { tableOf } from './table.ts'
import { testReader, testServer } from './testing.ts'

const server = await testServer()
const reader = testReader(server)
const { engine, folder, ids, load, rowsOf, spec } = reader
const { connection, sql } = server
afterAll(async () => {
  await reader.close()
  await server.close()
})

test('several connections read the parts of one snapshot, while others write', async () => {
  await sql(
    `CREATE TABLE parted (id int8, pad text); INSERT INTO parted SELECT g, repeat('x', 900) FROM generate_series(1, 2000) g`,
  )
  const s = spec('parted', { id: 'int64' })
  const { signal } = testContext()
  const got = await engine.session(testContext(), (query) =>
    withServer(s.options, { signal, secret: resolveSecret }, async (session) => {
      const first = await inSnapshot(session, undefined)
      const table = await tableOf(first, s)
      const { rows } = await first.query('SELECT pg_export_snapshot() AS id')
      await sql(
        `DELETE FROM parted WHERE id % 2 = 0; INSERT INTO parted SELECT g, 'later' FROM generate_series(3000, 9000) g; UPDATE parted SET pad = 'y'`,
      )
      const more = await Promise.all([1, 2].map(() => inSnapshot(session, (rows[0] as { id: string }).id)))
      const ranges = rangesOf(table, 8192 * 16)
      expect(ranges.length).toBeGreaterThan(10)
      return copied(
        [first, ...more],
        questionOf(s, s.path, table, undefined),
        ranges,
        [],
        'part',
        reader.context(query),
      )
    }),
  )
  const schema = [{ name: 'id', type: 'int64', nullable: true }] as const
  expect((await rowsOf({ files: got.files, schema })).map((r) => Number(r[0]))).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1)) // biome-ignore format: one line
  expect(got.rows).toBe(2000)
})

test('a table of several ranges is read by several connections', async () => {
  await sql(`CREATE UNLOGGED TABLE wide (id int8, pad text); ALTER TABLE wide ALTER pad SET STORAGE PLAIN;
    INSERT INTO wide SELECT g, repeat('x', 7500) FROM generate_series(1, 17000) g`)
  const got = await load(spec('wide', { id: 'int64' }))
  expect(got.files.length).toBe(9)
  expect(await ids(spec('wide', { id: 'int64' }, { connections: 3 }))).toEqual(
    Array.from({ length: 17_000 }, (_, i) => i + 1),
  )
})

describe('what came since', () => {
  test('is read once: ties, late commits, savepoints, updates', async () => {
    await sql(
      `CREATE TABLE followed (id int8, at timestamptz); INSERT INTO followed VALUES (1, '2026-01-01Z'), (2, '2026-01-02Z')`,
    )
    const s = spec('followed', { id: 'int64' }, { cursor: 'at' })
    expect(postgresConnector.follows?.(s)).toBe(true)
    const late = await server.client()
    await late.query(`BEGIN; INSERT INTO followed VALUES (3, '2026-01-01 12:00Z'); SAVEPOINT a; INSERT INTO followed VALUES (4, '2026-01-02Z'); RELEASE a`) // biome-ignore format: one line
    await sql(`INSERT INTO followed VALUES (5, '2026-01-02Z')`)
    const seen: number[] = []
    let since: ConnectorContext['since']
    const next = async () => {
      const got = await load(s, since === undefined ? {} : { since })
      since = got.cursor
      const found = (await rowsOf(got)).map((r) => Number(r[0]))
      seen.push(...found)
      return found
    }
    // what a transaction at work may still precede waits for it
    expect(await next()).toEqual([1, 2])
    expect(await next()).toEqual([])
    await sql(`INSERT INTO followed VALUES (6, '2026-01-02Z')`)
    await late.query('COMMIT')
    await late.end()
    expect((await next()).toSorted()).toEqual([3, 4, 5, 6])
    expect(await next()).toEqual([])
    await sql(
      `UPDATE followed SET at = '2026-01-03Z' WHERE id = 1; INSERT INTO followed VALUES (7, 'infinity'), (8, NULL)`,
    )
    expect((await next()).toSorted()).toEqual([1, 7, 8])
    await sql(`INSERT INTO followed VALUES (9, '2026-01-03Z')`)
    expect(await next()).toEqual([9])
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    // further behind than said
    await sql(`INSERT INTO followed VALUES (10, '2020-01-01Z')`)
    expect(await next()).toEqual([])
  })

  test('is refused where it can not be told', async () => {
    await sql(`CREATE TABLE words (t text); CREATE VIEW seen AS SELECT * FROM followed`)
    for (const [table, cursor] of [['seen', 'at'], ['followed', 'none'], ['words', 't']] as const) // biome-ignore format: one line
      await expect(load(spec(table, {}, { cursor }))).rejects.toMatchObject({ code: 'SOURCE_SCHEMA' })
    const s = spec('followed', { id: 'int64' }, { cursor: 'at' })
    const { cursor } = await load(s)
    const since = { ...(cursor as object), server: 'another' }
    await expect(load(s, { since })).rejects.toMatchObject({ code: 'SOURCE_BROKEN', what: expect.stringContaining('another database') }) // biome-ignore format: one line
  })
})

describe('the way to the server', () => {
  test('a stop reaches the server within a second, and so does a timeout', async () => {
    await sql(`CREATE VIEW slow AS SELECT g::int8 AS id, pg_sleep(1)::text AS s FROM generate_series(1, 100) g`)
    const stop = new AbortController()
    const reading = load(spec('slow', { id: 'int64', s: 'string' }), { signal: stop.signal })
    reading.catch(() => {})
    await sleep(400)
    const began = performance.now()
    stop.abort()
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
    const busy = () => sql(`SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%'`)
    while ((await busy()).length > 0) await sleep(20)
    expect(performance.now() - began).toBeLessThan(1000)
    await expect(load(spec('slow', { id: 'int64', s: 'string' }, { timeout: 0.3 }))).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      fix: expect.stringContaining('timeout'),
    })
  })

  test('what is wrong with it is told', async () => {
    await sql(`CREATE TABLE own (s int4, day date); INSERT INTO own VALUES (1), (2)`)
    const wrong = (c: object) => load(spec('own', { s: 'int32' }, { connection: { ...connection, ...c } }))
    await expect(wrong({ user: 'nobody-else' })).rejects.toMatchObject({ code: 'SOURCE_REFUSED' })
    await expect(wrong({ database: 'nowhere' })).rejects.toMatchObject({ code: 'SOURCE_MISSING' })
    await expect(wrong({ host: join(folder, 'nothing') })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    await expect(wrong({ password: 'as it stands' })).rejects.toMatchObject({ code: 'RECIPE_INVALID' })
    process.env['GALLEY_SECRET_PG_ODD'] = 'http://galley:hunter22@host/x'
    const odd = load(spec('own', { s: 'int32' }, { connection: secret('PG_ODD') }))
    await expect(odd).rejects.toMatchObject({
      code: 'SECRET_INVALID',
      message: expect.not.stringContaining('hunter22'),
    })
    process.env['GALLEY_SECRET_PG_GOOD'] = `postgres://galley@/shop?host=${encodeURIComponent(connection.host)}`
    expect((await load(spec('own', { s: 'int32' }, { connection: secret('PG_GOOD') }))).rows).toBe(2)
    const { signal } = testContext()
    const check = (s: SourceSpec) =>
      engine.session(testContext(), async (query) =>
        postgresConnector.check?.(s, s.path, { signal, secret: resolveSecret, query, temp: async () => '' }),
      )
    expect((await check(spec('own', { day: 'date' })))?.map((f) => [f.name, f.ok])).toEqual(['reachable', 'credentials', 'table', 'columns', 'rights'].map((n) => [n, true])) // biome-ignore format: one line
    expect((await check(spec('own', { day: 'int64' })))?.at(-1)).toMatchObject({ name: 'columns', ok: false })
  })

  test('a connection that is cut gives no half of a table; after the server was killed all is there', async () => {
    await sql(`CREATE TABLE many AS SELECT g::int8 AS id, repeat('값', 50) AS t FROM generate_series(1, 100000) g`)
    const s = spec('many', { id: 'int64', t: 'string' })
    const whole = (await load(s)).rows
    expect(whole).toBe(100_000)
    let cut = 0
    for (let k = 0; k < 3; k++) {
      const reading = load(s).catch((e: { code?: string }) => e.code)
      await server.cutCopies()
      const got = await reading
      if (got === 'SOURCE_UNREACHABLE') cut++
      else expect(got).toMatchObject({ rows: whole })
    }
    expect(cut).toBeGreaterThan(0)
    const reading = load(s).catch((e: { code?: string }) => e.code)
    await sleep(60)
    process.kill(server.share.pid() as number, 'SIGKILL')
    const got = await reading
    if (typeof got !== 'object') expect(got).toBe('SOURCE_UNREACHABLE')
    await server.share.ensure()
    expect((await load(s)).rows).toBe(whole)
  })
})
