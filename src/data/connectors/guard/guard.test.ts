import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { GalleyError } from '../../../base/errors.ts'
import { ipcStream } from '../../../engines/arrow/index.ts'
import { batchOf } from '../../../engines/batch.ts'
import { createLedger } from '../../../engines/ledger.ts'
import { kindOf } from '../index.ts'
import { guarded, MEMORY } from '../testing/guarded.ts'
import { bomb, type Claims, parquetSaying } from '../testing/hostile.ts'
import { peakOf } from '../testing/processes.ts'

const g = guarded()
/** Seconds that a file may take, and MiB by which this process may grow. */
const SECONDS = 25
const GROWTH = 200

/** That a file gives one clear error, soon, in little memory, and that the next file is opened all the same. */
async function refused(path: string, kind: string, columns?: object, options?: object): Promise<GalleyError> {
  const began = performance.now()
  const before = process.memoryUsage.rss()
  const peak = peakOf(g.folder)
  const error = await g.load(path, kind, columns, options).then(
    () => expect.unreachable(`${path} was read`),
    (e: unknown) => e as GalleyError,
  )
  expect(peak()).toBeLessThan(MEMORY * 1.3 * 2 ** 20)
  expect(process.memoryUsage.rss() - before).toBeLessThan(GROWTH * 2 ** 20)
  expect(performance.now() - began).toBeLessThan(SECONDS * 1000)
  expect(error).toMatchObject({ what: expect.stringContaining(path), why: expect.any(String), fix: expect.any(String) })
  const sound = g.put('sound.parquet', parquetSaying())
  expect(await g.load(sound, 'parquet')).toMatchObject({ rows: 1, files: [sound] })
  return error
}

const HOSTILE: readonly (readonly [name: string, claims: Claims, code: string])[] = [
  ['100 thousand million rows in the footer', { rows: 1e11 }, 'SOURCE_HOSTILE'],
  ['fewer rows in its pages than in its footer', { rows: 1000 }, 'SOURCE_'],
  ['less than no rows', { rows: -5 }, 'SOURCE_BROKEN'],
  ['100 GB in a chunk', { codec: 'gzip', unpacked: 2 ** 31 - 1, chunkUnpacked: 1e11 }, 'SOURCE_HOSTILE'],
  ['2 GiB in a page that has none', { codec: 'zstd', unpacked: 2 ** 31 - 1 }, 'SOURCE_'],
  ['a dictionary of 2,147,483,647 entries', { dictionary: 2 ** 31 - 1 }, 'SOURCE_HOSTILE'],
  ['100,000 groups, one in the other', { depth: 100_000 }, 'SOURCE_HOSTILE'],
]

describe('Parquet that claims', () => {
  test.each(HOSTILE)('%s', async (_, claims, code) => {
    const error = await refused(g.put('a.parquet', parquetSaying(claims)), 'parquet')
    expect(error.code).toContain(code)
  })

  test('bombs in its pages', async () => {
    const files = [bomb('gzip', 1 << 28), bomb('gzip', 1 << 27, 8), bomb('zstd', 1 << 30)]
    for (const bytes of files) await refused(g.put('bomb.parquet', bytes), 'parquet')
  }, 90_000)
})

test('no bytes, and a file that is cut', async () => {
  expect((await refused(g.put('empty.parquet', ''), 'parquet')).code).toBe('SOURCE_BROKEN')
  const whole = parquetSaying()
  expect((await refused(g.put('cut.parquet', whole.subarray(0, -9)), 'parquet')).code).toBe('SOURCE_BROKEN')
})

test('what poses as a CSV: bytes of a program, a gzip within a gzip, and one that unpacks a thousandfold', async () => {
  const program = g.put('program.csv', readFileSync(process.execPath).subarray(0, 1 << 20))
  expect(await kindOf(program)).toBe('csv')
  await refused(program, 'csv')
  let nested = Buffer.from('n\n1\n')
  for (let i = 0; i < 16; i++) nested = gzipSync(nested)
  await refused(g.put('nested.csv.gz', nested), 'csv')
  await refused(g.put('bomb.csv.gz', gzipSync(Buffer.alloc(600 << 20, '1'), { level: 1 })), 'csv')
}, 90_000)

test('ends of lines that Unicode has, in a path, a name and a value', async () => {
  const path = g.put('odd\u2028.csv', 'a\u2028\u2029b,y\n1,\u2028\n')
  const { rows, schema } = await g.load(path, 'csv', { 'a\u2028\u2029b': 'int64', y: 'string' })
  expect([rows, schema.map((f) => f.name)]).toEqual([1, ['a\u2028\u2029b', 'y']])
})

