import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { valueAt } from '../../engines/batch.ts'
import { testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine, type DuckdbEngine } from '../../engines/duckdb/index.ts'
import { isGaps } from '../../engines/engine.ts'
import { type Node, plan } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import type { Access } from './access.ts'
import { profile } from './profile.ts'
import type { ColumnProfile, Profile } from './types.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-profile-'))
const file = join(folder, 'large.parquet')
const N = 300_000
const COLUMNS = {
  id: 'int64',
  at: 'timestamp',
  x: 'float64',
  shifted: 'float64',
  shuffled: 'int64',
  few: 'int64',
  city: 'string',
  note: 'string',
  unique: 'string',
  day: 'date',
  late: 'bool',
  gap: 'float64',
} as const
const engineOf = (threads: number) =>
  createDuckdbEngine({ memoryMiB: 512, threads, temp: join(folder, `spill-${threads}`) })
const engine = engineOf(2)
beforeAll(() =>
  engine.session(testContext(), (query) =>
    query(`COPY (SELECT i AS id, make_timestamp(1600000000000000 + i * 61000000) AS at,
      CASE WHEN i = 5 THEN 1e15 ELSE (((i * 7919) % ${N}) * 1.0) ** 2 END AS x, 1e9 + ((i * 7919) % ${N}) / 7 AS shifted,
      (i * 7919) % ${N} AS shuffled, i % 8 AS few, ['Seoul', 'Busan', '대전 '][1 + (i % 3)] AS city,
      CASE WHEN i % 10 < 3 THEN 'the same long note again' ELSE 'note ' || (i * 31 % 200000) || ' of a day' END AS note,
      'u' || ((i * 7919) % ${N}) AS unique, DATE '2020-01-01' + (i % 900)::INTEGER AS day, i % 8 < 2 AS late,
      CASE WHEN i % 4 > 0 THEN ((i * 13) % 100003) / 3 END AS gap
      FROM range(${N}) t(i)) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 20480)`),
  ),
)
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const accessOf = (e: DuckdbEngine): Access => {
  const run = async (n: Node) => {
    const prepared = e.prepare(plan(n))
    if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
    return prepared.run(testContext(), 'batches')
  }
  return {
    read: async function* (n) {
      yield* (await run(n)).batches()
    },
    async collect(n) {
      const rows = []
      for await (const b of (await run(n)).batches())
        for (let i = 0; i < b.rows; i++)
          rows.push(Object.fromEntries(b.columns.map((c, k) => [b.schema[k]?.name ?? '', valueAt(c, i)])))
      return rows
    },
  }
}
const table = scan({ kind: 'parquet', files: [file] }, COLUMNS).node
const one = (p: Profile, name: string): ColumnProfile => {
  const found = p.columns.find((c) => c.name === name)
  if (!found) throw new Error(name)
  return found
}

