import { describe, expect, test } from 'vitest'
import { goalConformance } from './conformance.goals.ts'
import { failure, quiet, randomOf, relationOf } from './conformance.ts'
import { mlp } from './mlp.ts'
import type { TrainTask } from './trainer.ts'

describe('a network', () =>
  goalConformance(['binary', 'multiclass', 'squared'], async () => ({
    trainer: mlp,
    params: { epochs: 3, layers: 2 },
  })))

const schema = (type: 'bool' | 'string' | 'float64') =>
  ['a', 'b', 'y'].map((name) => ({ name, type: name === 'y' ? type : ('float64' as const), nullable: true }))
const random = randomOf(6)
const points = Array.from({ length: 4000 }, () => ({ a: random() * 4 - 2, b: random() * 4 - 2 }))
const learn = async (
  type: 'bool' | 'string' | 'float64',
  of: (a: number, b: number) => boolean | string | number,
  goal?: TrainTask['goal'],
) => {
  // biome-ignore format: one line
  const train = relationOf(schema(type), points.map(({ a, b }) => ({ a, b, y: of(a, b) }))) // biome-ignore format: one line
  const task: TrainTask = { train, features: ['a', 'b'], target: 'y', params: { epochs: 25, units: 24, layers: 2 }, seed: 2, threads: 1, ...(goal ? { goal } : {}) } // biome-ignore format: one line
  const model = await mlp.train(task, quiet())
  return { model, evaluator: mlp.load(model) }
}

test('learns what no line parts, for two classes, several, and a number', async () => {
  const ring = (a: number, b: number) => a * a + b * b < 1.6
  const { evaluator: two } = await learn('bool', ring)
  const right = points.filter(({ a, b }) => two.one(Float64Array.of(a, b)) > 0.5 === ring(a, b)).length / points.length
  expect(right).toBeGreaterThan(0.97)
  const quarter = (a: number, b: number) => (a * b > 0 ? 'same' : a > b ? 'right' : 'left')
  const { model, evaluator: three } = await learn('string', quarter, { kind: 'multiclass' })
  const told = points.filter(({ a, b }) => model.classes?.[three.one(Float64Array.of(a, b))] === quarter(a, b)).length
  expect(told / points.length).toBeGreaterThan(0.95)
  const wave = (a: number, b: number) => 1000 + 50 * Math.sin(2 * a) * b
  const { evaluator: number } = await learn('float64', wave, { kind: 'regression', objective: 'squared' })
  const apart = points.reduce((sum, { a, b }) => sum + (number.one(Float64Array.of(a, b)) - wave(a, b)) ** 2, 0)
  expect(Math.sqrt(apart / points.length)).toBeLessThan(8)
})

test('of columns whose sums overflow it says the rate', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({
    a: i % 2 ? 1e308 : -1e308,
    b: 1e308,
    y: i % 4 === 0,
  }))
  const task: TrainTask = { train: relationOf(schema('bool'), rows), features: ['a', 'b'], target: 'y', params: { epochs: 2 }, seed: 2, threads: 1 } // biome-ignore format: one line
  const one = mlp.load(await mlp.train(task, quiet())).one(Float64Array.of(1e308, -1e308))
  expect(one).toBeCloseTo(0.25, 6)
})

test.each([256, 1])('a large network sees a cancel within a batch: %s', { timeout: 60_000 }, async (batch) => {
  const params = { epochs: 1, units: 512, layers: 4, batch }
  const task: TrainTask = { train: relationOf(schema('bool'), points.map((p) => ({ ...p, y: p.a > 0 }))), features: ['a', 'b'], target: 'y', params, seed: 2, threads: 1 } // biome-ignore format: one line
  const stop = new AbortController()
  let longest = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 10)
  setTimeout(() => stop.abort(), 300)
  expect((await failure(mlp.train(task, quiet(stop.signal)))).code).toBe('CANCELLED')
  clearInterval(watch)
  // the whole epoch takes half a minute
  expect(longest).toBeLessThan(10_000)
})
