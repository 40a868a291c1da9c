import { afterAll, expect, test } from 'vitest'
import { count, max, mean, min, sum } from '../../plan/aggregates.ts'
import { plan } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import { asBag, collect, testContext } from '../conformance/compare.ts'
import { isGaps } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { type Device, openDevice } from './device.ts'
import { createWebgpuEngine } from './index.ts'

const host = createReferenceEngine()
let device: Promise<Device> | undefined
const open = () => (device ??= openDevice())
const engine = createWebgpuEngine({ host, open, memoryMiB: 256 })
/** Few rows at a time, so that groups meet again in later segments. */
const small = createWebgpuEngine({ host, open, memoryMiB: 256, segment: 7 })
afterAll(() => engine.close())

const COLUMNS = { key: 'string', n: 'int64', i: 'int32', x: 'float64', yes: 'bool', at: 'timestamp' } as const
const table = (rows: readonly (readonly unknown[])[]) => scan({ kind: 'rows', rows: rows as never }, COLUMNS)
const many = table(
  Array.from({ length: 100 }, (_, k) => [
    k % 9 === 0 ? null : `k${k % 5}`,
    k % 11 === 0 ? null : String((BigInt(k) - 50n) * 1_000_000_007n),
    (k * 7919) % 101,
    [Number.NaN, -0, 0, Infinity, 1.5][k % 5],
    k % 4 === 0 ? null : k % 3 === 0,
    String(k * 1_000_003),
  ]),
)
const summed = many.aggregate(['key'], (r) => ({
  rows: count(),
  there: count(r.n),
  total: sum(r.n),
  middle: mean(r.i),
  share: mean(r.yes),
  least: min(r.n),
  most: max(r.n),
  first: min(r.at),
  last: max(r.at),
  low: min(r.x),
  high: max(r.x),
  small: min(r.i),
  large: max(r.i),
}))

test.each([
  ['in one segment', engine],
  ['over many segments', small],
])('groups and their aggregates, %s', async (_, e) => {
  expect(asBag(await collect(e, summed.node))).toEqual(asBag(await collect(host, summed.node)))
  for (const by of [[], ['x'], ['yes', 'key'], ['at'], ['i', 'x']] as const) {
    const { node } = many.filter((r) => r.i.lt(60)).aggregate([...by], (r) => ({ n: count(), most: max(r.n) }))
    expect(asBag(await collect(e, node))).toEqual(asBag(await collect(host, node)))
  }
})

test('no rows: one of nothing where there are no keys, none where there are', async () => {
  const none = many.filter((r) => r.i.lt(-1))
  const all = none.aggregate([], (r) => ({ n: count(), s: sum(r.n), m: max(r.n) })).node
  expect(await collect(engine, all)).toEqual([[0n, null, null]])
  expect(await collect(engine, none.aggregate(['key'], () => ({ n: count() })).node)).toEqual([])
  expect(await collect(engine, table([]).aggregate([], () => ({ n: count() })).node)).toEqual([[0n]])
})

test('a sum is exact beyond 64 bits on its way, and fails where it ends there', async () => {
  const big = (2n ** 63n - 1n).toString()
  const least = (-(2n ** 63n)).toString()
  const of = (...ns: string[]) =>
    table(ns.map((n) => ['a', n, 0, 0, true, '0'])).aggregate([], (r) => ({ s: sum(r.n) })).node
  for (const e of [engine, small]) {
    const back = [...Array.from({ length: 40 }, () => big), ...Array.from({ length: 40 }, () => least), '40', '-7']
    expect(await collect(e, of(...back))).toEqual([[-7n]])
    expect(await collect(e, of(least, '0'))).toEqual([[-(2n ** 63n)]])
    for (const over of [
      [big, '1'],
      [least, '-1'],
    ])
      await expect(collect(e, of(...over))).rejects.toMatchObject({ code: 'VALUE_INVALID' })
  }
})

test('what comes down are the groups, and how many', async () => {
  const prepared = engine.prepare(plan(many.aggregate(['i'], (r) => ({ rows: count(), most: max(r.n) })).node))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const ctx = testContext()
  let groups = 0
  for await (const batch of (await prepared.run(ctx, 'batches')).batches()) groups += batch.rows
  expect(groups).toBe(100)
  // a key and whether it is there; the rows; the present values of the largest and its two words
  expect(ctx.ledger.total()).toMatchObject({ readbacks: 2, down: 8 + groups * 4 * (2 + 1 + 3) })
})
