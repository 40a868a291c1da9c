import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { collect, testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { build } from '../../plan/nodes.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import type { Connector, SourceSnapshot, SourceSpec } from './connector.ts'

type Columns = Readonly<Record<string, TypeName>>
/** Cells as text, the plain way of their types; null where there is none. */
type Cells = readonly (readonly (string | null)[])[]
type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** A connector of files as the suite tries it. */
export interface Tried {
  readonly connector: Connector
  /** A name's ending. */
  readonly ending: string
  /** As recipes declare it. */
  spec(path: string, columns: Columns): SourceSpec
  /** Writes a table. */
  write(path: string, columns: Columns, rows: Cells, query: Query): Promise<void>
}

const COLUMNS = {
  id: 'int64',
  small: 'int32',
  share: 'float64',
  price: 'decimal(9, 2)',
  ok: 'bool',
  day: 'date',
  at: 'local timestamp',
  moment: 'timestamp',
  text: 'string',
} as const satisfies Columns

const ROWS: Cells = [
  [
    '9223372036854775807',
    '-2147483648',
    '0.1',
    '1234567.89',
    'true',
    '2026-02-28',
    '2026-01-31 18:05:00',
    '2026-01-31 18:05:00Z',
    '서울, "한강"',
  ],
  [null, null, null, null, null, null, null, null, null],
  [
    '-9007199254740993',
    '7',
    '-1.5',
    '-0.05',
    'false',
    '0001-01-01',
    '1999-12-31 23:59:59.123456',
    '2026-07-01 00:00:00.5Z',
    '👩‍🍳\tline\u00a0end',
  ],
  ['0', '0', '0.0', '0.00', 'false', '9999-12-31', '1970-01-01 00:00:00', '1970-01-01 00:00:00Z', 'null'],
]
/** What the engine gives for `ROWS`. */
const VALUES = [
  [
    9223372036854775807n,
    -2147483648,
    0.1,
    123456789n,
    true,
    20512,
    1769882700000000n,
    1769882700000000n,
    '서울, "한강"',
  ],
  [null, null, null, null, null, null, null, null, null],
  [-9007199254740993n, 7, -1.5, -5n, false, -719162, 946684799123456n, 1782864000500000n, '👩‍🍳\tline\u00a0end'],
  [0n, 0, 0, 0n, false, 2932896, 0n, 0n, 'null'],
]

/** What every connector of files holds to. */
export function connectorConformance(name: string, tried: Tried): void {
  const folder = mkdtempSync(join(tmpdir(), 'galley-connector-'))
  const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })
  afterAll(async () => {
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const { connector, ending } = tried
  let last = 0
  const fresh = () => join(folder, `${name}-${++last}${ending}`)
  const session = <T>(work: (query: Query) => Promise<T>) => engine.session(testContext(), work)
  const write = async (columns: Columns, rows: Cells, path = fresh()) => {
    await session((query) => tried.write(path, columns, rows, query))
    return path
  }
  const load = (path: string, columns: Columns, more: { inPlace?: boolean; signal?: AbortSignal } = {}) => {
    const kept = join(folder, `kept-${++last}`)
    mkdirSync(kept)
    const { scope, signal } = testContext()
    return session(async (query) => {
      const about = { scope, signal, progress: () => {}, query, keep: async (n: string) => join(kept, n), ...more }
      const got = await connector.snapshot(tried.spec(path, columns), path, about)
      // nothing is left but what is named
      expect(readdirSync(kept).map((n) => join(kept, n))).toEqual(got.files.filter((f) => f.startsWith(kept)))
      return got
    })
  }
  const rowsOf = ({ from, files, schema }: SourceSnapshot) =>
    collect(engine, build({ op: 'scan', from: from ?? { kind: 'parquet', files }, schema }))

  describe(`${name}: a connector`, () => {
    test.each([true, false])('gives values of every type, in order; in place: %s', async (inPlace) => {
      const path = await write(COLUMNS, ROWS)
      const got = await load(path, COLUMNS, { inPlace })
      expect(await rowsOf(got)).toEqual(VALUES)
      expect(got).toMatchObject({ rows: 4, rejected: {} })
      expect(got.schema.map((f) => f.type)).toEqual(Object.values(COLUMNS).map((t) => parseType(t)))
      const some = await load(path, { text: 'string', id: 'int64' }, { inPlace })
      expect((await rowsOf(some))[0]).toEqual(['서울, "한강"', 9223372036854775807n])
    })

    test('proposes columns that can be loaded', async () => {
      const path = await write(COLUMNS, ROWS)
      const { signal } = testContext()
      const temp = async () => join(folder, `temp-${++last}`)
      const found = await session((query) => connector.discover(path, 100, { signal, query, temp }))
      expect(found).toMatchObject({ rows: 4, whole: true, broken: 0, connector: connector.kind })
      expect(found.columns.map((c) => [c.name, c.values, c.missing])).toEqual(
        Object.keys(COLUMNS).map((n) => [n, 3, 1]),
      )
      expect(found.columns.every((c) => c.evidence !== '' && c.examples.length > 0)).toBe(true)
      expect((await load(path, Object.fromEntries(found.columns.map((c) => [c.name, c.type])))).rows).toBe(4)
    })

    test('takes names and paths as they are', async () => {
      const columns = { '이름 "x"': 'string', "it's/~1": 'int64', __proto: 'int64' } as const
      for (const file of ["it's [1]*.x", '판매 #1%20?', 'x=1'])
        expect(
          await rowsOf(await load(await write(columns, [['a', '1', '2']], join(folder, `${file}${ending}`)), columns)),
        ).toEqual([['a', 1n, 2n]])
    })

    test('refuses what is not there, and what is no such file', async () => {
      const path = await write({ amount: 'int64' }, [['1']])
      await expect(load(path, { amont: 'int64' })).rejects.toMatchObject({
        code: 'PLAN_UNKNOWN_COLUMN',
        fix: expect.stringContaining('amount'),
      })
      await expect(load(path, { amount: 'date' })).rejects.toMatchObject({
        code: expect.stringMatching(/^SOURCE_(SCHEMA|BROKEN)$/),
        fix: expect.any(String),
      })
      const fails = async (p: string, code: string) => {
        await expect(load(p, { amount: 'int64' })).rejects.toMatchObject({
          code,
          what: expect.any(String),
          fix: expect.any(String),
        })
      }
      await fails(join(folder, 'nowhere'), 'SOURCE_MISSING')
      await fails(folder, 'SOURCE_MISSING')
      writeFileSync(path, '')
      await fails(path, 'SOURCE_BROKEN')
      writeFileSync(path, Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)))
      await expect(load(path, { amount: 'int64' })).rejects.toMatchObject({
        code: expect.stringMatching(/^(SOURCE_|PLAN_UNKNOWN_COLUMN)/),
      })
    })

    test('a file that ends anywhere gives rows that it has, or says that it is broken', async () => {
      const path = await write(COLUMNS, ROWS)
      const bytes = readFileSync(path)
      const step = Math.max(1, Math.floor(bytes.length / 40))
      for (let end = 1; end < bytes.length; end += step) {
        writeFileSync(path, bytes.subarray(0, end))
        const got = await load(path, { id: 'int64', small: 'int32' }).catch((error: { code?: string }) => error.code)
        if (typeof got === 'string' || got === undefined) expect(got).toMatch(/^(SOURCE_|PLAN_UNKNOWN_COLUMN)/)
        else {
          const rows = await rowsOf(got)
          // of a number that is cut its beginning may be left
          expect(VALUES.slice(0, Math.max(0, rows.length - 1)).map((r) => r.slice(0, 2))).toEqual(rows.slice(0, -1))
        }
      }
    })

    test('knows a file that changed, and stops when it is asked to', async () => {
      const path = await write({ a: 'int64' }, [['1']])
      const spec = tried.spec(path, { a: 'int64' })
      const first = await connector.fingerprint(spec, path)
      expect(await connector.fingerprint(spec, path)).toEqual(first)
      appendFileSync(path, ' ')
      expect((await connector.fingerprint(spec, path)).hash).not.toBe(first.hash)
      const stopped = engine.session({ ...testContext(), signal: AbortSignal.abort() }, async () => {})
      await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' })
    })
  })
}
