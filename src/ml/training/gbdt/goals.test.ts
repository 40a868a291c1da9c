import { describe, expect, test } from 'vitest'
import type { Goal } from '../../../runs/goal.ts'
import { goalConformance } from '../conformance.goals.ts'
import { randomOf, relationOf } from '../conformance.ts'
import type { TrainContext, TrainTask } from '../trainer.ts'
import { gbdt } from './gbdt.ts'

const ctx: TrainContext = { signal: new AbortController().signal, progress: () => {} }
const AIMS = ['binary', 'multiclass', 'ranking', 'squared', 'absolute', 'quantile', 'poisson', 'tweedie'] as const
describe('goals', () =>
  goalConformance(AIMS, async () => ({
    trainer: gbdt,
    params: { trees: 4, leaves: 7, l1: 0.5, rowFraction: 0.8, columnFraction: 0.7 },
  })))

const schema = ['a', 'b', 'c', 'w', 'y'].map((name) => ({ name, type: 'float64' as const, nullable: true }))
type Row = Record<'a' | 'b' | 'c' | 'w' | 'y', number>
function rowsOf(count: number, of: (r: () => number, a: number, b: number, c: number) => number, seed = 3): Row[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const [a, b, c] = [random(), random(), random()]
    return { a, b, c, w: 0.5 + Math.floor(random() * 3), y: of(random, a, b, c) }
  })
}
const SQUARED: Goal = { kind: 'regression', objective: 'squared' }
const taskOf = (rows: Row[], params: TrainTask['params'], goal: Goal = SQUARED): TrainTask => ({
  ...{ train: relationOf(schema, rows), features: ['a', 'b', 'c'], target: 'y', goal, params, seed: 1, threads: 2 },
})
const learnt = async (task: TrainTask) => gbdt.load(await gbdt.train(task, ctx))
const at = (model: Awaited<ReturnType<typeof learnt>>, ...row: number[]) => model.one(Float64Array.from(row))

describe('regressions', () => {
  test('one split has the means by hand, drawn to 0 by l1 and lambda', async () => {
    // 60 rows with a = 0 and y = 10, 40 with a = 1 and y = 20: the mean is 14
    const rows = Array.from({ length: 100 }, (_, i) => ({ a: Number(i >= 60), b: 0, c: 0, w: 1, y: i < 60 ? 10 : 20 }))
    const plain = await learnt(taskOf(rows, { trees: 1, learningRate: 1 }))
    expect(at(plain, 0, 0, 0)).toBeCloseTo(10, 5)
    expect(at(plain, 1, 0, 0)).toBeCloseTo(20, 5)
    const drawn = await learnt(taskOf(rows, { trees: 1, learningRate: 1, l1: 30, lambda: 20 }))
    expect(at(drawn, 0, 0, 0)).toBeCloseTo(14 - (240 - 30) / (60 + 20), 5)
    expect(at(drawn, 1, 0, 0)).toBeCloseTo(14 + (240 - 30) / (40 + 20), 5)
  })

  test('quantiles have their share of rows below, with weights, too', async () => {
    const rows = rowsOf(4000, (r, a) => a * 10 + (1 + a) * r())
    for (const alpha of [0.1, 0.8]) {
      const goal: Goal = { kind: 'regression', objective: 'quantile', alpha }
      for (const weight of [{}, { weight: 'w' }]) {
        const model = await learnt({ ...taskOf(rows, { trees: 50, leaves: 8 }, goal), ...weight })
        const below = rows.filter((row) => row.y <= at(model, row.a, row.b, row.c)).length / rows.length
        expect(Math.abs(below - alpha)).toBeLessThan(0.03)
        // of y = 10a + (1 + a)·u, the quantile at a = 0.5 is 5 + 1.5·alpha
        expect(Math.abs(at(model, 0.5, 0.5, 0.5) - 5 - 1.5 * alpha)).toBeLessThan(0.3)
      }
    }
  })

  test('a target far from 0, or wide, is learnt as well as one that is not', async () => {
    const rows = rowsOf(2000, (r, a, b) => a * 3 + b + r() / 10)
    const params = { trees: 30, leaves: 8 }
    const near = await learnt(taskOf(rows, params))
    for (const [scale, shift] of [
      [1, 1e9],
      [1e12, 0],
      [1e-9, 0],
    ] as const) {
      const far = await learnt(taskOf(rows.map((row) => ({ ...row, y: row.y * scale + shift })), params)) // biome-ignore format: one line
      for (const row of rows.slice(0, 20))
        expect((at(far, row.a, row.b, row.c) - shift) / scale).toBeCloseTo(at(near, row.a, row.b, row.c), 4)
    }
    const huge = taskOf(rows.map((row) => ({ ...row, y: row.y * 1e40 })), params) // biome-ignore format: one line
    await expect(gbdt.train(huge, ctx)).rejects.toMatchObject({ code: 'TRAIN_DATA' })
  })
})

test('monotone features: the score never falls, or never rises, whatever the others are', async () => {
  const rows = rowsOf(3000, (r, a, b, c) => a - 2 * b + Math.sin(12 * a) + Math.sin(9 * b) + c + r())
  const params = { trees: 40, leaves: 15, increasing: ['a'], decreasing: ['b'] }
  for (const goal of [SQUARED, { kind: 'regression', objective: 'absolute' }] as const) {
    const model = await learnt(taskOf(rows, params, goal))
    const random = randomOf(8)
    let rose = 0
    for (let i = 0; i < 300; i++) {
      const [x, y, z, other] = [random(), random(), random(), random()] as [number, number, number, number]
      const [low, high] = [Math.min(x, other), Math.max(x, other)]
      expect(at(model, low, y, z)).toBeLessThanOrEqual(at(model, high, y, z))
      expect(at(model, y, low, z)).toBeGreaterThanOrEqual(at(model, y, high, z))
      rose += Number(at(model, low, y, z) < at(model, high, y, z))
    }
    expect(rose).toBeGreaterThan(100)
  }
})

