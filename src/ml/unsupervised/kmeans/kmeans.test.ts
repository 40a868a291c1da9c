import { expect, test } from 'vitest'
import { relationOf } from '../../training/conformance.ts'
import { decodeFloat64 } from '../../training/model.ts'
import { failure, quiet, repeated, rowsLike, SCHEMA } from '../conformance.ts'
import type { LearnTask } from '../learner.ts'
import { kMeansLearner } from './kmeans.ts'

const learn = (rows: ReturnType<typeof rowsLike>, params: LearnTask['params'], features = ['a', 'b'], seed = 3) =>
  kMeansLearner.fit({ rows: relationOf(SCHEMA, rows), features, params, seed, threads: 1 }, quiet())

test.each([0, 256])('finds blobs that lie apart, in batches of %d, and numbers clusters by size', async (batch) => {
  const rows = rowsLike(3000).filter((_, i) => i % 3 !== 2 || i % 2 === 0)
  const model = await learn(rows, { clusters: 3, batch })
  const { sizes, inertia } = model.body as { sizes: number[]; inertia: number }
  expect(sizes.reduce((a, b) => a + b)).toBe(rows.length)
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
  expect(inertia / rows.length).toBeLessThan(0.1)
  const assigner = kMeansLearner.load(model)
  const labels = new Set([0, 1, 2].map((blob) => assigner.one(Float64Array.of(blob * 10 + 1.5, blob * 7 + 1.5))[0]))
  expect(labels.size).toBe(3)
})

test('ends where every centre is the mean of its rows and every row has its nearest centre', async () => {
  const rows = rowsLike(2000, 5)
  const model = await learn(rows, { clusters: 9, tolerance: 0, standardise: false }, ['a', 'b', 'd'])
  const columns = model.body['columns'] as { mean: number; scale: number }[]
  const centres = decodeFloat64(model.body, 'centres')
  const assigner = kMeansLearner.load(model)
  const sums = new Float64Array(9 * 4)
  let inertia = 0
  for (const row of rows) {
    const values = Float64Array.of(...['a', 'b', 'd'].map((c) => (row[c] === null ? Number.NaN : Number(row[c]))))
    const [cluster = 0, distance = 0] = assigner.one(values)
    inertia += distance ** 2
    for (const [j, v] of values.entries())
      sums[cluster * 4 + j] =
        (sums[cluster * 4 + j] as number) + (Number.isNaN(v) ? 0 : v - (columns[j]?.mean as number))
    sums[cluster * 4 + 3] = (sums[cluster * 4 + 3] as number) + 1
  }
  for (let c = 0; c < 9; c++)
    for (let j = 0; j < 3; j++)
      expect((sums[c * 4 + j] as number) / (sums[c * 4 + 3] as number)).toBeCloseTo(centres[c * 3 + j] as number, 4)
  expect(Math.abs((model.body['inertia'] as number) / inertia - 1)).toBeLessThan(1e-9)
})

test('fewer rows than clusters are refused; fewer rows that differ give fewer clusters', async () => {
  const error = await failure(learn(rowsLike(7), { clusters: 8 }))
  expect(error.message).toContain('7 rows can not make 8 clusters')
  const said: string[] = []
  const rows = repeated([{ name: 'z', type: 'float64', nullable: false }], Array.from({ length: 20_000 }, () => ({ z: 0 })), 400_000) // biome-ignore format: one line
  const ctx = { ...quiet(), say: (text: string) => void said.push(text) }
  const model = await kMeansLearner.fit({ rows, features: ['z'], params: { clusters: 8 }, seed: 1, threads: 2 }, ctx)
  expect(model.body).toMatchObject({ k: 1, sizes: [400_000], inertia: 0 })
  expect(said).toEqual(['there are 1 clusters, not 8: the rows have no more that differ'])
})

test('is cancelled while it learns', async () => {
  const controller = new AbortController()
  const ctx = { signal: controller.signal, progress: (p: { unit: string }) => void (p.unit === 'steps' && controller.abort()) } // biome-ignore format: one line
  const task = { rows: relationOf(SCHEMA, rowsLike(3000)), features: ['a', 'b', 'd'], params: {}, seed: 1, threads: 1 }
  expect((await failure(kMeansLearner.fit(task, ctx))).code).toBe('CANCELLED')
})