test('a large table: few values exactly, many in one pass with stated errors', { timeout: 120_000 }, async () => {
  const p = await profile(table, accessOf(engine), { target: 'late' })
  expect(p.rows).toBe(N)
  // exact: what grows, and what has few values
  for (const [name, distinct] of [
    ['id', N],
    ['at', N],
    ['few', 8],
    ['city', 3],
    ['day', 900],
  ] as const)
    expect([one(p, name).distinct, one(p, name).distinctError]).toEqual([distinct, undefined])
  expect([one(p, 'id').increasing, one(p, 'x').increasing]).toEqual([true, false])
  expect(p.keys).toEqual(['id', 'at'])
  expect(p.likelyKeys).toEqual(expect.arrayContaining(['shuffled', 'unique']))
  expect(p.likelyKeys).not.toContain('gap')
  // estimated: five standard errors
  for (const [name, distinct] of [
    ['x', N],
    ['shuffled', N],
    ['unique', N],
    ['gap', 100_003],
  ] as const) {
    const { distinct: estimate, distinctError } = one(p, name)
    expect(distinctError).toBe(0.0081)
    expect(Math.abs((estimate ?? 0) / distinct - 1)).toBeLessThan(5 * 0.0081)
  }
  // quantiles within their stated error, near and far from 0
  const squares = Array.from({ length: N }, (_, i) => i ** 2)
  const exact = {
    x: squares,
    shuffled: squares.map(Math.sqrt),
    shifted: squares.map((s) => 1e9 + Math.sqrt(s) / 7),
  }
  for (const [name, sorted] of Object.entries(exact)) {
    const stats = one(p, name).number
    const error = stats?.quantileError ?? 0
    for (const [i, q] of [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].entries()) {
      const rank = Math.round(q * (N - 1))
      const [low = 0, at = 0, high = 0] = [sorted[rank - 1], sorted[rank], sorted[rank + 1]]
      expect(Math.abs((stats?.quantiles[i] ?? 0) - at)).toBeLessThanOrEqual(error + high - low)
    }
    expect(error).toBeLessThan(((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)) / 500)
  }
  expect(one(p, 'x').number).toMatchObject({ min: 0, max: 1e15, zeros: 1, nan: 0 })
  expect(one(p, 'shuffled').number?.mean).toBeCloseTo((N - 1) / 2, 6)
  expect(one(p, 'shuffled').number?.stddev).toBeCloseTo(Math.sqrt((N * (N + 1)) / 12), 3)
  const h = one(p, 'x').histogram
  expect((h?.counts.reduce((a, b) => a + b, 0) ?? 0) + (h?.above ?? 0) + (h?.below ?? 0)).toBe(N)
  expect(p.warnings.map((w) => `${w.code} ${w.columns}`)).toContain('extremes x')
  // texts of many values
  expect(one(p, 'note')).toMatchObject({
    text: { shortest: 15, longest: 24, empty: 0, padded: 0 },
    top: [{ value: 'the same long note again', count: 90_000 }],
  })
  expect(one(p, 'unique').top).toEqual([])
  expect(one(p, 'city').text).toMatchObject({ padded: 100_000 })
  expect(one(p, 'unique').patterns?.[0]?.pattern).toBe('a999999')
  // time, and what moves the target
  expect(one(p, 'at').time?.min).toBe('2020-09-13T12:26:40Z')
  expect(one(p, 'at').histogram?.counts.reduce((a, b) => a + b, 0)).toBe(N)
  expect(p.target?.features[0]).toMatchObject({ column: 'few', strength: 1 })
  expect(p.target?.features.find((f) => f.column === 'shuffled')?.bins).toHaveLength(10)
  expect(p.sampled).toMatchObject({ duplicates: { share: 0, exact: true }, missing: [{ columns: ['gap'] }] })
  expect(Math.abs((p.sampled?.rows ?? 0) - 50_000)).toBeLessThan(1500)
  expect(Math.abs((p.sampled?.missing[0]?.share ?? 0) - 0.25)).toBeLessThan(0.01)
})

test('the same profile whatever the threads', { timeout: 120_000 }, async () => {
  const single = engineOf(1)
  const [a, b] = [await profile(table, accessOf(engine)), await profile(table, accessOf(single))]
  await single.close()
  expect(JSON.stringify(a)).toBe(JSON.stringify(b))
})

test.each([
  ['two columns of few values before one of many', 'i % 2 AS y, i % 12 AS m, i * 0.37 AS x', [2, 12, N]],
  ['a few different rows, again and again', 'i % 3 AS y, i % 3 AS m, (i % 3) * 0.5 AS x', [3, 3, 3]],
] as const)('%s have a sample that is neither empty nor the table', { timeout: 120_000 }, async (_, sql, distinct) => {
  const path = join(folder, `${distinct.join('-')}.parquet`)
  await engine.session(testContext(), (query) =>
    query(`COPY (SELECT ${sql} FROM range(${N}) t(i)) TO '${path}' (FORMAT parquet)`),
  )
  const t = scan({ kind: 'parquet', files: [path] }, { y: 'int64', m: 'int64', x: 'float64' })
  const p = await profile(t.node, accessOf(engine))
  expect(p.sampled?.rows).toBeGreaterThan(20_000)
  expect(p.sampled?.rows).toBeLessThanOrEqual(100_000)
  expect(p.columns.map((c) => c.distinct)).toEqual(distinct)
})
