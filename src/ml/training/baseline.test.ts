import { describe, expect, test } from 'vitest'
import { goalConformance } from './conformance.goals.ts'
import { exampleRows, relationOf, trainerConformance } from './conformance.ts'
import { trainers } from './index.ts'
import type { TrainTask } from './trainer.ts'

const trainer = await trainers['baseline']?.()
if (trainer === undefined) throw new Error('the baseline trainer is not registered')
const ctx = { signal: new AbortController().signal, progress: () => {} }

describe('constant', () => trainerConformance(async () => ({ trainer })))
const AIMS = ['binary', 'multiclass', 'ranking', 'squared', 'absolute', 'quantile', 'poisson', 'tweedie'] as const
describe('constant of each goal', () => goalConformance(AIMS, async () => ({ trainer })))
describe('of each goal by features', () => goalConformance(AIMS, async () => ({ trainer, params: { by: ['a'] } })))
describe('by features', () => {
  trainerConformance(async () => ({ trainer, params: { by: ['a'] } }))
  test('gives smoothed rates by cell', async () => {
    const rows = [
      ...Array.from({ length: 30 }, () => ({ g: 1, y: 1 })),
      ...Array.from({ length: 10 }, () => ({ g: 2, y: 0 })),
      ...Array.from({ length: 10 }, () => ({ g: null, y: 0 })),
    ]
    const train = relationOf(
      [
        { name: 'g', type: 'float64', nullable: true },
        { name: 'y', type: 'int32', nullable: false },
      ],
      rows,
    )
    const task: TrainTask = {
      train,
      features: ['g'],
      target: 'y',
      params: { by: ['g'], smoothing: 10 },
      seed: 1,
      threads: 1,
    }
    const model = trainer.load(await trainer.train(task, ctx))
    // prior 30 / 50 = 0.6, worth 10 rows: (30 + 6) / 40, 6 / 20, 6 / 20
    expect(model.one(Float64Array.of(1))).toBeCloseTo(0.9, 12)
    expect(model.one(Float64Array.of(2))).toBeCloseTo(0.3, 12)
    expect(model.one(Float64Array.of(Number.NaN))).toBeCloseTo(0.3, 12)
  })

  test('tells the cells of two features apart', async () => {
    const rows = Array.from({ length: 80 }, (_, i) => ({ g: i % 2, h: (i >> 1) % 2, y: Number(i % 4 === 3) }))
    const train = relationOf(
      ['g', 'h', 'y'].map((name) => ({ name, type: 'int32' as const, nullable: false })),
      rows,
    )
    const params = { by: ['h', 'g'], smoothing: 0 }
    const task: TrainTask = { train, features: ['g', 'h'], target: 'y', params, seed: 1, threads: 1 }
    const model = trainer.load(await trainer.train(task, ctx))
    const rates = [0, 1, 2, 3].map((i) => model.one(Float64Array.of(i % 2, i >> 1)))
    expect(rates).toEqual([0, 0, 0, 1])
  })

  test('refuses what is not a feature', async () => {
    const train = relationOf([{ name: 'y', type: 'bool', nullable: false }], exampleRows(5))
    const task: TrainTask = { train, features: [], target: 'y', params: { by: ['z'] }, seed: 1, threads: 1 }
    await expect(trainer.train(task, ctx)).rejects.toMatchObject({ code: 'USAGE_INVALID' })
  })
})
