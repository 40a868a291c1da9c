import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parquet } from '../../../data/connectors/parquet.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { openDevice } from '../../../engines/webgpu/device.ts'
import { createWebgpuEngine, type WebgpuEngine } from '../../../engines/webgpu/index.ts'
import { targetEncode } from '../../../plan/fits/target.ts'
import { recipe } from '../../../runs/recipe.ts'
import { byTime } from '../../../runs/split.ts'
import { baseline } from '../candidates.ts'
import { learnFused } from './fused.ts'
import { onDevice } from './resident.ts'

const temp = mkdtempSync(join(tmpdir(), 'galley-fused-device-'))
const host = createDuckdbEngine({ memoryMiB: 256, temp: join(temp, 'duckdb') })
const orders = join(temp, 'orders.parquet')

beforeAll(async () => {
  await host.session(testContext(), (query) =>
    query(`COPY (SELECT TIMESTAMP '2026-01-01' + to_minutes(i * 40) AS at, 'c' || (hash(i) % 9) AS city, (hash(i * 7) % 1000) / 100.0 AS x,
      (hash(i * 7) % 1000 + hash(i * 3) % 700 > 900) AS late FROM range(3000) t(i)) TO '${orders}' (FORMAT parquet)`),
  )
})
afterAll(async () => {
  await host.close()
  rmSync(temp, { recursive: true, force: true })
})

const made = recipe('orders', (k) => {
  const types = { at: 'local timestamp', city: 'string', x: 'float64', late: 'bool' } as const
  const data = k.dataset('data', k.source('orders', parquet(orders, types)), {
    moment: 'at',
    split: byTime('at', {
      train: ['2026-01-01', '2026-02-10'],
      validate: ['2026-02-10', '2026-03-05'],
      test: ['2026-03-05', '2026-05-01'],
    }),
  })
  k.train('late', data, {
    target: 'late',
    features: ['x'],
    fit: [targetEncode(['city'])],
    candidates: [baseline({ by: ['x'] })],
  })
})

const learnt = (engine: WebgpuEngine, ctx = testContext(), begins: (stage: string) => void = () => {}) =>
  learnFused({
    ...{ means: onDevice(engine), recipe: made, step: 'late', ctx, threads: 1, begins },
    rows: () => ({ files: [orders] }),
    say: (why) => {
      throw new Error(`it went to the host: ${why}`)
    },
  })

test('a run that is cancelled, wherever, holds nothing of the device afterwards', async () => {
  const device = await openDevice()
  let [calls, at, cancel] = [0, Number.NaN, () => {}]
  const gpu = new Proxy(device.gpu, {
    get(target, name) {
      if (name === 'createCommandEncoder' && ++calls === at) cancel()
      const own = Reflect.get(target, name) as unknown
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
  const own = createWebgpuEngine({ host, open: async () => ({ ...device, gpu }), memoryMiB: 256 })
  const begun: number[] = []
  await learnt(own, testContext(), () => void begun.push(calls))
  const [data = 0, fits = 0, train = 0] = begun
  const places = [data + 1, ...Array.from({ length: train - fits }, (_, i) => fits + 1 + i), train + 1]
  for (const place of places) {
    const ending = new AbortController()
    ;[calls, at, cancel] = [0, place, () => ending.abort()]
    const ctx = { ...testContext(), signal: ending.signal }
    await expect(learnt(own, ctx)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect([device.memory.live, device.memory.idle], `cancelled at ${place}`).toEqual([0, 0])
  }
  await own.close()
}, 120_000)

test('the ledger has what passes the interface of the device, to the byte', async () => {
  const device = await openDevice()
  const { gpu } = device
  const passed = { up: 0, down: 0, readbacks: 0 }
  const [createBuffer, writeBuffer] = [gpu.createBuffer.bind(gpu), gpu.queue.writeBuffer.bind(gpu.queue)]
  gpu.queue.writeBuffer = (...args) => {
    passed.up += args[2].byteLength
    writeBuffer(...args)
  }
  gpu.createBuffer = (about) => {
    const buffer = createBuffer(about)
    const range = buffer.getMappedRange.bind(buffer)
    buffer.getMappedRange = (...args) => {
      const bytes = range(...args)
      passed[about.mappedAtCreation ? 'up' : 'down'] += bytes.byteLength
      if (!about.mappedAtCreation) passed.readbacks++
      return bytes
    }
    return buffer
  }
  const own = createWebgpuEngine({ host, open: async () => device, memoryMiB: 256 })
  const ctx = testContext()
  const { ledger } = await learnt(own, ctx)
  const { up, down, readbacks } = ledger.total()
  expect(passed).toEqual({ up, down, readbacks })
  expect(ctx.ledger.total()).toMatchObject(passed)
  await own.close()
}, 120_000)
