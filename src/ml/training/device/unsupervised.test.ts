import { expect, test } from 'vitest'
import type { Value } from '../../../engines/batch.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { onDevice } from '../../../engines/webgpu/learn/testing.ts'
import type { Schema } from '../../../plan/types.ts'
import { randomOf } from '../conformance.ts'
import { type ClusterModel, clusterOnDevice, kmeansOnDevice } from './cluster.ts'
import { linearOnDevice } from './linear.ts'
import { mlpOnDevice } from './mlp.ts'
import { pcaOnDevice, projectOnDevice } from './pca.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }
const SCHEMA: Schema = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, type: 'float64', nullable: true }))
const NAMES = SCHEMA.map((f) => f.name)

/** Rows around `groups` places that lie far from each other. */
function rowsOf(count: number, groups: number, seed: number): Record<string, Value>[] {
  const random = randomOf(seed)
  const bell = () => random() + random() + random() + random() - 2
  const places = Array.from({ length: groups }, () => NAMES.map(() => Math.floor(random() * 200)))
  return Array.from({ length: count }, (_, i) => {
    const at = places[i % groups] ?? []
    return Object.fromEntries(NAMES.map((name, j) => [name, i % 50 === 49 && j === 4 ? null : (at[j] ?? 0) + bell()]))
  })
}
const standard = (model: Pick<ClusterModel, 'columns'>, row: Record<string, Value>): number[] =>
  NAMES.map((name, f) => {
    const { mean, scale } = model.columns[f] ?? { mean: 0, scale: 0 }
    return row[name] === null ? 0 : (Number(row[name]) - mean) * scale
  })
const distance = (x: readonly number[], y: readonly number[]) => x.reduce((s, v, i) => s + (v - (y[i] ?? 0)) ** 2, 0)

test('k-means ends where every centre is the mean of its rows, in two readbacks', async () => {
  const rows = rowsOf(3000, 6, 4)
  const { table, relation, ledger } = await onDevice(SCHEMA, rows)
  const task = { features: NAMES, params: { clusters: 6 }, seed: 11 }
  const model = await kmeansOnDevice(table, task, ctx)
  expect(ledger.total()).toMatchObject({ readbacks: 2, down: 64 * 5 + 4 * (4 + 6 + 6 * 8) })
  expect(await kmeansOnDevice(table, task, ctx)).toEqual(model)
  const job = new Job(table)
  const labels = await job.download([{ from: await clusterOnDevice(job, table, model), at: 0, words: rows.length }])
  const sums = model.centres.map((c) => c.map(() => 0))
  const sizes = model.centres.map(() => 0)
  let inertia = 0
  for (const [i, row] of rows.entries()) {
    const z = standard(model, row)
    const all = model.centres.map((c) => distance(z, c))
    const own = labels[i] ?? 0
    expect((all[own] ?? 1) - Math.min(...all)).toBeLessThan(1e-5)
    inertia += all[own] ?? 0
    sizes[own] = (sizes[own] ?? 0) + 1
    for (const [f, v] of z.entries()) (sums[own] as number[])[f] = (sums[own]?.[f] ?? 0) + v
  }
  expect(model.sizes).toEqual(sizes)
  expect(Math.abs(model.inertia / inertia - 1)).toBeLessThan(1e-3)
  for (const [c, centre] of model.centres.entries())
    for (const [f, v] of centre.entries())
      expect(Math.abs(v - (sums[c]?.[f] ?? 0) / (sizes[c] ?? 1))).toBeLessThan(1e-5)
  // six places far apart: each has a centre of its own, whichever row was drawn first
  for (const seed of [1, 2, 3]) {
    const again = await kmeansOnDevice(table, { ...task, seed }, ctx)
    // a row that misses a value may lie nearer to another place
    for (const size of again.sizes) expect(Math.abs(size - 500)).toBeLessThan(60)
  }
  job.close()
  relation.close()
})

test('k-means with as many clusters as rows, with equal rows, and with too few', async () => {
  const rows = [1, 1, 1, 5].map((v) => Object.fromEntries(NAMES.map((name) => [name, v])))
  const { table, relation } = await onDevice(SCHEMA, rows)
  const learn = (clusters: number) => kmeansOnDevice(table, { features: NAMES, params: { clusters }, seed: 1 }, ctx)
  expect([...(await learn(2)).sizes].sort()).toEqual([1, 3])
  expect((await learn(2)).inertia).toBe(0)
  expect((await learn(4)).sizes.reduce((a, b) => a + b)).toBe(4)
  await expect(learn(5)).rejects.toMatchObject({ code: 'TRAIN_DATA' })
  relation.close()
})

test('principal components are those of the covariances, and rows lie along them on the device', async () => {
  const random = randomOf(6)
  const rows = Array.from({ length: 4000 }, (_, i): Record<string, Value> => {
    const [s, t] = [random() * 2 - 1, random() * 2 - 1]
    return { a: 1e4 + 3 * s, b: s * 2 + 0.01 * random(), c: t, d: i % 10 === 0 ? null : -t + 0.1 * random(), e: 7 }
  })
  const { table, relation, ledger } = await onDevice(SCHEMA, rows)
  const model = await pcaOnDevice(table, NAMES, 3)
  expect(ledger.total()).toMatchObject({ readbacks: 2 })
  // two directions hold nearly all: a with b, and c against d
  expect((model.share[0] ?? 0) + (model.share[1] ?? 0)).toBeGreaterThan(0.95)
  for (const [i, x] of model.components.entries())
    for (const [j, y] of model.components.entries())
      expect(x.reduce((s, v, k) => s + v * (y[k] ?? 0), 0)).toBeCloseTo(Number(i === j), 9)
  const job = new Job(table)
  const buffer = await projectOnDevice(job, table, model)
  const got = new Float32Array((await job.download([{ from: buffer, at: 0, words: rows.length * 3 }])).buffer)
  for (const [c, component] of model.components.entries()) {
    const own = got.subarray(c * rows.length, (c + 1) * rows.length)
    let squares = 0
    for (const [i, row] of rows.entries()) {
      const along = standard(model, row).reduce((s, z, k) => s + z * (component[k] ?? 0), 0)
      expect(Math.abs((own[i] ?? 0) - along)).toBeLessThan(1e-4)
      squares += along ** 2
    }
    expect(squares / rows.length).toBeCloseTo(model.variance[c] ?? 0, 6)
  }
  job.close()
  await expect(pcaOnDevice(table, ['e'], 1)).rejects.toMatchObject({ code: 'TRAIN_DATA' })
  relation.close()
})

test('numbers that f32 does not hold are refused by name: no centre, direction, slope or weight is made of them', async () => {
  const refused = { code: 'TRAIN_DATA', what: 'a device does not hold the values of "b"' }
  for (const unit of [1e39, 1e-310, 1e307]) {
    const rows = rowsOf(60, 2, 8).map((r, i) => ({ ...r, b: (i % 10) * unit, c: 7, d: i % 2 }))
    const { table, relation, ledger } = await onDevice(SCHEMA, rows)
    await expect(kmeansOnDevice(table, { features: NAMES, params: {}, seed: 1 }, ctx)).rejects.toMatchObject(refused)
    await expect(pcaOnDevice(table, NAMES, 2)).rejects.toMatchObject(refused)
    const task = { features: ['a', 'c', 'b'], target: 'd', params: {}, seed: 1, train: relation }
    await expect(linearOnDevice(table, task, ctx)).rejects.toMatchObject(refused)
    await expect(mlpOnDevice(task, ctx)).rejects.toMatchObject(refused)
    expect(ledger.total().readbacks).toBe(4)
    relation.close()
  }
})
