import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import type { Condition } from '../../../plan/conditions.ts'
import { sqlite, sqliteConnector } from '../sqlite.ts'
import { snapshotContext } from '../testing/context.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-sqlite-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const COLUMNS = { id: 'int64', n: 'int32', s: 'string', ok: 'bool', day: 'date', at: 'local timestamp' } as const
type Name = keyof typeof COLUMNS
let last = 0

/** Rows by their ids, what is set aside, and what was left to SQLite. */
async function read(
  path: string,
  where: readonly Condition[] | undefined,
  columns: Readonly<Record<string, (typeof COLUMNS)[Name] | 'timestamp'>> = COLUMNS,
) {
  const kept = join(folder, String(++last))
  mkdirSync(kept)
  const spec = sqlite(path, 't', columns, { broken: 'skip' })
  const more = where ? { wanted: { columns: Object.keys(columns), where } } : {}
  return engine.session(testContext(), async (query) => {
    const got = await sqliteConnector.snapshot(spec, path, snapshotContext(query, kept, more))
    const rows = (file?: string) => (file ? query(`SELECT * FROM read_parquet('${file}')`) : Promise.resolve([]))
    return { got, rows: await rows(got.files[0]), aside: (await rows(got.quarantine)).map((r) => [r['record'], r['column'], r['value'], r['reason']]) } // biome-ignore format: one line
  })
}

const VALUES = ['NULL', '0', '1', '-5', '7', '2147483648', '9223372036854775807', '-9223372036854775808', '1.5', "''", "'a'", "'B'", "'12'", "'12a'", "'!x'", "'가'", "'😀'", "'\uffee'", "x'61'", "'2026-01-31'", "'2026-02-30'", "'2026-1-3'", "'0000-01-01'", "'2026-01-31 18:05:00'", "'2026-01-31T18:05:00'", "'2026-01-31 18:05:00.5'", "'9999-12-31'"] // biome-ignore format: one line
const holds = (c: Condition, v: unknown): boolean => {
  if (!('value' in c)) return (v === null) === (c.is === 'null')
  if (v === null) return false
  const order =
    typeof v === 'string' ? Buffer.compare(Buffer.from(v), Buffer.from(String(c.value))) : Number(v) - Number(c.value)
  return { eq: order === 0, ne: order !== 0, lt: order < 0, le: order <= 0, gt: order > 0, ge: order >= 0 }[c.is]
}

test.each(['UTF-8', 'UTF-16le'])(
  'rows that are wanted, and all broken ones, are the same with conditions left to SQLite (%s)',
  async (encoding) => {
    const is = fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'null', 'not null')
    const good = {
      n: ['NULL', '0', '7', '-5', '100'],
      s: ['NULL', "''", "'a'", "'B'", "'12'", "'12a'", "'!x'", "'가'", "'😀'", "'\uffee'"],
      ok: ['NULL', '0', '1'],
      day: ['NULL', "'2026-01-31'", "'9999-12-31'", "'0001-01-01'"],
      at: ['NULL', "'2026-01-31 18:05:00'", "'2026-01-31T18:05:00'", "'2026-01-31 18:05:00.5'"],
    }
    const cell = (plain: readonly string[]) =>
      fc.oneof(
        { weight: 40, arbitrary: fc.constantFrom(...plain) },
        { weight: 1, arbitrary: fc.constantFrom(...VALUES) },
      )
    const row = fc.tuple(cell(good.n), cell(good.s), cell(good.ok), cell(good.day), cell(good.at))
    // columns of every affinity
    const affinity = fc.constantFrom('', 'TEXT', 'INTEGER', 'NUMERIC', 'TEXT COLLATE NOCASE')
    const wanted = fc.record({
    n: fc.tuple(is, fc.constantFrom('0', '7', '-5')),
    s: fc.tuple(is, fc.constantFrom('a', 'b', '12', '가', '\uffee', "it's")),
    ok: fc.tuple(is, fc.constantFrom(true, false)),
  }, { requiredKeys: [] }) // biome-ignore format: one line
    let pushed = 0
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), affinity, wanted, async (rows, kind, on) => {
        const path = join(folder, `${++last}.db`)
        const db = new DatabaseSync(path)
        db.exec(`PRAGMA encoding = '${encoding}'; CREATE TABLE t (id INTEGER PRIMARY KEY, ${['n', 's', 'ok', 'day', 'at'].map((c) => `${c} ${kind}`).join(', ')})`) // biome-ignore format: one line
        for (const r of rows) db.exec(`INSERT INTO t (n, s, ok, day, at) VALUES (${r.join(', ')})`)
        db.close()
        const types = { n: 'int32', s: 'string', ok: 'bool' } as const
        const where = Object.entries(on).map(([column, [how, value]]) => (how.includes('null') ? { column, is: how } : { column, is: how, value, type: types[column as 'n'] }) as Condition) // biome-ignore format: one line
        const attempt = (w?: readonly Condition[]) => read(path, w).catch((e: { code: string }) => e.code)
        const [all, some] = [await attempt(), await attempt(where)]
        if (typeof all === 'string' || typeof some === 'string') {
          expect(some).toEqual(all)
          return
        }
        const fits = (r: Record<string, unknown>) => where.every((c) => holds(c, c.column === 'ok' && r['ok'] !== null ? Number(r['ok']) : r[c.column]) ) // biome-ignore format: one line
        const bools = where.map((c) => ('value' in c && c.type === 'bool' ? { ...c, value: Number(c.value) } : c))
        where.splice(0, where.length, ...bools)
        expect(some.rows.filter(fits)).toEqual(all.rows.filter(fits))
        expect(some.aside).toEqual(all.aside)
        expect(some.got.rejected).toEqual(all.got.rejected)
        if (some.got.pushed) pushed++
      }),
      { numRuns: 60 },
    )
    expect(pushed).toBeGreaterThan(5)
  },
  120_000,
)

test('days and times are compared as such; what SQLite can not tell is read', async () => {
  const path = join(folder, 'days.db')
  const db = new DatabaseSync(path)
  db.exec("CREATE TABLE t (id INTEGER, n, s, ok, day, at); INSERT INTO t SELECT value, 1, 'x', 1, date('2026-01-01', '+' || value || ' days'), datetime('2026-01-01', '+' || value || ' hours') FROM (WITH RECURSIVE s(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM s WHERE value < 99) SELECT value FROM s)") // biome-ignore format: one line
  db.close()
  const JAN_1 = 20454
  const day = { column: 'day', is: 'ge', value: JAN_1 + 90, type: 'date' } as const
  expect((await read(path, [day])).rows.map((r) => Number(r['id']))).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
  const at = { column: 'at', is: 'lt', value: String(BigInt(JAN_1) * 86_400_000_000n + 7_200_000_000n), type: 'local timestamp' } as const // biome-ignore format: one line
  expect((await read(path, [at])).rows.map((r) => Number(r['id']))).toEqual([0, 1])
  const half = { ...at, value: String(BigInt(at.value) + 500_000n) }
  expect((await read(path, [half])).got.pushed).toBeUndefined()
  // instants have zones, which SQLite does not compare
  const { at: _, ...others } = COLUMNS
  const zoned = new DatabaseSync(path)
  zoned.exec("UPDATE t SET at = at || 'Z'")
  zoned.close()
  expect((await read(path, [day], { ...others, at: 'timestamp' })).got.pushed).toBeUndefined()
  expect((await read(path, [day], others)).got.pushed).toEqual(['1 condition'])
})
