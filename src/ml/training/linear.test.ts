import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Goal } from '../../runs/goal.ts'
import { naiveBayes } from './bayes.ts'
import { goalConformance } from './conformance.goals.ts'
import { randomOf, relationOf, trainerConformance } from './conformance.ts'
import { linear } from './elastic.ts'
import { knn } from './knn.ts'
import { logistic } from './logistic.ts'
import { poisson } from './poisson.ts'
import type { Trainer, TrainTask } from './trainer.ts'

describe('linear', () => goalConformance(['squared'], async () => ({ trainer: linear })))
describe('lasso', () => goalConformance(['squared'], async () => ({ trainer: linear, params: { l1: 5 } })))
describe('poisson', () => goalConformance(['poisson'], async () => ({ trainer: poisson })))
describe('knn', () =>
  goalConformance(['binary', 'multiclass', 'squared'], async () => ({ trainer: knn, params: { k: 9 } })))
describe('knn of two classes', () => trainerConformance(async () => ({ trainer: knn, params: { k: 9 } })))
describe('logistic', () => goalConformance(['binary', 'multiclass'], async () => ({ trainer: logistic })))

interface Kept {
  readonly rows: number
  readonly seed: number
  readonly models: readonly {
    readonly trainer: string
    readonly target: string
    readonly params: TrainTask['params']
    readonly weighted: boolean
    readonly scores: number[]
  }[]
}
const kept = JSON.parse(
  readFileSync(new URL('../../../tests/fixtures/sklearn/linear.json', import.meta.url), 'utf8'),
) as Kept

/** The rows of `tests/interop/linear.py`. */
function rowsOf({ rows, seed }: Kept) {
  const random = randomOf(seed)
  const take = () => Array.from({ length: rows }, random)
  const [a, b, c, d, e] = [take(), take(), take(), take(), take()] as [number[], number[], number[], number[], number[]]
  return a.map((x, i) => {
    const [f, g, h, noise] = [b[i], c[i], d[i], e[i]] as [number, number, number, number]
    const lean = 3 * x - 2 * f + 0.5 * g + noise * 2
    const count = Math.floor(Math.exp(x - f / 2 + noise))
    const colour = Math.min(2, Math.max(0, Math.floor(lean)))
    return { a: x, b: f * 100, c: x * 0.7 + g * 0.3, d: h - 5, w: 0.5 + (i % 4), number: 10 + lean, count, colour, yes: lean > 1 } // biome-ignore format: one line
  })
}
const GOALS: Readonly<Record<string, Goal>> = {
  number: { kind: 'regression', objective: 'squared' },
  count: { kind: 'regression', objective: 'poisson' },
  colour: { kind: 'multiclass' },
  yes: { kind: 'binary' },
}
const FEATURES = ['a', 'b', 'c', 'd']

describe('as scikit-learn, to 1e-6', () => {
  const rows = rowsOf(kept)
  const schema = [
    ...[...FEATURES, 'w', 'number', 'count'].map((name) => ({ name, type: 'float64' as const, nullable: false })),
    { name: 'colour', type: 'int32' as const, nullable: false },
    { name: 'yes', type: 'bool' as const, nullable: false },
  ]
  const trainers: Readonly<Record<string, Trainer>> = { linear, poisson, logistic, knn, naiveBayes }
  test.each(
    kept.models.map((m) => [`${m.trainer} ${JSON.stringify(m.params)}${m.weighted ? ' weighted' : ''}`, m] as const),
  )('%s', async (_, m) => {
    const trainer = trainers[m.trainer] as Trainer
    const goal = GOALS[m.target] as Goal
    const task: TrainTask = {
      ...{ train: relationOf(schema, rows, 77), features: FEATURES, target: m.target, goal, params: m.params },
      ...{ seed: 1, threads: 1, ...(m.weighted ? { weight: 'w' } : {}) },
    }
    const model = trainer.load(await trainer.train(task, { signal: new AbortController().signal, progress: () => {} }))
    const out = new Float64Array(20 * model.outputs)
    const columns = FEATURES.map((name) => Float64Array.from(rows.slice(0, 20), (r) => r[name as 'a']))
    model.many(columns, 20, out)
    for (const [i, score] of m.scores.entries())
      expect(Math.abs((out[i] as number) - score), String(i)).toBeLessThan(1e-6 * Math.max(1, Math.abs(score)))
  })
})

test('a lasso leaves out what does not matter, and repeats of a column do no harm', async () => {
  const random = randomOf(4)
  const rows = Array.from({ length: 500 }, () => {
    const a = random()
    return { a, b: a, noise: random(), y: 2 * a + random() / 100 }
  })
  const schema = ['a', 'b', 'noise', 'y'].map((name) => ({ name, type: 'float64' as const, nullable: false }))
  const ctx = { signal: new AbortController().signal, progress: () => {} }
  const goal = GOALS['number'] as Goal
  const task = {
    train: relationOf(schema, rows),
    features: ['a', 'b', 'noise'],
    target: 'y',
    goal,
    seed: 1,
    threads: 1,
  }
  const lasso = linear.load(await linear.train({ ...task, params: { l1: 20, l2: 0 } }, ctx))
  expect(lasso.one(Float64Array.of(0.5, 0.5, 0))).toBe(lasso.one(Float64Array.of(0.5, 0.5, 1)))
  const plain = linear.load(await linear.train({ ...task, params: { l2: 0 } }, ctx))
  expect(plain.one(Float64Array.of(0.5, 0.5, 0.5))).toBeCloseTo(1.005, 2)
})
