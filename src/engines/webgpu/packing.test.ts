import { afterAll, expect, test } from 'vitest'
import type { Literal } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Type } from '../../plan/types.ts'
import { asBag, collect, testContext } from '../conformance/compare.ts'
import { isGaps } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createWebgpuEngine } from './index.ts'
import { packed } from './packing.ts'

const reference = createReferenceEngine()
const engine = createWebgpuEngine({
  host: reference,
  memoryMiB: 64,
  say: (why) => {
    throw new Error(`it went to the host: ${why}`)
  },
})
afterAll(() => engine.close())

const longs = (values: readonly bigint[]) => new Uint32Array(BigInt64Array.from(values).buffer)
const range = (n: number) => Array.from({ length: n }, (_, i) => i)

test('whole numbers go up as steps from the least of them, in as few bytes as hold these', () => {
  const of = (value: (i: number) => bigint) =>
    packed({ rep: 'vec2u', words: longs(range(500).map((i) => value(i))), validity: null }, 'int64', 500)
  expect(of((i) => BigInt(i % 200) - 100n)).toMatchObject({ bytes: 1, base: -100, step: 1 })
  expect(of((i) => 978_307_200_000_000n + BigInt(i) * 60_000_000n)).toMatchObject({ bytes: 2, step: 60_000_000 })
  expect(of((i) => BigInt(i) * 8_000_000n + BigInt(i % 2))).toMatchObject({ bytes: 4, step: 1 })
  // one value alone has no step
  expect(of(() => 7n)).toMatchObject({ bytes: 1, base: 7, step: 1 })
  // too far apart, or beyond what a double tells apart
  expect(of((i) => BigInt(i) * 2n ** 40n + BigInt(i % 2))).toBeUndefined()
  expect(of((i) => 2n ** 62n + BigInt(i))).toBeUndefined()
  expect(
    packed({ rep: 'vec2u', words: longs(range(500).map(() => 0n)), validity: null }, 'float64', 500),
  ).toBeUndefined()
})

test.each<[Type, (i: number) => Literal, bytes: number]>([
  ['int64', (i) => String(i % 7 === 0 ? -(2 ** 40) : -(2 ** 40) + i), 2],
  ['int64', (i) => (i % 3 === 0 ? null : String(i * 1_000_003 + (i % 5))), 4],
  ['int32', (i) => (i === 5 ? -2_147_483_648 : 2_147_483_647 - i), 4],
  ['int32', (i) => i % 250, 1],
  ['timestamp', (i) => String(-4_000_000_000_000_000 + i * 3_600_000_000), 2],
  ['date', (i) => (i % 5 === 0 ? null : i - 1000), 2],
  [{ decimal: [9, 2] }, (i) => `${i % 90}.25`, 1],
  ['string', (i) => `w${i % 300}`, 2],
  ['string', (i) => (i % 4 === 0 ? null : `w${i % 30}`), 1],
])('a column of %s comes back as it went up', async (type, value, bytes) => {
  const rows = range(3000)
  const scan = build({
    op: 'scan',
    from: { kind: 'rows', rows: rows.map((i) => [value(i), i % 2 === 0]) },
    schema: [
      { name: 'x', type, nullable: true },
      { name: 'odd', type: 'bool', nullable: true },
    ],
  })
  const n: Node = build({ op: 'filter', input: scan, predicate: { op: 'col', name: 'odd' } })
  expect(asBag(await collect(engine, n))).toEqual(asBag(await collect(reference, n)))
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const ctx = testContext()
  for await (const _ of (await prepared.run(ctx, 'batches')).batches());
  const { up } = ctx.ledger.total()
  expect(up).toBeGreaterThanOrEqual(3000 * bytes)
  expect(up).toBeLessThan(3000 * bytes + 1200)
})
