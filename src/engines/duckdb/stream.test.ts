import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { testContext } from '../conformance/compare.ts'
import { isGaps } from '../engine.ts'
import { createDuckdbEngine } from './index.ts'

const folder = join(tmpdir(), `galley-stream-${process.pid}`)
const engine = createDuckdbEngine({ memoryMiB: 512, threads: 2, temp: folder })
afterAll(() => engine.close())

const ROWS = 300_000
const file = join(tmpdir(), `galley-stream-${process.pid}.parquet`)
const SCHEMA = [
  { name: 'i', type: 'int64', nullable: true },
  { name: 's', type: 'string', nullable: true },
] as const
const scan = async (): Promise<Node> => {
  await engine.session(testContext(), (query) =>
    query(
      `COPY (SELECT i, CASE WHEN i = ${ROWS - 50_000} THEN 'x' ELSE i::VARCHAR END AS s FROM range(${ROWS}) t(i)) TO '${file}' (FORMAT parquet)`,
    ),
  )
  return build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: [...SCHEMA] })
}
async function count(n: Node): Promise<number> {
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error('a gap')
  const relation = await prepared.run(testContext(), 'batches')
  let rows = 0
  for await (const batch of relation.batches()) rows += batch.rows
  return rows
}

describe('a stream gives every row, or fails', () => {
  const one = lit('1', 'int64')
  test.each<[string, Expr]>([
    ['a cast', { op: 'cast', arg: col('s'), to: 'int64', onError: 'fail' }],
    ['a division', call('intDiv', one, call('sub', col('i'), lit(String(ROWS - 50_000), 'int64')))],
    ['an overflow', call('mul', col('i'), lit('40000000000000', 'int64'))],
  ])('%s that fails in the middle of it', async (_, e) => {
    const input = await scan()
    await expect(count(build({ op: 'select', input, columns: [['n', e]] }))).rejects.toMatchObject({
      code: 'VALUE_INVALID',
    })
  })

  test.each([0, 1, 2047, 2048, 2049, 4096, 100_000])('%i rows', async (rows) => {
    const input = await scan()
    const some = build({ op: 'filter', input, predicate: call('lt', col('i'), lit(String(rows), 'int64')) })
    expect(await count(some)).toBe(rows)
  })
})
