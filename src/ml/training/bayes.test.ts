import { describe, expect, test } from 'vitest'
import { naiveBayes } from './bayes.ts'
import { goalConformance } from './conformance.goals.ts'
import { quiet, relationOf } from './conformance.ts'
import type { TrainTask } from './trainer.ts'

describe('naive Bayes', () => goalConformance(['binary', 'multiclass'], async () => ({ trainer: naiveBayes })))

const schema = ['height', 'weight', 'foot', 'y'].map((name) => ({ name, type: name === 'y' ? ('bool' as const) : ('float64' as const), nullable: true })) // biome-ignore format: one line

/** Wikipedia, "Naive Bayes classifier", person classification: four men and four women. */
const PEOPLE = [
  [6, 180, 12, true],
  [5.92, 190, 11, true],
  [5.58, 170, 12, true],
  [5.92, 165, 10, true],
  [5, 100, 6, false],
  [5.5, 150, 8, false],
  [5.42, 130, 7, false],
  [5.75, 150, 9, false],
].map(([height, weight, foot, y]) => ({ height, weight, foot, y })) as { height: number; weight: number; foot: number; y: boolean }[] // biome-ignore format: one line
const taskOf = (rows: readonly object[]): TrainTask => ({
  train: relationOf(schema, rows as never),
  ...{ features: ['height', 'weight', 'foot'], target: 'y', params: { smoothing: 0 }, seed: 1, threads: 1 },
})

test('a person of 6 feet, 130 pounds and foot size 8 is a woman, as by hand', async () => {
  const model = naiveBayes.load(await naiveBayes.train(taskOf(PEOPLE), quiet()))
  const density = (x: number, of: number[]): number => {
    const mean = of.reduce((a, b) => a + b) / of.length
    const variance = of.reduce((a, b) => a + (b - mean) ** 2, 0) / of.length
    return Math.exp(-((x - mean) ** 2) / 2 / variance) / Math.sqrt(2 * Math.PI * variance)
  }
  const likelihood = (y: boolean) =>
    ([['height', 6], ['weight', 130], ['foot', 8]] as const).reduce((p, [name, x]) => p * density(x, PEOPLE.filter((r) => r.y === y).map((r) => r[name])), 1) // biome-ignore format: one line
  const expected = likelihood(true) / (likelihood(true) + likelihood(false))
  expect(expected).toBeLessThan(0.001)
  expect(model.one(Float64Array.of(6, 130, 8)) / expected).toBeCloseTo(1, 9)
  // a missing value says nothing: what is left are the two others
  const some = model.one(Float64Array.of(Number.NaN, 130, 8))
  expect(some).not.toBe(expected)
  expect(model.one(Float64Array.of(Number.NaN, Number.NaN, Number.NaN))).toBeCloseTo(0.5, 12)
})

test('a feature that a class has no values of says nothing', async () => {
  const rows = PEOPLE.map((r) => (r.y ? r : { ...r, foot: null }))
  const model = naiveBayes.load(await naiveBayes.train(taskOf(rows), quiet()))
  expect(model.one(Float64Array.of(6, 130, 8))).toBe(model.one(Float64Array.of(6, 130, 12)))
})
