import { describe, expect, test } from 'vitest'
import type { Goal } from '../../../runs/goal.ts'
import { goalConformance } from '../conformance.goals.ts'
import { failure, quiet, randomOf, relationOf } from '../conformance.ts'
import type { TrainedModel, TrainTask } from '../trainer.ts'
import { readForest } from './forest.ts'
import { gbdt } from './gbdt.ts'

const AIMS = ['binary', 'multiclass', 'squared'] as const
describe('goals with categories and groups', () =>
  goalConformance(AIMS, async () => ({
    trainer: { ...gbdt, goals: AIMS },
    params: { trees: 4, leaves: 9, categorical: ['b'], minDataPerGroup: 10, interactions: [['a', 'constant']] },
  })))

const schema = ['c', 'x', 'z', 'y'].map((name) => ({ name, type: 'float64' as const, nullable: true }))
const SQUARED: Goal = { kind: 'regression', objective: 'squared' }
type Row = { c: number | null; x: number; z: number; y: number }
const taskOf = (rows: readonly Row[], params: TrainTask['params'], more: Partial<TrainTask> = {}): TrainTask => ({
  ...{
    train: relationOf(schema, rows),
    features: ['c', 'x', 'z'],
    target: 'y',
    goal: SQUARED,
    params,
    seed: 1,
    threads: 2,
  },
  ...more,
})
const learn = (rows: readonly Row[], params: TrainTask['params'], more: Partial<TrainTask> = {}) =>
  gbdt.train(taskOf(rows, params, more), quiet())
const at = (model: TrainedModel, ...row: number[]) => gbdt.load(model).one(Float64Array.from(row))

/** Codes that say nothing by their order: y is 5 for those of which three divides the square's remainder. */
const odd = (c: number): boolean => (c * c * 7 + 3) % 11 < 4
function rowsOf(count: number, codes: number, seed = 4): Row[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const c = Math.floor(random() * codes)
    const [x, z] = [random(), random()]
    return { c, x, z, y: (odd(c) ? 5 : 0) + x + random() / 10 }
  })
}

test('one split parts codes that no threshold can', async () => {
  const rows = rowsOf(6000, 40)
  const params = { trees: 1, leaves: 2, learningRate: 1, minDataPerGroup: 1, catL2: 0 }
  const sets = await learn(rows, { ...params, categorical: ['c'] })
  for (let c = 0; c < 40; c++) expect(at(sets, c, 0.5, 0.5)).toBeCloseTo(odd(c) ? 5.55 : 0.55, 1)
  const order = await learn(rows, params)
  expect(new Set(Array.from({ length: 40 }, (_, c) => at(order, c, 0.5, 0.5) > 3.5)).size).toBeLessThan(3)
  expect(Math.abs(at(order, 1, 0.5, 0.5) - (odd(1) ? 5.55 : 0.55))).toBeGreaterThan(0.5)
})

test('of up to four categories one is parted from the others, by hand', async () => {
  // means 1, 2 and 9 of 40 rows each: the third goes alone
  const rows = Array.from({ length: 120 }, (_, i) => ({ c: i % 3, x: 0, z: 0, y: [1, 2, 9][i % 3] as number }))
  const model = await learn(rows, { trees: 1, leaves: 2, learningRate: 1, categorical: ['c'] })
  expect([0, 1, 2].map((c) => at(model, c, 0, 0))).toEqual([1.5, 1.5, 9])
})

test('what was not seen, is rare or is missing goes with those that are in no set; a penalty draws sets to 0', async () => {
  const rows = rowsOf(4000, 30).map((row, i) => (i % 50 === 0 ? { ...row, c: null } : row))
  const params = { trees: 5, leaves: 6, minDataPerGroup: 20, categorical: ['c'] }
  const model = await learn(rows, params)
  const answers = [999, -3, 0.5, Number.NaN, 1 / 0].map((c) => at(model, c, 0.3, 0.3))
  expect(new Set(answers).size).toBe(1)
  const few = rows.map((row) => ({ ...row, y: row.y * Number(row.c === 7) }))
  const spread = async (catL2: number): Promise<number> => {
    const own = await learn(few, { ...params, trees: 1, leaves: 2, learningRate: 1, catL2 })
    return Math.abs(at(own, 7, 0.5, 0.5) - at(own, 1, 0.5, 0.5))
  }
  expect(await spread(200)).toBeLessThan((await spread(0)) * 0.6)
})

