import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { count, countDistinct } from '../../plan/aggregates.ts'
import type { Literal } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { type Table, table } from '../../plan/table.ts'
import type { Schema } from '../../plan/types.ts'
import { testContext } from '../conformance/compare.ts'
import { isGaps, type Sink } from '../engine.ts'
import { boundsOf } from './bitmaps.ts'
import { openInstance } from './connection.ts'
import { createDuckdbEngine } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-bitmaps-'))
const limits = { memoryMiB: 256, threads: 2, temp: join(folder, 'spill') }
const engine = createDuckdbEngine(limits)
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const SCHEMA: Schema = [
  { name: 'id', type: 'int64', nullable: true },
  { name: 'n', type: 'int32', nullable: true },
  { name: 'far', type: 'int64', nullable: true },
]
type Ids = { id: 'int64'; n: 'int32'; far: 'int64' }
const run = async (n: Node, sink: Sink) => {
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error('a gap')
  return prepared.run(testContext(), sink)
}
const filed = async (name: string, rows: Literal[][]): Promise<Table<Ids>> => {
  const file = join(folder, `${name}.parquet`)
  await run(build({ op: 'scan', from: { kind: 'rows', rows }, schema: SCHEMA }), { parquet: file })
  return table<Ids>(build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: SCHEMA }))
}
const row = async (n: Node): Promise<number[]> => {
  for await (const b of (await run(n, 'batches')).batches())
    return b.columns.map((c) => (c.kind === 'fixed' ? Number(c.values[0]) : Number.NaN))
  return []
}
const bounds = async (n: Node) => {
  const instance = await openInstance(limits)
  try {
    return [...(await boundsOf(n, async () => instance, testContext())).keys()]
  } finally {
    instance.db.closeSync()
  }
}

describe('different integers are counted in a map of bits', () => {
  const rows: Literal[][] = Array.from({ length: 300 }, (_, i) => [
    i % 7 === 0 ? null : String((i % 100) - 50),
    i % 3,
    String(BigInt(i) * 9_000_000_000n),
  ])
  test('negative ones, nulls, repeated ones; not where the range is wide', async () => {
    const t = await filed('some', rows)
    const all = t.aggregate([], (r) => ({
      id: countDistinct(r.id),
      n: countDistinct(r.n),
      far: countDistinct(r.far),
      c: count(r.id),
    }))
    expect(await bounds(all.node)).toEqual(['id', 'n'])
    expect(await row(all.node)).toEqual([new Set(rows.map((r) => r[0]).filter((v) => v !== null)).size, 3, 300, 257])
  })
  test('under a filter, a renaming and a derived column; what is computed is counted as before', async () => {
    const t = await filed('under', rows)
    const renamed = t
      .filter((r) => r.n.eq(1))
      .derive((r) => ({ n: r.n.times(2) }))
      .rename({ id: 'key' }) as unknown as Table<{ key: 'int64'; n: 'int64' }>
    const some = renamed.aggregate([], (r) => ({ key: countDistinct(r.key), n: countDistinct(r.n) }))
    const kept = rows.filter((r) => r[1] === 1 && r[0] !== null)
    expect(await row(some.node)).toEqual([new Set(kept.map((r) => r[0])).size, 1])
  })
  test('no rows, and nulls alone', async () => {
    for (const [name, given] of [
      ['none', []],
      ['nulls', [[null, null, null]]],
    ] as [string, Literal[][]][]) {
      const t = await filed(name, given)
      expect(await row(t.aggregate([], (r) => ({ id: countDistinct(r.id) })).node)).toEqual([0])
    }
  })
  test('not by groups', async () => {
    const t = await filed('groups', rows)
    expect(await bounds(t.aggregate(['n'], (r) => ({ id: countDistinct(r.id) })).node)).toEqual([])
  })
})
