import { describe, expect, test } from 'vitest'
import { relationOf, trainerConformance } from './conformance.ts'
import { logistic } from './logistic.ts'
import type { TrainTask } from './trainer.ts'

const ctx = { signal: new AbortController().signal, progress: () => {} }

describe('conformance', () => trainerConformance(async () => ({ trainer: logistic })))

describe('estimates', () => {
  const schema = [
    { name: 'x', type: 'float64', nullable: false },
    { name: 'y', type: 'int32', nullable: false },
  ] as const
  const taskOf = (rows: { x: number; y: number }[], params: TrainTask['params']): TrainTask => ({
    train: relationOf(schema, rows),
    features: ['x'],
    target: 'y',
    params,
    seed: 1,
    threads: 1,
  })

  test('are the textbook ones for hours of study and passing', async () => {
    // Wikipedia, "Logistic regression": 20 students, intercept −4.0777, slope 1.5046 (maximum likelihood)
    const hours = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5]
    const passed = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]
    const rows = hours.map((x, i) => ({ x, y: passed[i] ?? 0 }))
    // the same students many times over: the descent begins on a part of the rows
    const many = rows.flatMap((row) => Array.from({ length: 26_000 }, () => row))
    for (const all of [rows, many]) {
      const model = logistic.load(await logistic.train(taskOf(all, { l2: 0 }), ctx))
      const odds = (x: number): number => {
        const p = model.one(Float64Array.of(x))
        return Math.log(p / (1 - p))
      }
      expect(odds(0)).toBeCloseTo(-4.0777, 3)
      expect(odds(1) - odds(0)).toBeCloseTo(1.5046, 3)
    }
  })

  test('are the same however rows are ordered, when a class lies in a corner of many', async () => {
    let state = 7
    const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
    const all = Array.from({ length: 620_000 }, (_, i) => {
      const x = i / 620_000
      return { x, y: x > 0.955 && random() < 0.5 ? 1 : 0 }
    })
    const few = all.filter((_, i) => i % 2 === 0)
    const [many, half] = [await logistic.train(taskOf(all, {}), ctx), await logistic.train(taskOf(few, {}), ctx)]
    const at = (model: typeof many, x: number) => logistic.load(model).one(Float64Array.of(x))
    for (const x of [0, 0.5, 0.95, 1]) expect(at(many, x)).toBeCloseTo(at(half, x), 2)
    expect(at(many, 1)).toBeGreaterThan(0.5)
  })

  test('stay finite when a column separates the classes, and when its mean is far from zero', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({ x: 1e9 + i, y: i < 100 ? 0 : 1 }))
    const model = logistic.load(await logistic.train(taskOf(rows, {}), ctx))
    expect(model.one(Float64Array.of(1e9))).toBeLessThan(0.1)
    expect(model.one(Float64Array.of(1e9 + 199))).toBeGreaterThan(0.9)
    expect(model.one(Float64Array.of(1e9 + 99.5))).toBeCloseTo(0.5, 6)
  })
})
