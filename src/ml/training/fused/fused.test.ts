import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parquet } from '../../../data/connectors/parquet.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { createWebgpuEngine } from '../../../engines/webgpu/index.ts'
import { testDevice } from '../../../engines/webgpu/learn/testing.ts'
import { impute } from '../../../plan/fits/impute.ts'
import { standardise } from '../../../plan/fits/scale.ts'
import { targetEncode } from '../../../plan/fits/target.ts'
import { recipe } from '../../../runs/recipe.ts'
import { byTime } from '../../../runs/split.ts'
import { baseline } from '../candidates.ts'
import { decodeFloat64 } from '../model.ts'
import { learnFused } from './fused.ts'
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

const learnt = (means: Means) =>
  learnFused({
    ...{ means, recipe: made, step: 'late', ctx: testContext(), threads: 1, say: (why) => void said.push(why) },
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

test('two at once on one device find what one finds', async () => {
  const alone = await learnt(onDevice(engine))
  const both = await Promise.all([learnt(onDevice(engine)), learnt(onDevice(engine))])
  const told = ({ candidates, reference, rows }: typeof alone) => ({ rows, reference, candidates: candidates.map(({ seconds: _, ...c }) => c) }) // biome-ignore format: one line
  for (const made of both) expect(told(made)).toEqual(told(alone))
  expect(said).toEqual([])
}, 120_000)
