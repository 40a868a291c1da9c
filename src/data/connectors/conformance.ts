import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { resolveSecret } from '../../base/secrets.ts'
import { collect, testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { build } from '../../plan/nodes.ts'
import { parseType } from '../../plan/types.ts'
import type { Connector, Discovery, Part, ReachContext, SourceSnapshot, SourceSpec, Wanted } from './connector.ts'
import { openGuard } from './guard/open.ts'
import { brokenFiles } from './testing/files.ts'
import { KILLS, readElsewhere, type StoreAt } from './testing/kills.ts'
import { type Cells, COLUMNS, type Columns, ROWS, VALUES } from './testing/rows.ts'

export type Query = (sql: string) => Promise<Record<string, unknown>[]>

/** A connector as the suite tries it. */
export interface Tried {
  readonly connector: Connector
  /** A file's name's ending; absent for what is no single file, which has `place` instead. */
  readonly ending?: string
  /** A place that nothing stands at, another for each name. */
  place?(name: string, folder: string): string
  /** As recipes declare it. */
  spec(path: string, columns: Columns): SourceSpec
  /** Writes a table there. */
  write(path: string, columns: Columns, rows: Cells, query: Query): Promise<void>
  /** What reaching it needs beside secrets, and where another process has it from. */
  readonly reach?: Pick<ReachContext, 'pushed'>
  readonly store?: StoreAt
  /** Whether it is a source that takes no notice of what it is asked. */
  readonly ignores?: boolean
  /** The types that it has, of those tried; all when not given. */
  readonly columns?: readonly (keyof typeof COLUMNS)[]
}

/** What every connector holds to. */
export function connectorConformance(name: string, tried: Tried): void {
  const folder = mkdtempSync(join(tmpdir(), 'galley-connector-'))
  const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'tmp') })
  afterAll(async () => {
    await engine.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const { connector, ending } = tried
  let last = 0
  const at = (n: string) => tried.place?.(n, folder) ?? join(folder, `${n}${ending}`)
  const fresh = () => at(`${name.replaceAll(' ', '-')}-${++last}`)
  const session = <T>(work: (query: Query) => Promise<T>) => engine.session(testContext(), work)
  const { signal, scope } = testContext()
  const reach = { signal, secret: resolveSecret, ...tried.reach }
  const write = async (columns: Columns, rows: Cells, path = fresh()) => {
    await session((query) => tried.write(path, columns, rows, query))
    return path
  }
  const load = (path: string, columns: Columns, more: { inPlace?: boolean; wanted?: Wanted } = {}) => {
    const kept = join(folder, `kept-${++last}`)
    mkdirSync(kept)
    const spec = tried.spec(path, columns)
    return session(async (query) => {
      const parts: Part[] = []
      for await (const part of connector.parts?.(spec, path, reach) ?? []) parts.push(part)
      const about = { ...reach, scope, progress: () => {}, query, keep: async (n: string) => join(kept, n), ...more }
      const got = await connector.snapshot(spec, path, { ...about, ...(connector.parts ? { parts } : {}) })
      // nothing is left but what is named
      expect(readdirSync(kept).map((n) => join(kept, n))).toEqual(got.files.filter((f) => f.startsWith(kept)))
      return got
    })
  }
  const rowsOf = ({ from, files, schema }: Pick<SourceSnapshot, 'from' | 'files' | 'schema'>) =>
    collect(engine, build({ op: 'scan', from: from ?? { kind: 'parquet', files }, schema }))
  const names = tried.columns ?? (Object.keys(COLUMNS) as (keyof typeof COLUMNS)[])
  const columns = Object.fromEntries(names.map((n) => [n, COLUMNS[n]]))
  const only = <T>(rows: readonly (readonly T[])[]) =>
    rows.map((r) => names.map((n) => r[Object.keys(COLUMNS).indexOf(n)] as T))

  describe(`${name}: a connector`, () => {
    test.each([true, false])('gives values of every type, in order; in place: %s', async (inPlace) => {
      const path = await write(columns, only(ROWS))
      const got = await load(path, columns, { inPlace })
      expect(await rowsOf(got)).toEqual(only<unknown>(VALUES))
      expect(got).toMatchObject({ rows: 4, rejected: {} })
      expect(got.schema.map((f) => f.type)).toEqual(Object.values(columns).map((t) => parseType(t)))
      const some = await load(path, { text: 'string', id: 'int64' }, { inPlace })
      expect((await rowsOf(some))[0]).toEqual(['서울, "한강"', 9223372036854775807n])
    })

    test('proposes columns that can be loaded', async () => {
      const path = await write(columns, only(ROWS))
      const temp = async () => join(folder, `temp-${++last}`)
      const { options } = tried.spec(path, columns)
      const found = await session((query) => connector.discover(path, 100, { ...reach, query, temp, options }))
      expect(found).toMatchObject({ broken: 0, connector: connector.kind })
      expect(found.columns.map((c) => c.name)).toEqual(names)
      // of what is read in parts, the first are looked at
      if (!connector.parts) {
        expect(found).toMatchObject({ rows: 4, whole: true })
        expect(found.columns.map((c) => [c.values, c.missing])).toEqual(names.map(() => [3, 1]))
      }
      expect(found.columns.every((c) => c.evidence !== '' && c.examples.length > 0)).toBe(true)
      expect((await load(path, Object.fromEntries(found.columns.map((c) => [c.name, c.type])))).rows).toBe(4)
    })

    test.runIf(ending !== undefined)('gives the same when it is opened by a guard', async () => {
      const path = await write(columns, only(ROWS))
      const kept = join(folder, `kept-${++last}`)
      mkdirSync(kept)
      const never = () => Promise.reject(new Error('asked here'))
      const guard = openGuard({ temp: () => join(folder, `opened-${++last}`), memoryMiB: 256, threads: 1 })
      try {
        const about = { ...reach, scope, progress: () => {}, query: never, keep: async (n: string) => join(kept, n) }
        const got = await guard.snapshot(connector.kind, tried.spec(path, columns), path, about)
        expect(await rowsOf(got)).toEqual(only<unknown>(VALUES))
        const temp = async () => join(folder, `temp-${++last}`)
        const asked = { ...reach, query: never, temp, options: tried.spec(path, columns).options }
        const found = await guard.discover(connector.kind, path, 100, asked)
        const here = await session((query) => connector.discover(path, 100, { ...asked, query }))
        const sorted = (d: Discovery) => ({ ...d, columns: d.columns.map((c) => ({ ...c, examples: [...c.examples].sort() })) }) // biome-ignore format: one line
        expect(sorted(found)).toEqual(sorted(JSON.parse(JSON.stringify(here)) as Discovery))
      } finally {
        await guard.close()
      }
    })

    test('takes names and paths as they are', async () => {
      const odd = { '이름 "x"': 'string', "it's/~1": 'int64', __proto: 'int64' } as const
      for (const file of ["it's [1]*.x", '판매 #1%20?', 'x=1'])
        expect(await rowsOf(await load(await write(odd, [['a', '1', '2']], at(file)), odd))).toEqual([['a', 1n, 2n]])
    })

    test('refuses what is not there, and what is of another type', async () => {
      const path = await write({ amount: 'int64' }, [['1']])
      await expect(load(path, { amont: 'int64' })).rejects.toMatchObject({
        code: 'PLAN_UNKNOWN_COLUMN',
        fix: expect.stringContaining('amount'),
      })
      await expect(load(path, { amount: 'date' })).rejects.toMatchObject({
        code: expect.stringMatching(/^SOURCE_(SCHEMA|BROKEN)$/),
        fix: expect.any(String),
      })
      await expect(load(at('nowhere'), { amount: 'int64' })).rejects.toMatchObject({
        code: 'SOURCE_MISSING',
        what: expect.any(String),
        fix: expect.any(String),
      })
    })

    test('gives the rows that are needed, whatever of it is left to the source', async () => {
      const rows = Array.from({ length: 50 }, (_, i) => [String(i), i % 7 === 0 ? null : `v${i % 5}`, String(i % 3)])
      const three = { id: 'int64', text: 'string', more: 'int64' } as const
      const path = await write(three, rows)
      const all = await rowsOf(await load(path, three))
      const where = [
        { column: 'id', is: 'ge', value: '10', type: 'int64' },
        { column: 'text', is: 'not null' },
      ] as const
      const pushes = connector.pushes?.(tried.spec(path, three)) ?? []
      if (pushes.length === 0) return expect(all.length).toBe(50)
      const wanted: Wanted = {
        columns: pushes.includes('columns') ? ['id', 'text'] : ['id', 'text', 'more'],
        where: pushes.includes('filters') ? where : [],
      }
      const got = await load(path, three, { wanted })
      expect(got.pushed?.length).toBeGreaterThan(0)
      expect(got.schema.map((f) => f.name)).toEqual(Object.keys(three))
      // the plan holds to its conditions whatever came
      const fits = (r: readonly unknown[]) => (r[0] as bigint) >= 10n && r[1] !== null
      const read = (r: readonly (readonly unknown[])[]) => r.filter(fits).map((x) => x.slice(0, 2))
      expect(read(await rowsOf(got))).toEqual(read(all))
      if (pushes.includes('filters') && !tried.ignores) expect(got.rows).toBeLessThan(50)
    })

    test('knows what changed, and stops when it is asked to', async () => {
      const path = await write({ a: 'int64' }, [['1']])
      const spec = tried.spec(path, { a: 'int64' })
      const first = await connector.fingerprint(spec, path, reach)
      expect(await connector.fingerprint(spec, path, reach)).toEqual(first)
      if (ending === undefined) await write({ a: 'int64' }, [['1'], ['2']], path)
      else appendFileSync(path, ' ')
      // where a recipe says what there is, it says something else now
      const now = tried.spec(path, { a: 'int64' })
      expect((await connector.fingerprint(now, path, reach)).hash).not.toBe(first.hash)
      const stopped = engine.session({ ...testContext(), signal: AbortSignal.abort() }, async () => {})
      await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' })
    })

    test(`killed ${KILLS} times while it reads, the next one gives the same rows`, {
      timeout: 60_000 + KILLS * 30_000,
    }, async () => {
      const two = { id: 'int64', text: 'string' } as const
      const rows = Array.from({ length: 20_000 }, (_, i) => [String(i), `값 ${i % 97}`])
      const path = await write(two, rows)
      const own = join(folder, `killed-${++last}`)
      const spec = tried.spec(path, two)
      for (let kill = 0; kill < KILLS; kill++) await readElsewhere(spec, path, own, (kill * 37) % 200, tried.store)
      const files = (await readElsewhere(spec, path, own, undefined, tried.store)) as string[]
      const schema = Object.entries(two).map(([n, type]) => ({ name: n, type: parseType(type), nullable: true }))
      const got = await rowsOf({ files, schema })
      expect(got.length).toBe(rows.length)
      expect(got).toEqual(rows.map(([id, text]) => [BigInt(id as string), text]))
    })

    if (ending !== undefined)
      brokenFiles({ folder, write, load, rowsOf, columns, rows: only(ROWS), values: only<unknown>(VALUES) })
  })
}
