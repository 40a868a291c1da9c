import { afterAll, expect, test } from 'vitest'
import { type Agg, col, type Literal } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Type } from '../../plan/types.ts'
import { collect } from '../conformance/compare.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createWebgpuEngine } from './index.ts'

const reference = createReferenceEngine()
const said: string[] = []
const failed: string[] = []
const engine = createWebgpuEngine({
  host: reference,
  memoryMiB: 256,
  say: (why) => said.push(why),
  failed: (why) => failed.push(why),
})
afterAll(() => engine.close())

const TYPES: Readonly<Record<string, Type>> = {
  key: 'string',
  x: 'float64',
  f: 'float32',
  i: 'int64',
  n: 'int32',
  m: { decimal: [9, 2] },
  s: 'string',
  t: 'timestamp',
  b: 'bool',
}
type Row = Readonly<Record<string, Literal>>
const scan = (rows: readonly Row[]): Node =>
  build({
    op: 'scan',
    from: { kind: 'rows', rows: rows.map((r) => Object.keys(TYPES).map((name) => r[name] ?? null)) },
    schema: Object.entries(TYPES).map(([name, type]) => ({ name, type, nullable: true })),
  })
const grouped = (input: Node, by: readonly string[], aggs: readonly Agg[]): Node =>
  build({ op: 'aggregate', input, by, aggs: aggs.map((a, i) => [`g${i}`, a] as const) })

const NUMBERS = ['x', 'f', 'i', 'n', 'm']
const AGGS: readonly Agg[] = [
  // few: software drivers take seconds to compile each
  ...['x', 'm'].map((name): Agg => ({ fn: 'stddev', arg: col(name) })),
  { fn: 'variance', arg: col('i') },
  ...['f', 'n'].map((name): Agg => ({ fn: 'quantile', arg: col(name), param: 0.9 })),
  { fn: 'corr', arg: col('x'), arg2: col('i') },
  { fn: 'corr', arg: col('f'), arg2: col('m') },
  { fn: 'sum', arg: col('x') },
  { fn: 'sum', arg: col('m') },
]
const EXACT: readonly Agg[] = [
  ...Object.keys(TYPES).map((name): Agg => ({ fn: 'countDistinct', arg: col(name) })),
  { fn: 'min', arg: col('s') },
  { fn: 'max', arg: col('s') },
  ...NUMBERS.map((name): Agg => ({ fn: 'quantile', arg: col(name), param: 0.37 })),
]

const some = (n: number): Row[] =>
  Array.from({ length: n }, (_, i) => {
    const own = (k: number, value: Literal): Literal => (i % k === 1 ? null : value)
    const x = ((i * 7919) % 1001) / 16 - 30
    return {
      key: own(17, `k${(i * 31) % 7}`),
      x: own(5, x),
      f: own(6, ((i * 31) % 77) / 4),
      i: own(7, String(((i * 104_729) % 5003) - 900)),
      n: own(8, (i % 41) - 20),
      m: own(9, `${(i * 13) % 400}.25`),
      s: own(4, ['', 'a', 'B', '한글', '😀', '\uffff'][(i * 5) % 6] as string),
      t: own(3, String((i % 50) * 3_600_000_000)),
      b: own(2, i % 3 === 0),
    }
  })

/** The same but for the last digits of floats. */
async function agree(n: Node): Promise<void> {
  const sorted = (rows: Awaited<ReturnType<typeof collect>>) =>
    [...rows].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
  const [own, expected] = [sorted(await collect(engine, n)), sorted(await collect(reference, n))]
  expect(own.length).toBe(expected.length)
  for (const [r, row] of expected.entries())
    for (const [c, value] of row.entries()) {
      const got = own[r]?.[c]
      if (typeof value !== 'number' || !Number.isFinite(value)) expect(got, `row ${r}, column ${c}`).toEqual(value)
      else expect(Math.abs(Number(got) - value), `row ${r}, column ${c}: ${got} and ${value}`).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(value))) // biome-ignore format: one line
    }
}

test('deviations, quantiles and correlations of groups are those of the reference, and stay on the device', async () => {
  const input = scan(some(3000))
  await agree(grouped(input, ['key'], AGGS))
  await agree(grouped(input, [], AGGS))
  expect([said, failed]).toEqual([[], []])
}, 240_000)

test('different values, quantiles and the first and last texts of groups are exact', async () => {
  const input = scan(some(2000))
  for (const by of [['key'], ['b', 's'], []]) {
    const n = grouped(input, by, EXACT)
    const [own, expected] = [await collect(engine, n), await collect(reference, n)]
    const text = (rows: typeof own) => rows.map((row) => row.map(String).join(' | ')).sort()
    expect(text(own)).toEqual(text(expected))
  }
  expect([said, failed]).toEqual([[], []])
}, 240_000)

test('groups of one value, of none, of what is endless or no number', async () => {
  const rows: Row[] = [
    { key: 'one', x: 3, i: '4' },
    { key: 'none' },
    { key: 'endless', x: Infinity, i: '1' },
    { key: 'endless', x: 2, i: '2' },
    { key: 'nan', x: Number.NaN, i: '1' },
    { key: 'nan', x: 2, i: '5' },
    { key: 'same', x: 2, i: '7', s: 'a' },
    { key: 'same', x: 2, i: '9', s: 'a' },
  ]
  const few = [...AGGS, ...EXACT].filter((a) => a.arg?.op === 'col' && ['x', 's'].includes(a.arg.name))
  await agree(grouped(scan(rows), ['key'], few))
  await agree(grouped(scan([]), [], few))
  expect([said, failed]).toEqual([[], []])
}, 240_000)

test('numbers whose squares leave a float64 are the host’s', async () => {
  const n = grouped(scan([{ x: 2 ** 600 }, { x: -(2 ** 600) }, { x: 1 }]), [], [{ fn: 'stddev', arg: col('x') }])
  expect(await collect(engine, n)).toEqual(await collect(reference, n))
  expect(failed.length).toBe(1)
})
