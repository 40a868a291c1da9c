import { expect, test } from 'vitest'
import type { Schema } from '../../plan/types.ts'
import { randomOf, relationOf } from '../training/conformance.ts'
import { assignMany, failure, quiet } from './conformance.ts'
import { pcaLearner } from './pca.ts'

const SCHEMA: Schema = ['a', 'b', 'c', 'd'].map((name) => ({ name, type: 'float64', nullable: true }))
const NAMES = SCHEMA.map((f) => f.name)
const random = randomOf(3)
const rows = Array.from({ length: 4000 }, () => {
  const [s, t] = [random(), random()]
  return { a: 1e6 + s, b: 3 * s + 0.01 * random(), c: t, d: 5 - 2 * t + 0.1 * random() }
})
const learn = (features: readonly string[], params = {}) =>
  pcaLearner.fit({ rows: relationOf(SCHEMA, rows), features, params, seed: 1, threads: 1 }, quiet())

test('components are orthogonal, their variances are those of the scores, and two hold nearly all', async () => {
  const model = await learn(NAMES, { components: 4 })
  const { variance, share } = model.body as Record<string, number[]>
  expect((share?.[0] ?? 0) + (share?.[1] ?? 0)).toBeGreaterThan(0.99)
  expect(share?.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
  const scores = assignMany(pcaLearner.load(model), rows.map((r) => [r.a, r.b, r.c, r.d])) // biome-ignore format: one line
  for (const [i, x] of scores.entries())
    for (const [j, y] of scores.entries()) {
      const product = x.reduce((s, v, k) => s + v * (y[k] as number), 0) / (rows.length - 1)
      expect(product).toBeCloseTo(i === j ? (variance?.[i] ?? 0) : 0, 9)
    }
})

test('what can not be found is refused', async () => {
  expect((await failure(learn(['a', 'b'], { components: 3 }))).message).toContain('2 features have no 3 components')
  const flat = relationOf(SCHEMA, rows.map((r) => ({ ...r, a: 1 }))) // biome-ignore format: one line
  const task = { rows: flat, features: ['a'], params: { components: 1 }, seed: 1, threads: 1 }
  expect((await failure(pcaLearner.fit(task, quiet()))).message).toContain('no directions')
})

test('wide rows are worth threads, and give the same', async () => {
  const names = Array.from({ length: 40 }, (_, j) => `f${j}`)
  const schema: Schema = names.map((name) => ({ name, type: 'float64', nullable: false }))
  const wide = Array.from({ length: 9000 }, () => Object.fromEntries(names.map((name) => [name, random()])))
  const learnt = (threads: number) =>
    pcaLearner.fit({ rows: relationOf(schema, wide), features: names, params: { components: 5 }, seed: 1, threads }, quiet()) // biome-ignore format: one line
  expect(JSON.stringify(await learnt(2))).toBe(JSON.stringify(await learnt(1)))
})
