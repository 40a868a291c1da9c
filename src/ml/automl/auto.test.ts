import { describe, expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Type } from '../../plan/types.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { evaluateClasses } from '../evaluation/multiclass.ts'
import { goalConformance } from '../training/conformance.goals.ts'
import { failure, quiet, randomOf, relationOf } from '../training/conformance.ts'
import { readTargets } from '../training/labels.ts'
import { logistic } from '../training/logistic.ts'
import type { TrainTask } from '../training/trainer.ts'
import { auto } from './auto.ts'
import { propose, type Tried } from './propose.ts'
import { holdRows } from './rows.ts'
import { selectEnsemble } from './select.ts'
import { familiesFor, paramsAt, pointOf } from './space.ts'
import { lossOf } from './trials.ts'

// the others are searched as a number with another loss
const AIMS = ['binary', 'multiclass', 'ranking', 'squared', 'poisson'] as const
const QUICK = { trials: 3, seconds: 0, folds: 2, ensemble: 3 }
describe('a search', () => goalConformance(AIMS, async () => ({ trainer: { ...auto, goals: AIMS }, params: QUICK })))

const schemaOf = (y: Type) => ['a', 'b', 'c', 'y'].map((name) => ({ name, type: name === 'y' ? y : ('float64' as const), nullable: true })) // biome-ignore format: one line
function taskOf(
  of: (a: number, b: number, c: number, random: () => number) => Value,
  y: Type,
  params: TrainTask['params'],
  rows = 3000,
): TrainTask {
  // biome-ignore format: one line
  const random = randomOf(4)
  const made = Array.from({ length: rows }, () => {
    const [a, b, c] = [random() * 2 - 1, random() * 2 - 1, random() * 2 - 1]
    return { a, b, c, y: of(a, b, c, random) }
  })
  return { train: relationOf(schemaOf(y), made), features: ['a', 'b', 'c'], target: 'y', params, seed: 3, threads: 2 }
}
interface Line {
  readonly trainer: string
  readonly loss: number
  readonly stage: string
}

test('finds what a single default does not, and says what it tried', { timeout: 60_000 }, async () => {
  const odd = (a: number, b: number, c: number, random: () => number) =>
    Math.sin(5 * a) * b + c / 5 + (random() - 0.5) / 2 > 0
  const task = taskOf(odd, 'bool', { trials: 14, seconds: 0, folds: 3 })
  const model = await auto.train(task, quiet())
  const board = model.body['leaderboard'] as Line[]
  expect(board).toHaveLength(14)
  expect(new Set(board.map((l) => l.trainer)).size).toBeGreaterThan(3)
  expect(board.some((l) => l.stage !== 'all folds')).toBe(true)
  const whole = board.filter((l) => l.stage === 'all folds').map((l) => l.loss)
  expect(whole).toEqual(whole.toSorted((a, b) => a - b))
  expect(model.body['loss'] as number).toBeLessThanOrEqual(whole[0] as number)
  // rows that neither has seen
  const random = randomOf(99)
  const unseen = Array.from({ length: 2000 }, () => [random() * 2 - 1, random() * 2 - 1, random() * 2 - 1])
  const labels = Uint8Array.from(unseen, ([a, b, c]) => Number(odd(a as number, b as number, c as number, random)))
  const judged = (own: ReturnType<typeof auto.load>) =>
    evaluate(Float64Array.from(unseen, (row) => own.one(Float64Array.from(row))), labels).logLoss as number // biome-ignore format: one line
  const plain = logistic.load(await logistic.train({ ...task, params: {} }, quiet()))
  expect(judged(auto.load(model))).toBeLessThan(judged(plain) * 0.8)
})

test('a straight line is left to a linear model', async () => {
  const task = taskOf((a, b, c, random) => 3 * a - 2 * b + c + (random() - 0.5) / 4, 'float64', { trials: 8, seconds: 0, folds: 2, ensemble: 0 }, 600) // biome-ignore format: one line
  const model = await auto.train({ ...task, goal: { kind: 'regression', objective: 'squared' } }, quiet())
  expect((model.body['members'] as { kind: string }[]).map((m) => m.kind)).toEqual(['linear'])
})

