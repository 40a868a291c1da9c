import { afterAll, expect, test } from 'vitest'
import { type Agg, col, type Frame, type Literal } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { asBag, collect } from '../conformance/compare.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { createWebgpuEngine } from './index.ts'

const reference = createReferenceEngine()
const engine = createWebgpuEngine({
  host: reference,
  memoryMiB: 256,
  say: (why) => {
    throw new Error(`it went to the host: ${why}`)
  },
})
afterAll(() => engine.close())

const HOUR = 3_600_000_000
const SPECIAL = [Infinity, -Infinity, Number.NaN, -0, 2 ** 900, -(2 ** 900)]
const scan = (n: number, x: (i: number) => Literal): Node =>
  build({
    op: 'scan',
    from: { kind: 'rows', rows: Array.from({ length: n }, (_, i) => [i % 9 === 0 ? null : `k${(i * 7) % 3}`, x(i), i % 5 === 0 ? null : String(i * 31 - 400), i % 4 === 0 ? null : (i % 7) / 2, String(((i * 37) % 211) * (HOUR / 4)), String(i)]) }, // biome-ignore format: one line
    schema: [
      { name: 'k', type: 'string', nullable: true },
      { name: 'x', type: 'float64', nullable: true },
      { name: 'i', type: 'int64', nullable: true },
      { name: 'f', type: 'float32', nullable: true },
      { name: 't', type: 'timestamp', nullable: true },
      { name: 'id', type: 'int64', nullable: false },
    ],
  })
const AGGS: Named<Agg> = [
  ['sx', { fn: 'sum', arg: col('x') }],
  ['mf', { fn: 'mean', arg: col('f') }],
  ['least', { fn: 'min', arg: col('x') }],
  ['most', { fn: 'max', arg: col('x') }],
  ['li', { fn: 'min', arg: col('i') }],
  ['mf32', { fn: 'max', arg: col('f') }],
  ['last', { fn: 'max', arg: col('t') }],
]
const rolling = (input: Node, over: number): Node =>
  build({ op: 'asof', left: build({ op: 'select', input, columns: [['id', col('id')], ['k', col('k')], ['t', col('t')]] }), right: build({ op: 'rolling', input, by: ['k'], on: 't', over, aggs: AGGS }), by: [['k', 'k']], at: 't', on: 't' }) // biome-ignore format: one line
const framed = (input: Node, frame: Frame): Node =>
  build({ op: 'window', input, by: ['k'], order: [{ by: col('id'), descending: false }], columns: AGGS.map(([name, agg]) => [name, { fn: 'aggregate', agg, frame }]) }) // biome-ignore format: one line

const agree = async (n: Node) => expect(asBag(await collect(engine, n))).toEqual(asBag(await collect(reference, n)))

test('sums and means of floats and extremes over windows: of one, of many levels, of none', async () => {
  const input = scan(1500, (i) => (i % 6 === 0 ? null : ((i * 7919) % 1001) / 16 - 30))
  for (const over of [HOUR, 30 * HOUR, 1000 * HOUR]) await agree(rolling(input, over))
  for (const frame of [
    { unit: 'rows', from: -40, to: 0 },
    { unit: 'rows', from: null, to: null },
  ] as const)
    await agree(framed(input, frame))
}, 120_000)

test('one endless value is in the windows that hold it, and in no other', async () => {
  const input = scan(300, (i) => (i % 50 === 3 ? (SPECIAL[(i / 50) | 0] as number) : (i % 16) / 4))
  await agree(rolling(input, 2 * HOUR))
  await agree(framed(input, { unit: 'rows', from: -3, to: 1 }))
}, 120_000)
