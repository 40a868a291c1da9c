import { afterAll, expect, test } from 'vitest'
import type { Schema } from '../../plan/types.ts'
import { type Batch, batchOf, type Value, valueAt } from '../batch.ts'
import { testContext } from '../conformance/compare.ts'
import { ahead, arrive } from './arrive.ts'
import type { Device } from './device.ts'
import { Dictionary } from './gather.ts'
import { testDevice } from './learn/testing.ts'
import { Recorder } from './recorder.ts'
import { download } from './run.ts'
import { Transfers } from './transfers.ts'

afterAll(async () => (await testDevice()).close())

const SCHEMA: Schema = [
  { name: 'k', type: 'string', nullable: true },
  { name: 'i', type: 'int64', nullable: true },
  { name: 'x', type: 'float64', nullable: true },
  { name: 'b', type: 'bool', nullable: true },
  { name: 'd', type: 'date', nullable: false },
]
// whole chunks without missing values among others with some
const row = (i: number): Record<string, Value> => ({
  k: i % 9 === 0 && i > 300 ? null : `k${i % 50}`,
  i: i % 7 === 0 && i > 600 && i < 900 ? null : BigInt(i) * 1000n - 77n,
  x: i % 5 === 0 && i > 1000 ? null : i / 8,
  b: i % 11 === 0 ? null : i % 3 === 0,
  d: i,
})
const ROWS = 1500
const CHUNK = 256
const BATCH = 100

/** What happens in its order: batches that are decoded, and what the device is told. */
async function traced() {
  const real = await testDevice()
  const told: string[] = []
  const tracing = <T extends object>(of: T, names: readonly string[]): T =>
    new Proxy(of, {
      get(target, name) {
        const own = Reflect.get(target, name) as unknown
        if (name === 'queue') return tracing(own as GPUQueue, ['submit', 'onSubmittedWorkDone'])
        if (typeof own !== 'function') return own
        return (...args: unknown[]) => {
          if (names.includes(String(name))) told.push(String(name))
          return Reflect.apply(own, target, args)
        }
      },
    })
  const device: Device = { ...real, gpu: tracing(real.gpu, []) }
  async function* batches(): AsyncGenerator<Batch> {
    for (let at = 0; at < ROWS; at += BATCH) {
      await Promise.resolve()
      told.push('decoded')
      yield batchOf(
        SCHEMA,
        Array.from({ length: BATCH }, (_, i) => row(at + i)),
      )
    }
  }
  return { device, told, batches }
}

test('the next chunk is decoded before the last is over, few are staged, and nothing comes down', async () => {
  const { device, told, batches } = await traced()
  const ctx = testContext()
  const transfers = new Transfers(device, ctx.ledger, 2 ** 24)
  const recorder = new Recorder(device, transfers)
  const words = new Dictionary([])
  const rows = await arrive(recorder, batches(), SCHEMA, words, ctx, CHUNK)
  expect(ctx.ledger.total()).toMatchObject({ down: 0, readbacks: 0 })
  expect(told.filter((t) => t === 'onSubmittedWorkDone')).toHaveLength(Math.ceil(ROWS / CHUNK))
  // the device has the first chunk before the source is read to its end, and batches are decoded after it has each
  const handed = told.flatMap((t, i) => (t === 'onSubmittedWorkDone' ? [i] : []))
  for (const [k, at] of handed.entries()) {
    const decoded = told.slice(0, at).filter((t) => t === 'decoded').length * BATCH
    expect(decoded).toBeGreaterThanOrEqual(Math.min(ROWS, (k + 1) * CHUNK))
    // no more than this chunk, the next and a batch
    expect(decoded).toBeLessThanOrEqual((k + 2) * CHUNK + BATCH)
  }
  // all in one piece gives the same, in as many bytes but for places and marks of the parts
  const once = testContext()
  const whole = new Transfers(device, once.ledger, 2 ** 24)
  const together = new Recorder(device, whole)
  const other = await arrive(together, batches(), SCHEMA, new Dictionary([]), once, 2 ** 20)
  const [up, least] = [ctx.ledger.total().up, once.ledger.total().up]
  expect(up / least).toBeLessThan(1.5)
  const lines = (batch: Batch) => Array.from({ length: batch.rows }, (_, r) => batch.columns.map((c) => valueAt(c, r)))
  const got = lines(await download(recorder, rows, words))
  expect(got).toEqual(Array.from({ length: ROWS }, (_, i) => Object.values(row(i))))
  expect(lines(await download(together, other, words))).toEqual(got)
  transfers.close()
  whole.close()
  expect(device.memory.live).toBe(0)
})

test('what is read ahead is one value, its error is told where it is asked for, and the source is closed', async () => {
  const seen: string[] = []
  async function* source() {
    try {
      for (let i = 0; i < 4; i++) {
        seen.push(`made ${i}`)
        if (i === 3) throw new Error('broken')
        yield i
      }
    } finally {
      seen.push('closed')
    }
  }
  const used: number[] = []
  const all = async (most: number) => {
    for await (const i of ahead(source())) {
      used.push(i)
      seen.push(`used ${i}`)
      if (i === most) break
    }
  }
  await expect(all(9)).rejects.toThrow('broken')
  expect(seen).toEqual(['made 0', 'made 1', 'used 0', 'made 2', 'used 1', 'made 3', 'used 2', 'closed'].sort((a, b) => seen.indexOf(a) - seen.indexOf(b))) // biome-ignore format: one line
  expect(seen.indexOf('made 2')).toBeLessThan(seen.indexOf('used 1'))
  expect(used).toEqual([0, 1, 2])
  seen.length = 0
  await all(0)
  expect(seen.at(-1)).toBe('closed')
  expect(seen).not.toContain('made 2')
})

test('a run that is cancelled sends no further chunk', async () => {
  const { device, told, batches } = await traced()
  const controller = new AbortController()
  const ctx = { ...testContext(), signal: controller.signal }
  const transfers = new Transfers(device, ctx.ledger, 2 ** 24)
  const cancelling = async function* () {
    for await (const batch of batches()) {
      if (told.includes('onSubmittedWorkDone')) controller.abort()
      yield batch
    }
  }
  const sent = arrive(new Recorder(device, transfers), cancelling(), SCHEMA, new Dictionary([]), ctx, CHUNK)
  await expect(sent).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(told.filter((t) => t === 'onSubmittedWorkDone').length).toBeLessThan(Math.ceil(ROWS / CHUNK))
  transfers.close()
})
