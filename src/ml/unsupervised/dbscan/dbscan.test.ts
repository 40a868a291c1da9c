import { expect, test } from 'vitest'
import type { Schema } from '../../../plan/types.ts'
import { randomOf, relationOf } from '../../training/conformance.ts'
import { assignMany, quiet } from '../conformance.ts'
import { dbscanLearner } from './dbscan.ts'

const SCHEMA: Schema = ['a', 'b'].map((name) => ({ name, type: 'float64', nullable: true }))
const learn = (points: readonly (readonly number[])[], params: Readonly<Record<string, number>>) =>
  dbscanLearner.fit(
    {
      rows: relationOf(SCHEMA, points.map(([a = 0, b = 0]) => ({ a, b }))), // biome-ignore format: one line
      ...{ features: ['a', 'b'], params: { ...params, standardise: false as never }, seed: 1, threads: 1 },
    },
    quiet(),
  )

/** By the definition, comparing every row with every other. */
function naive(points: readonly (readonly number[])[], reach: number, neighbours: number): number[] {
  const near = points.map((p) => points.flatMap((q, j) => (Math.hypot((p[0] ?? 0) - (q[0] ?? 0), (p[1] ?? 0) - (q[1] ?? 0)) <= reach ? [j] : []))) // biome-ignore format: one line
  const core = near.map((n) => n.length >= neighbours)
  const labels = points.map(() => Number.NaN)
  let clusters = 0
  for (const i of points.keys()) {
    if (!core[i] || !Number.isNaN(labels[i])) continue
    const open = [i]
    labels[i] = clusters
    for (let next = open.pop(); next !== undefined; next = open.pop())
      for (const j of near[next] ?? []) {
        if (!Number.isNaN(labels[j])) continue
        labels[j] = clusters
        if (core[j]) open.push(j)
      }
    clusters++
  }
  return labels
}

test('two moons and what lies between are what the definition says', async () => {
  const random = randomOf(5)
  const points = Array.from({ length: 700 }, (_, i) => {
    const t = Math.PI * random()
    const noise = () => (random() - 0.5) * 0.25
    if (i % 35 === 0) return [random() * 4 - 1.5, random() * 3 - 1.2]
    return i % 2 === 0 ? [Math.cos(t) + noise(), Math.sin(t) + noise()] : [1 - Math.cos(t) + noise(), 0.4 - Math.sin(t) + noise()] // biome-ignore format: one line
  })
  for (const [reach, neighbours] of [
    [0.15, 5],
    [0.2, 8],
    [0.05, 3],
  ] as const) {
    const model = await learn(points, { reach, neighbours })
    const [labels = new Float64Array(0)] = assignMany(dbscanLearner.load(model), points)
    const expected = naive(points, reach, neighbours)
    expect(Array.from(labels)).toEqual(expected)
    expect(model.body['noise']).toBe(expected.filter(Number.isNaN).length)
  }
  const { body } = await learn(points, { reach: 0.2, neighbours: 8 })
  expect(body['clusters']).toBe(2)
})

test('a hundred thousand equal rows are one cluster within a moment; rows far apart are none', async () => {
  const rows = relationOf(SCHEMA, Array.from({ length: 100_000 }, () => ({ a: 1, b: 2 })), 10_000) // biome-ignore format: one line
  const task = { rows, features: ['a', 'b'], params: {}, seed: 1, threads: 1 }
  expect((await dbscanLearner.fit(task, quiet())).body).toMatchObject({ clusters: 1, noise: 0, cores: 100_000 })
  const apart = await learn(Array.from({ length: 50 }, (_, i) => [i * 10, 0]), { reach: 1, neighbours: 2 }) // biome-ignore format: one line
  expect(apart.body).toMatchObject({ clusters: 0, noise: 50, cores: 0 })
})