test('monotone features of a target at any scale: what bounds leave worth less than nothing is no split, or the least bad one', async () => {
  const rows = rowsOf(2000, (r, a, b) => Math.sin(9 * a) * b + Math.cos(7 * b) + r())
  const params = { trees: 60, leaves: 31, increasing: ['a', 'b'] }
  const near = await learnt(taskOf(rows, params))
  const far = await learnt(taskOf(rows.map((row) => ({ ...row, y: row.y * 1024 })), params)) // biome-ignore format: one line
  for (const row of rows.slice(0, 50))
    expect(at(far, row.a, row.b, row.c) / 1024).toBeCloseTo(at(near, row.a, row.b, row.c), 3)
})

describe('sampling', () => {
  const rows = rowsOf(3000, (r, a, b) => Number(a + b + r() > 1.5))
  const binary: Goal = { kind: 'binary' }
  test('of rows and columns is by the seed alone', async () => {
    const params = { trees: 10, rowFraction: 0.5, columnFraction: 0.4 }
    const one = await gbdt.train(taskOf(rows, params, binary), ctx)
    expect(JSON.stringify(await gbdt.train({ ...taskOf(rows, params, binary), threads: 1 }, ctx))).toBe(
      JSON.stringify(one),
    )
    const other = await gbdt.train({ ...taskOf(rows, params, binary), seed: 2 }, ctx)
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(one))
    expect(one.params).toMatchObject({ rowFraction: 0.5, columnFraction: 0.4 })
    const model = gbdt.load(one)
    expect(at(model, 0.9, 0.9, 0.5) - at(model, 0.1, 0.1, 0.5)).toBeGreaterThan(0.2)
  })

  test('equal weights of 1 learn what no weights do, and balanced classes what their weights do', async () => {
    const params = { trees: 10, leaves: 8 }
    const plain = await learnt(taskOf(rows, params, binary))
    const ones = rows.map((row) => ({ ...row, w: 1 }))
    const weighted = await learnt({ ...taskOf(ones, params, binary), weight: 'w' })
    const yes = rows.filter((row) => row.y === 1).length
    const share = rows.map((row) => ({ ...row, w: rows.length / 2 / (row.y === 1 ? yes : rows.length - yes) }))
    const byHand = await learnt({ ...taskOf(share, params, binary), weight: 'w' })
    const balanced = await learnt(taskOf(rows, { ...params, balanced: true }, binary))
    for (const row of rows.slice(0, 50)) {
      expect(at(weighted, row.a, row.b, row.c)).toBeCloseTo(at(plain, row.a, row.b, row.c), 3)
      expect(at(balanced, row.a, row.b, row.c)).toBeCloseTo(at(byHand, row.a, row.b, row.c), 5)
    }
  })
})

test.each([
  ['multiclass', { kind: 'multiclass' }],
  ['squared', SQUARED],
] as const)('early stopping: %s', async (_, goal) => {
  const of = (r: () => number, a: number, b: number) =>
    goal.kind === 'multiclass' ? Math.floor((a + b + r() * 2) * 0.9) : a + b + r() * 2
  const whole = schema.map((f) => (f.name === 'y' && goal.kind === 'multiclass' ? { ...f, type: 'int32' as const } : f))
  const params = { trees: 200, leaves: 8, learningRate: 0.3, earlyStopping: 5 }
  const task = {
    ...taskOf(rowsOf(800, of), params, goal),
    train: relationOf(whole, rowsOf(800, of)),
    validate: relationOf(whole, rowsOf(3000, of, 9)),
  }
  const model = await gbdt.train(task, ctx)
  const outputs = model.classes?.length ?? 1
  expect(model.body['trees']).toBeGreaterThan(outputs)
  expect(model.body['trees']).toBeLessThan(100 * outputs)
  expect((model.body['trees'] as number) % outputs).toBe(0)
  expect(JSON.stringify(await gbdt.train({ ...task, threads: 1 }, ctx))).toBe(JSON.stringify(model))
})

test.each([
  ['a feature that is none', { increasing: ['z'] }, SQUARED, 'names "z"'],
  ['both directions', { increasing: ['a'], decreasing: ['a'] }, SQUARED, 'both increasing and decreasing'],
  ['a direction of several classes', { increasing: ['a'] }, { kind: 'multiclass' }, 'several classes'],
  ['no list', { increasing: 'a' }, SQUARED, 'a list of features'],
  ['balanced numbers', { balanced: true }, SQUARED, 'the target is a number'],
  ['balanced by a number', { balanced: 1 }, { kind: 'binary' }, 'true or false'],
  ['a fraction above 1', { rowFraction: 1.5 }, SQUARED, 'rowFraction'],
] as const)('refuses %s', async (_, params, goal, words) => {
  const error = gbdt.train(
    taskOf(
      rowsOf(50, (r) => r()),
      params,
      goal,
    ),
    ctx,
  )
  await expect(error).rejects.toMatchObject({ code: 'USAGE_INVALID', what: expect.stringContaining(words) })
})