test('time ends a search, one model being there, and a cancel ends it within a second', async () => {
  const noise = (_a: number, _b: number, _c: number, random: () => number) => random() > 0.5
  const task = taskOf(noise, 'bool', { trials: 10_000, seconds: 0.2 })
  const began = performance.now()
  const model = await auto.train(task, quiet())
  expect(Number(model.body['trials'])).toBeGreaterThan(0)
  expect(Number(model.body['trials'])).toBeLessThan(10_000)
  expect(performance.now() - began).toBeLessThan(30_000)
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 150)
  const error = await failure(auto.train(taskOf(noise, 'bool', { trials: 10_000, seconds: 0 }), quiet(stop.signal)))
  expect(error.code).toBe('CANCELLED')
})

test('rows that no fold can be judged by are refused, and one fold without a class does not spoil the others', async () => {
  const late = (from: number) => {
    let row = 0
    return taskOf(() => row++ >= from, 'bool', { trials: 3, seconds: 0, folds: 5, cut: 'time' }, 300)
  }
  expect(await failure(auto.train(late(250), quiet()))).toMatchObject({ code: 'TRAIN_DATA' })
  expect((await failure(auto.train(late(250), quiet()))).message).toContain('none of 300 rows can be judged')
  const model = await auto.train(late(120), quiet())
  expect(model.body['loss']).toBeLessThan(100)
  const few = taskOf((a) => a > 0, 'bool', { trials: 3, seconds: 0 }, 2)
  expect(await failure(auto.train(few, quiet()))).toMatchObject({ code: 'TRAIN_DATA' })
})

test('a sample of rows in groups is of whole groups, at least two of them', async () => {
  const random = randomOf(4)
  const sizes = Array.from({ length: 60 }, () => 1 + Math.floor(random() * 50))
  const rows = sizes.flatMap((size, g) => Array.from({ length: size }, () => ({ a: random(), q: `q${g}`, y: Math.floor(random() * 3) }))) // biome-ignore format: one line
  const schema = ['a', 'q', 'y'].map((name) => ({ name, type: name === 'q' ? ('string' as const) : ('float64' as const), nullable: false })) // biome-ignore format: one line
  const goal = { kind: 'ranking', group: 'q' } as const
  const task = { train: relationOf(schema, rows, 333), features: ['a'], target: 'y', goal, params: {}, seed: 5, threads: 1 } // biome-ignore format: one line
  const { signal } = quiet()
  const targets = await readTargets(task.train, task, signal)
  for (const most of [600, 1]) {
    const held = await holdRows(task, targets, most, signal)
    const counts = new Map<number, number>()
    for (const group of held.groups ?? []) counts.set(group, (counts.get(group) ?? 0) + 1)
    expect(counts.size).toBeGreaterThanOrEqual(2)
    for (const [group, count] of counts) expect(count).toBe(sizes[group])
    if (most > 1) expect(held.rows).toBeLessThanOrEqual(most)
  }
})

test('a ranking of one group alone can’t be cut', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ a: i % 17, q: 1, y: i % 3 }))
  const schema = ['a', 'q', 'y'].map((name) => ({ name, type: 'float64' as const, nullable: false }))
  const task = { train: relationOf(schema, rows), features: ['a'], target: 'y', goal: { kind: 'ranking', group: 'q' } as const, seed: 1, threads: 1 } // biome-ignore format: one line
  expect((await failure(auto.train({ ...task, params: {} }, quiet()))).message).toContain('all rows are of one group')
  expect((await failure(auto.train({ ...task, params: { cut: 'random' } }, quiet()))).message).toContain("whole groups of 'q'") // biome-ignore format: one line
})

/** Rows of a customer say the same, so that one of them gives the others away. */
function ofCustomers() {
  const random = randomOf(12)
  const rows = Array.from({ length: 900 }, (_, i) => {
    const customer = i % 90
    return { a: customer + random() / 9, b: random(), customer: `c${customer}`, y: (customer * 37) % 90 < 45 }
  })
  const schema = Object.keys(rows[0] ?? {}).map((name) => ({ name, type: name === 'y' ? ('bool' as const) : name === 'customer' ? ('string' as const) : ('float64' as const), nullable: false })) // biome-ignore format: one line
  return { train: relationOf(schema, rows), features: ['a', 'b'], target: 'y', seed: 1, threads: 2 }
}