test('a CSV of one line of 5 GB', async () => {
  const path = g.put('line.csv', 'n\n1')
  truncateSync(path, 5e9)
  expect((await refused(path, 'csv')).code).toMatch(/^SOURCE_/)
}, 60_000)

test('JSON in JSON a million times, and an object of one endless text', async () => {
  await refused(g.put('deep.json', '['.repeat(1e6) + ']'.repeat(1e6)), 'json')
  await refused(g.put('keys.json', `${'{"n":'.repeat(1e6)}1${'}'.repeat(1e6)}`), 'json')
  await refused(g.put('text.json', `{"n": "${'x'.repeat(200 << 20)}"}\n`), 'json')
}, 90_000)

test('Arrow whose lengths are absurd', async () => {
  const head = Buffer.from('ARROW1\0\0')
  const length = (n: number) => Buffer.from(new Uint32Array([0xffffffff, n]).buffer)
  const more = Buffer.alloc(4096, 0x7f)
  for (const n of [0x7ffffff0, 0xfffffff0, 0x100])
    await refused(g.put('a.arrow', Buffer.concat([head, length(n), more, head])), 'arrow')
}, 60_000)

test('SQLite whose schema calls what it should not, does not end, or was written over', async () => {
  const database = (name: string, ...sql: string[]): string => {
    const path = join(g.folder, name)
    const db = new DatabaseSync(path)
    for (const s of sql) db.exec(s)
    db.close()
    return path
  }
  const table = 'CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)'
  const extension = database('e.sqlite', table, "CREATE VIEW v AS SELECT load_extension('/tmp/x.so') AS n FROM t")
  expect((await refused(extension, 'sqlite', undefined, { from: 'v' })).why).toMatch(
    /load_extension|unsafe|not authorized/,
  )
  const trigger = database('tr.sqlite', table, 'CREATE VIEW v AS SELECT n FROM t', "CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN SELECT load_extension('x'); END") // biome-ignore format: one line
  expect(await g.load(trigger, 'sqlite', undefined, { from: 'v' })).toMatchObject({ rows: 1 })
  g.limits = { memoryMiB: MEMORY, cpuSeconds: 2, seconds: 20 }
  const endless = database('r.sqlite', 'CREATE VIEW v AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) AS n FROM r') // biome-ignore format: one line
  const error = await refused(endless, 'sqlite', undefined, { from: 'v' })
  expect([error.code, error.why]).toEqual(['SOURCE_HOSTILE', expect.stringContaining('2 s of processor time')])
  const written = database('w.sqlite', table)
  const bytes = readFileSync(written)
  const at = bytes.indexOf('CREATE TABLE t')
  g.put('w.sqlite', Buffer.concat([bytes.subarray(0, at), Buffer.from('CREATE TABLE \0('), bytes.subarray(at + 15)]))
  await refused(written, 'sqlite', undefined, { from: 't' })
}, 90_000)

test('files with bytes that were changed anywhere are read or refused, and never more', async () => {
  const rows = parquetSaying({ values: 200, rows: 200, page: Buffer.alloc(1600) })
  const sound = [['parquet', rows], ['arrow', await arrowBytes()]] as const // biome-ignore format: one line
  let seed = 7
  const next = (below: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below
  for (const [kind, bytes] of sound)
    for (let i = 0; i < MUTATIONS; i++) {
      const changed = Buffer.from(bytes)
      for (let k = 0; k < 3; k++) changed[next(changed.length)] = next(256)
      const got = await g.load(g.put(`m.${kind}`, changed), kind).catch((e: GalleyError) => e.code)
      if (typeof got === 'string') expect(got).toMatch(/^(SOURCE_|PLAN_UNKNOWN_COLUMN|ENGINE_GAP)/)
      else expect(got.rows).toBeLessThan(1e6)
    }
}, 120_000)
const MUTATIONS = Number(process.env['GALLEY_MUTATIONS'] ?? 12)

/** An Arrow stream of 100 rows. */
async function arrowBytes(): Promise<Buffer> {
  const schema = [{ name: 'n', type: 'int64', nullable: true }] as const
  const batch = batchOf(
    schema,
    Array.from({ length: 100 }, (_, n) => ({ n: BigInt(n) })),
  )
  const batches = async function* () {
    yield batch
  }
  const parts: Uint8Array[] = []
  const relation = { place: 'host', schema, rows: 100, batches, close: () => {} } as const
  for await (const part of ipcStream(relation, createLedger())) parts.push(part)
  return Buffer.concat(parts)
}
