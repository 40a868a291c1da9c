import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GalleyError } from '../../../base/errors.ts'
import { parquet } from '../../../data/connectors/parquet.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { type Device, DeviceFault, openDevice } from '../../../engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../../engines/webgpu/index.ts'
import { testDevice } from '../../../engines/webgpu/learn/testing.ts'
import { impute } from '../../../plan/fits/impute.ts'
import { standardise } from '../../../plan/fits/scale.ts'
import { targetEncode } from '../../../plan/fits/target.ts'
import { recipe } from '../../../runs/recipe.ts'
import { byTime } from '../../../runs/split.ts'
import { baseline } from '../candidates.ts'
import { decodeFloat64 } from '../model.ts'
import { type FusedResult, learnFused } from './fused.ts'
import { onHost } from './host.ts'
import type { Means } from './means.ts'
import { onDevice } from './resident.ts'

const temp = mkdtempSync(join(tmpdir(), 'galley-fused-unit-'))
const host = createDuckdbEngine({ memoryMiB: 256, temp: join(temp, 'duckdb') })
const said: string[] = []
const engine = createWebgpuEngine({ host, open: testDevice, memoryMiB: 256, say: (why) => void said.push(why) })
const [orders, prices] = [join(temp, 'orders.parquet'), join(temp, 'prices.parquet')]

beforeAll(async () => {
  await host.session(testContext(), async (query) => {
    await query(`COPY (SELECT TIMESTAMP '2026-01-01' + to_minutes(i * 40) AS at, 'c' || (hash(i) % 9) AS city,
      CASE WHEN i % 11 = 0 THEN NULL ELSE (hash(i * 7) % 1000) / 100.0 END AS x,
      (hash(i * 7) % 1000 + hash(i * 3) % 700 > 900) AS late, i % 5 AS k FROM range(3000) t(i)) TO '${orders}' (FORMAT parquet)`)
    // each order has two prices: the join gives more rows than it is given
    await query(`COPY (SELECT i % 5 AS k, i::DOUBLE AS price FROM range(10) t(i)) TO '${prices}' (FORMAT parquet)`)
  })
})
afterAll(async () => {
  await host.close()
  rmSync(temp, { recursive: true, force: true })
})

const made = recipe('orders', (k) => {
  const types = { at: 'local timestamp', city: 'string', x: 'float64', late: 'bool', k: 'int64' } as const
  const all = k.source('orders', parquet(orders, types))
  const joined = all.join(k.source('prices', parquet(prices, { k: 'int64', price: 'float64' })), { k: 'k' })
  const data = k.dataset('data', joined, {
    moment: 'at',
    split: byTime('at', {
      train: ['2026-01-01', '2026-02-20'],
      validate: ['2026-02-20', '2026-03-10'],
      test: ['2026-03-10', '2026-05-01'],
    }),
  })
  k.train('late', data, {
    target: 'late',
    features: ['x', 'price'],
    // the second reads what the first gives, and asks what the device does not do
    fit: [impute(['x'], { with: 'mean', indicator: true }), standardise(['x']), targetEncode(['city'])],
    // never over by its own: it goes on until its steps are
    candidates: [baseline(), { trainer: 'logistic', params: { tolerance: 0, maxIterations: 30 } }],
  })
})

/** Parts beside the data take more here than the way to it. */
const plain = recipe('plain', (k) => {
  const types = { at: 'local timestamp', city: 'string', x: 'float64', late: 'bool', k: 'int64' } as const
  const all = k.source('orders', parquet(orders, types))
  const more = all.derive(({ x }) => ({ a: x.times(2), b: x.times(3), c: x.plus(1), d: x.minus(4) }))
  const data = k.dataset('data', more, {
    split: byTime('at', {
      train: ['2026-01-01', '2026-02-10'],
      validate: ['2026-02-10', '2026-03-05'],
      test: ['2026-03-05', '2026-05-01'],
    }),
  })
  k.train('late', data, {
    target: 'late',
    features: ['x', 'k', 'a', 'b', 'c', 'd'],
    candidates: [baseline()],
  })
})

const learnt = (means: Means, of = made, begins?: (stage: string) => void) =>
  learnFused({
    ...(begins ? { begins } : {}),
    ...{ means, recipe: of, step: 'late', ctx: testContext(), threads: 1, say: (why) => void said.push(why) },
    rows: (id) => ({ files: [id === 'orders' ? orders : prices] }),
  })

test('a join with more rows than it is given, fits that wait for each other, and a descent that goes on', async () => {
  const there = await learnt(onDevice(engine))
  let stages = 0
  const here = await learnt(onHost(host, () => join(temp, `stage-${stages++}.parquet`)))
  expect(said).toEqual([])
  expect([there.rows, there.features]).toEqual([here.rows, here.features])
  expect(there.rows).toBe(6000)
  expect(there.reference.map((r) => r.name)).toEqual(here.reference.map((r) => r.name))
  for (const [i, { model, validate, test }] of here.candidates.entries()) {
    const own = there.candidates[i] ?? expect.unreachable()
    expect([own.validate.rows, own.test.rows]).toEqual([validate.rows, test.rows])
    for (const name of ['auc', 'logLoss', 'averagePrecision'] as const)
      expect(own.test[name]).toBeCloseTo(test[name] ?? 0, 4)
    if (model.kind !== 'logistic') continue
    const [weights, others] = [own.model, model].map((m) => decodeFloat64(m.body, 'weights'))
    for (const [w, weight] of (weights ?? []).entries()) expect(weight).toBeCloseTo(others?.[w] ?? 0, 3)
  }
}, 120_000)