test('cut by groups, what a group gives away does not count', async () => {
  const learn = async (params: TrainTask['params']) =>
    (await auto.train({ ...ofCustomers(), params: { trials: 4, seconds: 0, folds: 3, ensemble: 0, ...params } }, quiet())).body['loss'] as number // biome-ignore format: one line
  expect(await learn({})).toBeLessThan(0.55)
  expect(await learn({ cut: 'group', group: 'customer' })).toBeGreaterThan(0.6)
  for (const [params, words] of [
    [{ cut: 'group' }, 'go together'],
    [{ group: 'customer' }, 'go together'],
    [{ cut: 'group', group: 'nobody' }, 'nobody'],
    [{ cut: 'group', group: 'y' }, '"y"'],
  ] as const)
    expect((await failure(auto.train({ ...ofCustomers(), params }, quiet()))).message).toContain(words)
})

test('points and parameters turn into each other, and proposals gather where losses are low', () => {
  const [gbdt] = familiesFor('squared', 1000, 3)
  for (const family of familiesFor('binary', 1000, 3))
    for (const start of family.starts) {
      const back = paramsAt(family, pointOf(family, start))
      for (const [name, value] of Object.entries(start)) expect(Number(back[name]) / value).toBeCloseTo(1, 4)
    }
  const random = randomOf(1)
  const tried: Tried[] = Array.from({ length: 60 }, () => {
    const point = (gbdt?.dimensions ?? []).map(() => random())
    return { family: gbdt as NonNullable<typeof gbdt>, point, rung: 2, loss: Math.abs((point[0] as number) - 0.8) }
  })
  const next = Array.from(
    { length: 40 },
    () => propose(tried, [gbdt as NonNullable<typeof gbdt>], random).point[0] as number,
  )
  expect(next.filter((u) => Math.abs(u - 0.8) < 0.2).length).toBeGreaterThan(26)
})

test('a model that keeps its rows is not looked for where all of them are too many', () => {
  const kinds = (all: number) => familiesFor('binary', 1000, 10, all).map((f) => f.trainer)
  expect(kinds(200_000)).toContain('knn')
  expect(kinds(200_001)).not.toContain('knn')
})

test('an answer without end loses everything, and ends no search', () => {
  const goal = { kind: 'regression', objective: 'poisson' } as const
  expect(lossOf(goal, 1)(Float64Array.of(1, Number.POSITIVE_INFINITY), { y: Float64Array.of(1, 2) })).toBe(Infinity)
})

test('the loss of several classes is that of their report', () => {
  const [said, y] = [Float64Array.of(0.2, 0.5, 0.3, 1, 0, 0, 0, 0.25, 0.75), Float64Array.of(1, 1, 2)]
  expect(lossOf({ kind: 'multiclass' }, 3)(said, { y })).toBe(evaluateClasses(said, y, [0, 1, 2]).logLoss)
})

test('a cancel is seen between the trials of an ensemble', async () => {
  const stop = new AbortController()
  let asked = 0
  const loss = () => {
    if (++asked === 3) setImmediate(() => stop.abort())
    return 1
  }
  const said = Array.from({ length: 10 }, () => new Float64Array(10))
  expect((await failure(selectEnsemble(said, loss, 12, stop.signal))).code).toBe('CANCELLED')
  expect(asked).toBeLessThan(6)
})

test.each<[TrainTask['params'], string]>([
  [{ trials: 0 }, 'trials'],
  [{ folds: 1 }, 'folds'],
  [{ cut: 'by-hand' }, 'cut'],
  [{ trees: 5 }, 'trees'],
])('refuses %o', async (params, words) => {
  const error = await failure(
    auto.train(
      taskOf((a) => a > 0, 'bool', params, 50),
      quiet(),
    ),
  )
  expect([error.code, error.message]).toEqual(['USAGE_INVALID', expect.stringContaining(words)])
})

test('a feature that tells the target alone is named, and is not where none does', async () => {
  const told: string[] = []
  const say = (text: string) => void told.push(text)
  const leaks = await auto.train(
    taskOf((a) => a > 0.1, 'bool', QUICK, 400),
    { ...quiet(), say },
  )
  expect(leaks.body['suspects']).toEqual([{ feature: 'a', strength: 1 }])
  expect(told).toEqual(['tells the target almost alone: a (1.0000); is it known when the question is asked?'])
  const sound = await auto.train(
    taskOf((a, b, _, random) => a + b + random() > 0.5, 'bool', QUICK, 400),
    quiet(),
  )
  expect(sound.body['suspects']).toBeUndefined()
})
