import { afterAll, expect, test } from 'vitest'
import { call, col, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { asBag, collect, testContext } from '../conformance/compare.ts'
import { isGaps } from '../engine.ts'
import { createLedger } from '../ledger.ts'
import { createReferenceEngine } from '../reference/index.ts'
import type { Device } from './device.ts'
import { createWebgpuEngine } from './index.ts'
import { testDevice } from './learn/testing.ts'
import { DeviceMemory, sizeClass } from './memory.ts'
import { Transfers } from './transfers.ts'

const host = createReferenceEngine()
afterAll(async () => (await testDevice()).close())

/** The real device with buffers of its own, which counts what is really allocated; `refuses` the nth buffer. */
async function counting(refuses?: { readonly nth: number; readonly how: 'throws' | 'invalid' }) {
  const real = await testDevice()
  const bytes = { now: 0, most: 0 }
  let calls = 0
  const gpu = new Proxy(real.gpu, {
    get(target, name) {
      const own = Reflect.get(target, name) as unknown
      if (name === 'createBuffer')
        return (d: GPUBufferDescriptor) => {
          const refused = ++calls === refuses?.nth
          if (refused && (refuses.how === 'throws' || d.mappedAtCreation)) throw new RangeError('out of memory')
          const buffer = target.createBuffer(refused ? { ...d, usage: 0 } : d)
          bytes.now += d.size
          bytes.most = Math.max(bytes.most, bytes.now)
          const destroy = buffer.destroy.bind(buffer)
          buffer.destroy = () => {
            bytes.now -= d.size
            destroy()
          }
          return buffer
        }
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
  const device: Device = { ...real, gpu, memory: new DeviceMemory() }
  return { device, bytes, memory: device.memory }
}

const rows = (n: number): Node =>
  build({
    op: 'scan',
    from: { kind: 'rows', rows: Array.from({ length: n }, (_, i) => [`k${i % 7}`, String((i * 37) % 1001), i / 4]) },
    schema: [
      { name: 'k', type: 'string', nullable: true },
      { name: 'i', type: 'int64', nullable: true },
      { name: 'x', type: 'float64', nullable: true },
    ],
  })
const sorted = (n: number): Node =>
  build({
    op: 'sort',
    input: build({ op: 'filter', input: rows(n), predicate: call('gt', col('i'), lit('100', 'int64')) }),
    keys: [
      { by: col('i'), descending: true },
      { by: col('x'), descending: false },
    ],
  })
const sums = (n: number): Node =>
  build({ op: 'aggregate', input: sorted(n), by: ['k'], aggs: [['s', { fn: 'sum', arg: col('x') }]] })

test('a buffer takes a sixteenth more than is asked for at most, and never more than the largest', () => {
  for (let bytes = 1; bytes < 2 ** 22; bytes = Math.ceil(bytes * 1.07)) {
    const size = sizeClass(bytes, 2 ** 30)
    expect(size).toBeGreaterThanOrEqual(bytes)
    expect(size % 4).toBe(0)
    expect(size).toBeLessThanOrEqual(Math.max(256, bytes * (1 + 1 / 16) + 4))
    expect(sizeClass(size, 2 ** 30)).toBe(size)
  }
  expect(sizeClass(1000, 1000)).toBe(1000)
})

test('a buffer that comes back is the next of its size, zeroed; all go when the last that is held does', async () => {
  const { device, bytes, memory } = await counting()
  const transfers = new Transfers(device, createLedger(), 2 ** 20)
  const kept = transfers.buffer(10)
  const first = transfers.upload(1000, (words) => void words.fill(7))
  transfers.free(first)
  expect(memory.idle).toBe(first.size)
  const again = transfers.buffer(1001)
  expect(again).toBe(first)
  const got = await transfers.download(device.gpu.createCommandEncoder(), [{ from: again, at: 0, words: 1001 }])
  expect(new Set(got)).toEqual(new Set([0]))
  transfers.free(again)
  // what goes up into a reused buffer is what comes down
  const up = transfers.upload(1010, (words) => void words.fill(9))
  expect(up).toBe(first)
  const back = await transfers.download(device.gpu.createCommandEncoder(), [{ from: up, at: 0, words: 990 }])
  expect(new Set(back)).toEqual(new Set([9]))
  transfers.free(up)
  expect(bytes.now).toBe(memory.live + memory.idle)
  transfers.free(kept)
  expect([bytes.now, memory.live, memory.idle]).toEqual([0, 0, 0])
  transfers.close()
})

test('the peak is what is really allocated', async () => {
  const { device, bytes, memory } = await counting()
  const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: 64 })
  for (const n of [3000, 200]) {
    expect(await collect(engine, sorted(n))).toEqual(await collect(host, sorted(n)))
    expect(asBag(await collect(engine, sums(n)))).toEqual(asBag(await collect(host, sums(n))))
  }
  expect(memory.peak).toBe(bytes.most)
  expect(memory.count.reused).toBeGreaterThan(20)
  expect(bytes.now).toBe(0)
})

test('the budget is that of all runs together', async () => {
  const { device, memory } = await counting()
  const said: string[] = []
  const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: 1, say: (why) => said.push(why) })
  const first = engine.prepare(plan(sorted(12_000)))
  if (isGaps(first)) throw new Error('a gap')
  const held = await first.run(testContext(), 'device')
  expect(said).toEqual([])
  const live = memory.live
  expect(await collect(engine, sorted(12_000))).toEqual(await collect(host, sorted(12_000)))
  expect(said).toEqual([expect.stringContaining("MiB of the device's memory would be held, and 1 MiB may be")])
  expect(memory.live).toBe(live)
  expect(memory.peak).toBeLessThanOrEqual(2 ** 20)
  held.close()
  expect(await collect(engine, sorted(12_000))).toEqual(await collect(host, sorted(12_000)))
  expect(said).toHaveLength(1)
})

test.each(['throws', 'invalid'] as const)(
  'a buffer for which the device has no memory (%s), whichever: the host computes, nothing stays',
  async (how) => {
    const expected = asBag(await collect(host, sums(300)))
    let told = 0
    for (let nth = 1; nth < 40; nth += 3) {
      const { device, memory, bytes } = await counting({ nth, how })
      const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: 64, say: () => void told++ })
      expect(asBag(await collect(engine, sums(300)))).toEqual(expected)
      expect([memory.live, memory.idle]).toEqual([0, 0])
      expect(bytes.now).toBe(0)
    }
    expect(told).toBeGreaterThan(5)
  },
  120_000,
)
