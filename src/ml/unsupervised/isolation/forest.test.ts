import { expect, test } from 'vitest'
import type { Schema } from '../../../plan/types.ts'
import { randomOf, relationOf } from '../../training/conformance.ts'
import { assignMany, quiet } from '../conformance.ts'
import { isolationForestLearner } from './forest.ts'

const SCHEMA: Schema = ['a', 'b'].map((name) => ({ name, type: 'float64', nullable: true }))
const random = randomOf(3)
const rows = Array.from({ length: 2000 }, (_, i) => {
  const odd = i % 100 === 99
  return { a: (random() + random() + random() - 1.5) * (odd ? 20 : 1), b: odd ? 6 + random() : random() }
})
const learn = (params = {}) =>
  isolationForestLearner.fit({ rows: relationOf(SCHEMA, rows), features: ['a', 'b'], params, seed: 1, threads: 1 }, quiet()) // biome-ignore format: one line

test('rows that lie apart score highest, and as many are anomalies as were said to be', async () => {
  const model = await learn({ contamination: 0.01 })
  const [scores = [], anomalies = []] = assignMany(isolationForestLearner.load(model), rows.map((r) => [r.a, r.b])) // biome-ignore format: one line
  const found = rows.flatMap((_, i) => (anomalies[i] === 1 ? [i] : []))
  expect(found).toHaveLength(20)
  expect(found.filter((i) => i % 100 === 99).length).toBeGreaterThanOrEqual(19)
  expect(Math.max(...scores)).toBeLessThan(1)
  const common = scores.filter((_, i) => i % 100 !== 99)
  expect(Math.min(...common)).toBeLessThan(0.5)
})

test('without contamination none of the rows is an anomaly, and equal rows never are', async () => {
  const none = isolationForestLearner.load(await learn({ contamination: 0 }))
  expect(assignMany(none, rows.map((r) => [r.a, r.b]))[1]?.every((v) => v === 0)).toBe(true) // biome-ignore format: one line
  const same = relationOf(SCHEMA, rows.map(() => ({ a: 1, b: 2 }))) // biome-ignore format: one line
  const task = { rows: same, features: ['a', 'b'], params: {}, seed: 1, threads: 1 }
  const [score, anomaly] = isolationForestLearner.load(await isolationForestLearner.fit(task, quiet())).one(Float64Array.of(1, 2)) // biome-ignore format: one line
  expect(score).toBeCloseTo(0.5, 12)
  expect(anomaly).toBe(0)
})
