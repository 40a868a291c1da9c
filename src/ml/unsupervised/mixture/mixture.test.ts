import { expect, test } from 'vitest'
import { relationOf } from '../../training/conformance.ts'
import { assignMany, quiet, rowsLike, SCHEMA } from '../conformance.ts'
import type { LearnTask } from '../learner.ts'
import { gaussianMixtureLearner } from './mixture.ts'

const rows = rowsLike(1500).filter((_, i) => i % 3 !== 2 || i % 2 === 0)
const learn = (params: LearnTask['params']) =>
  gaussianMixtureLearner.fit({ rows: relationOf(SCHEMA, rows), features: ['a', 'b'], params, seed: 2, threads: 1 }, quiet()) // biome-ignore format: one line
const values = rows.map((r) => [r['a'] === null ? Number.NaN : Number(r['a']), Number(r['b'])])

test('rows have the component that they came from, and the log likelihood is the mean of their log densities', async () => {
  const model = await learn({ clusters: 3 })
  const [labels = [], probability = [], density = new Float64Array(0)] = assignMany(
    gaussianMixtureLearner.load(model),
    values,
  )
  for (const blob of [0, 1, 2]) expect(new Set(rows.flatMap((r, i) => (Math.floor(Number(r['b']) / 7) === blob && r['a'] !== null ? [labels[i]] : []))).size).toBe(1) // biome-ignore format: one line
  expect(Math.min(...probability)).toBeGreaterThan(0.3)
  const mean = density.reduce((a: number, b: number) => a + b, 0) / rows.length
  expect(mean).toBeCloseTo(model.body['likelihood'] as number, 9)
})

test('more iterations never lose likelihood, and one component is the normal distribution of the rows', async () => {
  const [one, many] = [await learn({ clusters: 3, maxIterations: 1, tolerance: 0 }), await learn({ clusters: 3, maxIterations: 40, tolerance: 0 })] // biome-ignore format: one line
  expect(many.body['likelihood']).toBeGreaterThanOrEqual(one.body['likelihood'] as number)
  const single = await learn({ clusters: 1, ridge: 1e-12 })
  const all = rows.length
  const z = values.map(([a = 0, b = 0]) => [a, b])
  const mean = (j: number) => z.reduce((s, r) => s + (Number.isNaN(r[j]) ? 0 : (r[j] as number)), 0) / z.filter((r) => !Number.isNaN(r[j])).length // biome-ignore format: one line
  expect(single.body['weights']).toEqual([expect.closeTo(1, 12)])
  const [, , density = new Float64Array(0)] = assignMany(gaussianMixtureLearner.load(single), [[mean(0), mean(1)]])
  // standardised columns: at the mean the density is 1 / (2π √det R)
  expect(density[0]).toBeGreaterThan(-Math.log(2 * Math.PI))
  expect(all).toBe(1250)
})