test('a million codes: the 254 most frequent count for themselves', async () => {
  const random = randomOf(2)
  const rows = Array.from({ length: 20_000 }, (_, i) => {
    const c = i % 2 === 0 ? Math.floor(random() * 200) : 1000 + Math.floor(random() * 1e6)
    return { c, x: random(), z: 0, y: c < 200 && odd(c) ? 5 : 0 }
  })
  const model = await learn(rows, { trees: 20, leaves: 15, categorical: ['c'] })
  const wrong = Array.from({ length: 200 }, (_, c) => Math.abs(at(model, c, 0.5, 0) - (odd(c) ? 5 : 0))).filter((e) => e > 1.5) // biome-ignore format: one line
  expect(wrong.length).toBeLessThan(20)
  expect(Math.abs(at(model, 5e8, 0.5, 0))).toBeLessThan(0.5)
})

test('early stopping judges by sets: no other number of rounds is better', async () => {
  const [rows, judges] = [rowsOf(400, 30), rowsOf(500, 30, 9)]
  const params = {
    leaves: 12,
    learningRate: 0.5,
    minDataInLeaf: 3,
    minDataPerGroup: 3,
    catSmooth: 1,
    categorical: ['c'],
  }
  const validate = relationOf(schema, judges)
  const stopped = await learn(rows, { ...params, trees: 60, earlyStopping: 20 }, { validate })
  const loss = (model: TrainedModel): number =>
    judges.reduce((sum, { c, x, z, y }) => sum + (at(model, c ?? Number.NaN, x, z) - y) ** 2, 0)
  const rounds = Number(stopped.body['trees'])
  expect(rounds).toBeLessThan(60)
  const own = loss(stopped)
  for (const trees of [rounds - 1, rounds + 1, rounds + 5]) if (trees > 0) expect(own).toBeLessThanOrEqual(loss(await learn(rows, { ...params, trees }))) // biome-ignore format: one line
})

test('features of different groups never stand on one way down, and one in no group stands alone', async () => {
  const random = randomOf(8)
  const rows = Array.from({ length: 3000 }, () => {
    const [c, x, z] = [random(), random(), random()]
    return { c, x, z, y: c * x * 4 + z * c * 3 + x * z * 2 }
  })
  const waysOf = async (interactions: string[][]): Promise<string[]> => {
    const forest = readForest(await learn(rows, { trees: 12, leaves: 12, interactions }))
    const ways = new Set<string>()
    const walk = (child: number, above: ReadonlySet<number>): void => {
      if (child < 0) return void ways.add([...above].sort().join(''))
      const own = new Set([...above, (forest.test[child] as number) >> 1])
      for (const side of [0, 1]) walk(forest.children[child * 2 + side] as number, own)
    }
    for (const root of forest.roots) walk(root, new Set())
    return [...ways].sort()
  }
  expect(await waysOf([['c', 'x']])).toEqual(expect.arrayContaining(['01', '2']))
  expect((await waysOf([['c', 'x']])).filter((way) => way.includes('2') && way !== '2')).toEqual([])
  expect(
    (
      await waysOf([
        ['c', 'x'],
        ['x', 'z'],
      ])
    ).filter((way) => way.includes('0') && way.includes('2')),
  ).toEqual([])
  expect(await waysOf([])).toContain('012')
})

test.each<[TrainTask['params'], string]>([
  [{ categorical: ['q'] }, '"q"'],
  [{ categorical: 'c' }, 'list'],
  [{ categorical: ['c'], increasing: ['c'] }, 'no order'],
  [{ interactions: ['c'] as never }, 'list'],
  [{ interactions: [['c', 'q']] }, '"q"'],
  [{ catL2: -1 }, 'catL2'],
])('refuses %o', async (params, words) => {
  const error = await failure(learn(rowsOf(60, 4), params))
  expect([error.code, error.message]).toEqual(['USAGE_INVALID', expect.stringContaining(words)])
})
