import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { type Value, valueAt } from '../batch.ts'
import { testContext } from '../conformance/compare.ts'
import { isGaps, type Relation, type RunContext, type Sink } from '../engine.ts'
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
function run(n: Node, sink: Sink = 'batches', ctx: RunContext = testContext()): Promise<Relation> {
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error('a gap')
  return prepared.run(ctx, sink)
}
async function rowsOf(relation: Relation): Promise<number> {
  let rows = 0
  for await (const batch of relation.batches()) rows += batch.rows
  return rows
}
const count = async (n: Node): Promise<number> => rowsOf(await run(n))
const numbers = async (): Promise<Node> => build({ op: 'select', input: await scan(), columns: [['i', col('i')]] })

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

  test.each(['read as it comes', 'whose rows were counted'])('a file broken in its middle, %s', async (how) => {
    const out = join(tmpdir(), `galley-broken-${process.pid}.parquet`)
    const counted = await run(await numbers(), { parquet: out })
    const bytes = readFileSync(out)
    bytes.fill(0xff, bytes.length >> 1, bytes.length - 4096)
    writeFileSync(out, bytes)
    const from = { kind: 'parquet', files: [out] } as const
    const relation = how === 'read as it comes' ? await run(build({ op: 'scan', from, schema: [SCHEMA[0]] })) : counted
    await expect(rowsOf(relation)).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  })
})

describe('a result whose rows were counted', () => {
  test.each([0, 1, 2048, 150_001])('comes whole, in its order, at each pass: %i rows', async (rows) => {
    const predicate = call('lt', col('i'), lit(String(rows), 'int64'))
    const some = build({ op: 'filter', input: await numbers(), predicate })
    const relation = await run(some, { parquet: join(tmpdir(), `galley-counted-${process.pid}.parquet`) })
    expect(relation.rows).toBe(rows)
    for (const _ of ['once', 'twice']) {
      const read: Value[] = []
      for await (const { columns } of relation.batches())
        for (const column of columns) for (let i = 0; i < column.length; i++) read.push(valueAt(column, i))
      expect(read).toEqual(Array.from({ length: rows }, (_, i) => BigInt(i)))
    }
  })

  test('is no longer read once it is cancelled', async () => {
    const abort = new AbortController()
    const ctx = { ...testContext(), signal: abort.signal }
    const relation = await run(
      await numbers(),
      { parquet: join(tmpdir(), `galley-counted-${process.pid}.parquet`) },
      ctx,
    )
    let batches = 0
    const reading = async () => {
      for await (const batch of relation.batches()) if (batch.rows > 0 && ++batches === 3) abort.abort()
    }
    await expect(reading()).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(batches).toBe(3)
  })
})

test('texts come as they are, however many there are: short ones, long ones, repeated ones', async () => {
  const turn = call('mod', col('i'), lit('7000', 'int64'))
  const texts = [col('i'), turn, call('concat', lit('a text of so many bytes ', 'string'), col('s'))].map(
    (arg, c): [string, Expr] => [`t${c}`, { op: 'cast', arg, to: 'string', onError: 'fail' }],
  )
  const relation = await run(build({ op: 'select', input: await scan(), columns: [['i', col('i')], ...texts] }))
  let wrong = 0
  for await (const { columns, rows } of relation.batches())
    for (let row = 0; row < rows; row++) {
      const [i, ...given] = columns.map((c) => valueAt(c, row))
      const s = Number(i) === ROWS - 50_000 ? 'x' : String(i)
      if (given.join('|') !== [String(i), String(Number(i) % 7000), `a text of so many bytes ${s}`].join('|')) wrong++
    }
  expect(wrong).toBe(0)
})
