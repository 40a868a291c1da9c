import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { count, sum } from '../../plan/aggregates.ts'
import { plan } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import { asBag, collect, testContext } from '../conformance/compare.ts'
import { isGaps } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createDuckdbEngine } from './index.ts'
import { partsOf } from './parts.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-parts-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the parts of a plan that ends in groups give its rows, each once', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => [
    i % 7 === 0 ? null : String((i % 31) - 15),
    i % 11 === 0 ? null : `t${i % 5}`,
    i / 4,
  ])
  const t = scan({ kind: 'rows', rows }, { n: 'int64', s: 'string', x: 'float64' })
  const reference = createReferenceEngine()
  for (const whole of [
    t.aggregate(['n'], (r) => ({ rows: count(), x: sum(r.x) })),
    t.aggregate(['s'], () => ({ rows: count() })).filter((r) => r.rows.gt(30)),
    t
      .select('s', 'n')
      .distinct()
      .derive((r) => ({ m: r.n.plus(1) })),
  ]) {
    const parts = partsOf(whole.node, 7) ?? []
    expect(parts).toHaveLength(7)
    const found = await Promise.all(parts.map((part) => collect(reference, part)))
    expect(asBag(found.flat())).toEqual(asBag(await collect(reference, whole.node)))
    expect(found.filter((some) => some.length > 0).length).toBeGreaterThan(2)
  }
  // no groups, a sort on top, and a key that can't be hashed
  for (const other of [
    t.filter((r) => r.n.gt(3)),
    t.aggregate(['n'], () => ({ k: count() })).sort('n'),
    t.aggregate(['x'], () => ({ k: count() })),
    t.aggregate([], () => ({ k: count() })),
  ])
    expect(partsOf(other.node, 7)).toBeUndefined()
})

test('groups of texts that do not fit in memory at once are computed all the same', async () => {
  const engine = createDuckdbEngine({ memoryMiB: 100, threads: 2, temp: join(folder, 'temp') })
  const file = join(folder, 'many.parquet')
  const groups = 3_000_000
  await engine.session(testContext(), (query) =>
    query(
      `COPY (SELECT i AS id, 'a text of so many bytes ' || i AS name FROM range(${groups}) t(i)) TO '${file}' (FORMAT parquet)`,
    ),
  )
  const { node } = scan({ kind: 'parquet', files: [file] }, { id: 'int64', name: 'string' }).aggregate(
    ['name'],
    (r) => ({
      rows: count(),
      last: sum(r.id),
    }),
  )
  const prepared = engine.prepare(plan(node))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const out = join(folder, 'out.parquet')
  expect((await prepared.run(testContext(), { parquet: out })).rows).toBe(groups)
  const [found] = await engine.session(testContext(), (query) =>
    query(`SELECT sum(last)::BIGINT AS total, count(DISTINCT last)::BIGINT AS different FROM '${out}'`),
  )
  expect(found).toEqual({ total: String((groups * (groups - 1)) / 2), different: String(groups) })
  let rows = 0
  for await (const batch of (await prepared.run(testContext(), 'batches')).batches(['rows'])) rows += batch.rows
  expect(rows).toBe(groups)
  expect(readdirSync(folder).filter((name) => name.includes('part-'))).toEqual([])
  await engine.close()
}, 120_000)