/** What is the same wherever tables were in between. */
const told = ({ candidates, reference, rows }: FusedResult) => ({ rows, reference, candidates: candidates.map(({ seconds: _, ...c }) => c) }) // biome-ignore format: one line

test('with less room than it needs it names the option; with that tables wait on the host, and all comes out the same', async () => {
  const { memory } = await testDevice()
  memory.peak = memory.live
  const alone = await learnt(onDevice(engine), plain)
  const most = memory.peak
  const within = (part: number) =>
    createWebgpuEngine({
      host,
      open: testDevice,
      memoryMiB: (most * part) / 2 ** 20,
      say: (why) => void said.push(why),
    })
  // as much as is not enough without
  let less = 1
  const refused = async (part: number) => {
    const told = await learnt(onDevice(within(part)), plain).catch((thrown: unknown) => thrown)
    if (!(told instanceof GalleyError)) return false
    expect(told).toMatchObject({ code: 'ENGINE_FAILED', fix: expect.stringContaining('device: { spill: true }') })
    return true
  }
  while (!(await refused(less))) less -= 0.03
  const spilt = await learnt(onDevice(within(less), { spill: true }), plain)
  expect(told(spilt)).toEqual(told(alone))
  const { up, down, readbacks } = spilt.ledger.stages().get('spill') ?? { up: 0, down: 0, readbacks: 0 }
  expect([up > 0, down > 0, readbacks > 0]).toEqual([true, true, true])
  // no other edge has any of it; marks of what is put aside come down with it
  for (const [stage, entry] of alone.ledger.stages()) {
    const same = spilt.ledger.stages().get(stage)
    // numbers of kernels that are tried again, and no columns
    expect((same?.up ?? 0) - entry.up).toBeLessThan(512)
    expect(entry.down - (same?.down ?? 0)).toBeLessThan(16)
  }
  expect(alone.ledger.stages().has('spill')).toBe(false)
  await expect(learnt(onDevice(within(less / 4), { spill: true }), plain)).rejects.toMatchObject({
    code: 'ENGINE_FAILED',
    fix: expect.not.stringContaining('spill'),
  })
  expect(said).toEqual([])
  expect(memory.live).toBe(0)
}, 120_000)

test('two recipes at once on one device: results and ledgers as when alone, within the budget', async () => {
  const { memory } = await testDevice()
  const recipes = [made, plain, made]
  const alone = [await learnt(onDevice(engine)), await learnt(onDevice(engine), plain)]
  memory.peak = memory.live
  const both = await Promise.all(recipes.map((r) => learnt(onDevice(engine), r)))
  for (const [i, own] of both.entries()) {
    const other = alone[i % 2] ?? expect.unreachable()
    expect(told(own)).toEqual(told(other))
    expect([...own.ledger.stages()]).toEqual([...other.ledger.stages()])
  }
  expect(memory.peak).toBeLessThanOrEqual(engine.budget)
  expect([memory.live, memory.idle]).toEqual([0, 0])

  // with room for one alone another is refused, or both fit one after the other; none is wrong, and none holds more
  memory.peak = memory.live
  await learnt(onDevice(engine))
  const little = createWebgpuEngine({ host, open: testDevice, memoryMiB: (memory.peak * 1.1) / 2 ** 20 })
  memory.peak = memory.live
  const settled = await Promise.allSettled([learnt(onDevice(little)), learnt(onDevice(little))])
  for (const done of settled)
    if (done.status === 'fulfilled') expect(told(done.value)).toEqual(told(alone[0] ?? expect.unreachable()))
    else expect(done.reason).toMatchObject({ code: 'ENGINE_FAILED', fix: expect.stringContaining('spill') })
  expect(memory.peak).toBeLessThanOrEqual(little.budget)
  expect(memory.live).toBe(0)
  expect(said).toEqual([])
}, 120_000)

test('a device that is lost under two recipes fails both, and serves both again when it is opened anew', async () => {
  const devices: Device[] = []
  const open = async () => {
    const device = await openDevice()
    devices.push(device)
    return device
  }
  const own = createWebgpuEngine({ host, open, memoryMiB: 256, say: (why) => void said.push(why) })
  let begun = 0
  const begins = (stage: string) => {
    // one has its rows there, the other is sending them
    if (stage === 'fits' && ++begun === 1) devices[0]?.gpu.destroy()
  }
  const lost = await Promise.allSettled([learnt(onDevice(own), made, begins), learnt(onDevice(own), plain, begins)])
  for (const done of lost) {
    expect(done.status).toBe('rejected')
    if (done.status === 'rejected') expect(done.reason).toBeInstanceOf(DeviceFault)
  }
  expect(devices[0]?.memory.live).toBe(0)
  const again = await Promise.all([learnt(onDevice(own)), learnt(onDevice(own), plain)])
  expect(again.map((r) => r.rows)).toEqual([6000, 3000])
  expect(devices).toHaveLength(2)
  expect(said).toEqual([])
  await own.close()
}, 120_000)
