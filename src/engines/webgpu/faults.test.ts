import { afterAll, expect, test } from 'vitest'
import { type Agg, call, col, type Literal, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { asBag, collect } from '../conformance/compare.ts'
import { isGaps } from '../engine.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { type Device, openDevice } from './device.ts'
import { createWebgpuEngine } from './index.ts'

const reference = createReferenceEngine()
const opened: Device[] = []
const open = async (): Promise<Device> => {
  const device = await openDevice()
  opened.push(device)
  return device
}
afterAll(() => {
  for (const device of opened) device.close()
})

const scan = (rows: readonly (readonly Literal[])[]): Node =>
  build({
    op: 'scan',
    from: { kind: 'rows', rows },
    schema: [
      { name: 'k', type: 'string', nullable: true },
      { name: 'x', type: 'float64', nullable: true },
      { name: 'i', type: 'int64', nullable: true },
    ],
  })
const some = (n: number): Node => scan(Array.from({ length: n }, (_, i) => [`k${i % 5}`, (i % 64) / 4, String(i * 7)]))
const AGGS: readonly Agg[] = [
  { fn: 'sum', arg: col('x') },
  { fn: 'quantile', arg: col('x'), param: 0.5 },
  { fn: 'max', arg: col('i') },
]
const grouped = (input: Node): Node =>
  build({ op: 'aggregate', input, by: ['k'], aggs: AGGS.map((a, i) => [`g${i}`, a] as const) })

/** An engine on a device that is the real one but for what is given. */
function engineOn(device: () => Promise<Device>) {
  const said: string[] = []
  const engine = createWebgpuEngine({ host: reference, memoryMiB: 256, open: device, say: (why) => said.push(why) })
  return { engine, said }
}

test('a column that one binding does not hold goes to the host where it has to be whole, and in parts elsewhere', async () => {
  const real = await open()
  const { engine, said } = engineOn(async () => ({ ...real, largestBuffer: 1 << 15 }))
  const rows = some(20_000)
  const sorted = build({ op: 'sort', input: rows, keys: [{ by: col('i'), descending: true }] })
  expect(await collect(engine, sorted)).toEqual(await collect(reference, sorted))
  expect(said).toHaveLength(1)
  expect(said[0]).toContain("the device's largest holds 32768")
  const chain = build({ op: 'filter', input: rows, predicate: call('gt', col('i'), lit('100', 'int64')) })
  expect(asBag(await collect(engine, chain))).toEqual(asBag(await collect(reference, chain)))
  expect(said).toHaveLength(1)
})

test('columns that together are more than one buffer holds are kept in several', async () => {
  const real = await open()
  const { engine, said } = engineOn(async () => ({ ...real, largestBuffer: 1 << 18 }))
  const n = grouped(some(9000))
  expect(asBag(await collect(engine, n))).toEqual(asBag(await collect(reference, n)))
  // either way the answer is right; where a buffer is too large the host says so
  for (const why of said) expect(why).toContain("the device's largest holds")
}, 120_000)

test.each([3, 12, 40])(
  'a device that is lost at its %dth buffer: the host computes, and the next run opens another',
  async (nth) => {
    let calls = 0
    const devices: Device[] = []
    const { engine, said } = engineOn(async () => {
      const real = await open()
      devices.push(real)
      if (devices.length > 1) return real
      const gpu = new Proxy(real.gpu, {
        get(target, name) {
          const own = Reflect.get(target, name) as unknown
          if (name === 'createBuffer')
            return (d: GPUBufferDescriptor) => {
              if (++calls === nth) target.destroy()
              return target.createBuffer(d)
            }
          return typeof own === 'function' ? own.bind(target) : own
        },
      })
      return { ...real, gpu }
    })
    const n = grouped(some(500))
    const expected = asBag(await collect(reference, n))
    expect(asBag(await collect(engine, n))).toEqual(expected)
    expect(said).toHaveLength(1)
    expect(asBag(await collect(engine, n))).toEqual(expected)
    expect([said.length, devices.length]).toEqual([1, 2])
  },
  60_000,
)

test('columns without any value, and no rows, through groups, windows and functions of texts', async () => {
  const { engine, said } = engineOn(open)
  for (const rows of [[], Array.from({ length: 100 }, () => [null, null, null])]) {
    const input = scan(rows)
    const window = build({
      op: 'window',
      input,
      by: ['k'],
      order: [{ by: col('i'), descending: false }],
      columns: [
        ['w', { fn: 'aggregate', agg: { fn: 'max', arg: col('x') }, frame: { unit: 'rows', from: -1, to: 1 } }],
      ],
    })
    const texts = build({
      op: 'derive',
      input,
      columns: [
        ['lower', call('lower', col('k'))],
        ['less', call('lt', col('k'), lit('b', 'string'))],
        ['local', { op: 'cast', arg: col('k'), to: 'int64', onError: 'null' }],
      ],
    })
    for (const n of [grouped(input), window, texts])
      expect(asBag(await collect(engine, n))).toEqual(asBag(await collect(reference, n)))
  }
  expect(said).toEqual([])
}, 120_000)

test('functions of a million different texts', async () => {
  const { engine, said } = engineOn(open)
  const input = scan(Array.from({ length: 1_000_000 }, (_, i) => [`  W${i}`, null, null]))
  const n = build({
    op: 'filter',
    input: build({ op: 'derive', input, columns: [['low', call('lower', call('trim', col('k')))], ['n', call('length', col('k'))]] }), // biome-ignore format: one line
    predicate: call('endsWith', col('k'), lit('99999', 'string')),
  })
  const got = await collect(engine, n)
  expect(got.map((row) => [row[3], row[4]])).toEqual(Array.from({ length: 10 }, (_, i) => [`w${i === 0 ? '' : i}99999`, i === 0 ? 8n : 9n])) // biome-ignore format: one line
  expect(said).toEqual([])
}, 120_000)

test('a function of no text but a missing one', async () => {
  const { engine, said } = engineOn(open)
  const none = { op: 'cast', arg: call('hash32', lit(null, 'string')), to: 'int32', onError: 'fail' } as const
  const n = build({
    op: 'derive',
    input: some(10),
    columns: [
      ['h', { op: 'case', when: [[call('gt', col('i'), lit('20', 'int64')), none]], otherwise: lit(3, 'int32') }],
    ],
  })
  expect(isGaps(engine.prepare(plan(n)))).toBe(false)
  expect(asBag(await collect(engine, n))).toEqual(asBag(await collect(reference, n)))
  expect(said).toEqual([])
})
