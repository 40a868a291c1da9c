import { expect, test } from 'vitest'
import { quiet, randomOf, relationOf } from '../conformance.ts'
import type { TrainTask } from '../trainer.ts'
import { loadForest } from './evaluator.ts'
import { type Forest, goesLeft, readForest } from './forest.ts'
import { gbdt } from './gbdt.ts'

const FEATURES = ['a', 'b', 'c', 'd', 'e']
const schema = [...FEATURES, 'y'].map((name) => ({ name, type: 'float64' as const, nullable: true }))

/** A score where some features are known, the others by both ways of a split and the rows that went them. */
function expected(forest: Forest, row: Float64Array, known: number, output: number): number {
  const { test, children, values, bases } = forest
  const counts = forest.counts as Int32Array
  const rows = (child: number): number =>
    child < 0
      ? (counts[~child] as number)
      : rows(children[child * 2] as number) + rows(children[child * 2 + 1] as number)
  const of = (child: number): number => {
    if (child < 0) return values[~child] as number
    const [left, right] = [children[child * 2] as number, children[child * 2 + 1] as number]
    if ((known >> ((test[child] as number) >> 1)) & 1) return of(goesLeft(forest, child, row) ? left : right)
    return (of(left) * rows(left) + of(right) * rows(right)) / rows(child)
  }
  let score = bases[output] as number
  for (const [t, root] of forest.roots.entries()) if (t % bases.length === output) score += of(root)
  return score
}

/** Shapley's values by their definition: what a feature adds to every subset of the others. */
function shapley(forest: Forest, row: Float64Array, output: number): number[] {
  const n = FEATURES.length
  const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1))
  const worth = Array.from({ length: 2 ** n }, (_, known) => expected(forest, row, known, output))
  return FEATURES.map((_, f) => {
    let sum = 0
    for (let set = 0; set < 2 ** n; set++) {
      if ((set >> f) & 1) continue
      const size = set.toString(2).replaceAll('0', '').length
      const weight = (factorial(size) * factorial(n - size - 1)) / factorial(n)
      sum += weight * ((worth[set | (1 << f)] as number) - (worth[set] as number))
    }
    return sum
  })
}

test.each(['regression', 'multiclass'] as const)('are those of the definition, over all subsets: %s', async (kind) => {
  const random = randomOf(5)
  const rows = Array.from({ length: 400 }, () => {
    const [a, b, c, d, e] = [random(), random(), random() < 0.2 ? null : random(), random(), random()]
    const y = a * b * 8 + (c ?? 2) * (d > 0.5 ? 3 : -1) + random()
    return { a, b, c, d, e, y: kind === 'multiclass' ? Math.floor(y / 3) : y }
  })
  const train = relationOf(schema.map((f) => (f.name === 'y' && kind === 'multiclass' ? { ...f, type: 'int32' as const } : f)), rows) // biome-ignore format: one line
  const goal = kind === 'regression' ? ({ kind, objective: 'squared' } as const) : { kind }
  const params = { trees: 6, leaves: 12, minDataInLeaf: 3, learningRate: 0.4, rowFraction: 0.7 }
  const task: TrainTask = { train, features: FEATURES, target: 'y', goal, params, seed: 1, threads: 1 }
  const model = await gbdt.train(task, quiet())
  const forest = readForest(model)
  const evaluator = loadForest(model)
  const n = evaluator.outputs
  const told = new Float64Array((FEATURES.length + 1) * n)
  const probes = [...rows.slice(0, 8).map((r) => FEATURES.map((f) => r[f as 'a'] ?? Number.NaN)), FEATURES.map(() => Number.NaN)] // biome-ignore format: one line
  for (const probe of probes) {
    const row = Float64Array.from(probe)
    evaluator.contributions?.(row, told)
    for (let k = 0; k < n; k++) {
      const own = told.subarray(k * 6, k * 6 + 6)
      for (const [f, value] of shapley(forest, row, k).entries()) expect(own[f]).toBeCloseTo(value, 10)
      expect(own[5]).toBeCloseTo(expected(forest, row, 0, k), 10)
    }
  }
})

test('a model of before its rows were counted tells none, and one that runs in a circle is refused', async () => {
  const random = randomOf(5)
  const rows = Array.from({ length: 200 }, () => ({ a: random(), b: random(), y: Math.round(random()) }))
  const task: TrainTask = { train: relationOf(schema, rows), features: ['a', 'b'], target: 'y', params: { trees: 2 }, seed: 1, threads: 1 } // biome-ignore format: one line
  const model = await gbdt.train(task, quiet())
  const { counts: _, ...body } = model.body
  expect(loadForest({ ...model, body }).contributions).toBeUndefined()
  const circle = { ...model.body, left: Buffer.alloc(Buffer.from(model.body['left'] as string, 'base64').length).toString('base64') } // biome-ignore format: one line
  expect(() => loadForest({ ...model, body: circle })).toThrow('circle')
})
