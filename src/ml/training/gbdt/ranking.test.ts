import { expect, test } from 'vitest'
import { evaluateOrders } from '../../evaluation/orders.ts'
import { failure, quiet, randomOf, relationOf } from '../conformance.ts'
import type { TrainTask } from '../trainer.ts'
import { gbdt } from './gbdt.ts'
import { groupsOf, lambdas } from './lambdarank.ts'

/** The sums over pairs as LightGBM's rank_objective.hpp has them, a pair at a time. */
function slowly(scores: number[], labels: number[]): { g: number[]; h: number[] } {
  const n = scores.length
  const order = [...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
  const gain = (i: number) => 2 ** (labels[i] as number) - 1
  const discount = (place: number) => 1 / Math.log2(place + 2)
  const best = labels.toSorted((a, b) => b - a).slice(0, 30)
  const ideal = best.reduce((sum, label, i) => sum + (2 ** label - 1) * discount(i), 0)
  const [g, h] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)]
  let sum = 0
  const apart = Math.max(...scores) !== Math.min(...scores)
  for (const [high, i] of order.entries())
    for (const [low, j] of order.entries()) {
      if (!((labels[i] as number) > (labels[j] as number)) || Math.min(high, low) >= 30) continue
      const difference = (scores[i] as number) - (scores[j] as number)
      let delta = ((gain(i) - gain(j)) * Math.abs(discount(high) - discount(low))) / ideal
      if (apart) delta /= 0.01 + Math.abs(difference)
      const p = 1 / (1 + Math.exp(difference))
      g[i] = (g[i] as number) - delta * p
      g[j] = (g[j] as number) + delta * p
      h[i] = (h[i] as number) + delta * p * (1 - p)
      h[j] = (h[j] as number) + delta * p * (1 - p)
      sum += 2 * delta * p
    }
  const norm = sum > 0 ? Math.log2(1 + sum) / sum : 1
  return { g: g.map((x) => x * norm), h: h.map((x) => x * norm) }
}

test('the gradients are those of the definition, whoever has a group and whatever order it had before', () => {
  const random = randomOf(8)
  const sizes = [1, 2, 7, 40, 90, 3, 33]
  const rows = sizes.reduce((a, b) => a + b, 0)
  const members = Uint32Array.from({ length: rows }, (_, i) => i).sort(() => random() - 0.5)
  const starts = Uint32Array.from([0, ...sizes.map((_, k) => sizes.slice(0, k + 1).reduce((a, b) => a + b, 0))])
  const grouped = { groups: sizes.length, members, starts }
  const y = Float64Array.from({ length: rows }, () => Math.floor(random() ** 2 * 5))
  const w = Float64Array.from({ length: rows }, () => 0.5 + random())
  const scores = new Float64Array(rows)
  const learners = [0, 1, 2].map((me) => lambdas({ y, w, scores }, grouped, groupsOf(grouped, 3, me)))
  for (let round = 0; round < 4; round++) {
    // all alike at first, then with ties
    for (let i = 0; i < rows; i++) scores[i] = round === 0 ? 0 : Math.round(random() * 20 - 10) / 4
    const [g, h] = [new Float32Array(rows).fill(9), new Float32Array(rows).fill(9)]
    for (const learn of learners) learn(g, h)
    for (let k = 0; k < sizes.length; k++) {
      const own = Array.from(members.subarray(starts[k], starts[k + 1]))
      const slow = slowly(own.map((i) => scores[i] as number), own.map((i) => y[i] as number)) // biome-ignore format: one line
      for (const [at, row] of own.entries()) {
        expect(g[row]).toBeCloseTo((slow.g[at] as number) * (w[row] as number), 5)
        expect(h[row]).toBeCloseTo((slow.h[at] as number) * (w[row] as number), 5)
      }
    }
  }
})

const schema = ['a', 'b', 'noise', 'w', 'q', 'y'].map((name) => ({ name, type: 'float64' as const, nullable: false }))
/** Groups have a level of their own, which says nothing of the order within. */
function rowsOf(groups: number, seed: number) {
  const random = randomOf(seed)
  return Array.from({ length: groups }, (_, q) => ({ q, level: random() * 8, size: 1 + Math.floor(random() * 24) }))
    .flatMap(({ q, level, size }) =>
      Array.from({ length: size }, () => {
        const [a, b] = [random(), random()]
        const lean = 3 * a * b + Math.sin(5 * a) + (random() - 0.5)
        return { q, a: a + level, b, noise: random(), w: 1, y: Math.max(0, Math.min(4, Math.floor(lean * 1.5))) }
      }),
    )
    .map((row) => ({ row, at: random() }))
    .sort((x, y) => x.at - y.at)
    .map(({ row }) => row)
}
const taskOf = (rows: ReturnType<typeof rowsOf>, more: Partial<TrainTask> = {}): TrainTask => ({
  ...{ train: relationOf(schema, rows), features: ['a', 'b', 'noise'], target: 'y', seed: 1, threads: 1 },
  ...{ goal: { kind: 'ranking', group: 'q' }, params: { trees: 30, leaves: 7 }, ...more },
})
const [train, validate] = [rowsOf(500, 1), rowsOf(200, 2)]
const judged = (model: Awaited<ReturnType<typeof gbdt.train>>, rows: ReturnType<typeof rowsOf>): number => {
  const scores = new Float64Array(rows.length)
  const column = (name: 'a' | 'b' | 'noise') => Float64Array.from(rows, (r) => r[name])
  gbdt.load(model).many([column('a'), column('b'), column('noise')], rows.length, scores)
  return evaluateOrders(scores, Float64Array.from(rows, (r) => r.y), Uint32Array.from(rows, (r) => r.q)).ndcg10 as number // biome-ignore format: one line
}

test('is the same model on one thread and on five, and orders better than chance and than a number learnt alone', async () => {
  const one = await gbdt.train(taskOf(train), quiet())
  expect(JSON.stringify(await gbdt.train(taskOf(train, { threads: 5 }), quiet()))).toBe(JSON.stringify(one))
  const goal = { kind: 'regression', objective: 'squared' } as const
  const number = judged(await gbdt.train(taskOf(train, { goal }), quiet()), validate)
  const chance = evaluateOrders(new Float64Array(validate.length), Float64Array.from(validate, (r) => r.y), Uint32Array.from(validate, (r) => r.q)).ndcg10 as number // biome-ignore format: one line
  expect(judged(one, validate)).toBeGreaterThan(chance + 0.15)
  expect(judged(one, validate)).toBeGreaterThan(number)
})

test('stops where the NDCG of validation rows no longer rises, on any number of threads', async () => {
  const params = { trees: 400, leaves: 31, learningRate: 0.3, earlyStopping: 5 }
  const more = { params, validate: relationOf(schema, validate) }
  const model = await gbdt.train(taskOf(train, more), quiet())
  expect(JSON.stringify(await gbdt.train(taskOf(train, { ...more, threads: 3 }), quiet()))).toBe(JSON.stringify(model))
  const all = await gbdt.train(taskOf(train, { params: { ...params, trees: 60 } }), quiet())
  const trees = (m: typeof model) => Buffer.from(m.body['treeLeaves'] as string, 'base64').length / 4
  expect(trees(model)).toBeLessThan(60)
  expect(judged(model, validate)).toBeGreaterThan(judged(all, validate))
})

test('goes together with sampling, categories, monotone features and early stopping, on any number of threads', async () => {
  const coded = (rows: ReturnType<typeof rowsOf>) => rows.map((r) => ({ ...r, noise: Math.floor(r.b * 12) }))
  const params = {
    ...{ trees: 60, leaves: 15, earlyStopping: 8, rowFraction: 0.7, columnFraction: 0.7, l1: 0.1 },
    ...{ increasing: ['b'], categorical: ['noise'], minDataPerGroup: 20 },
  }
  const more = { params, validate: relationOf(schema, coded(validate)), weight: 'w' }
  const one = await gbdt.train(taskOf(coded(train), more), quiet())
  expect(JSON.stringify(await gbdt.train(taskOf(coded(train), { ...more, threads: 3 }), quiet()))).toBe(JSON.stringify(one)) // biome-ignore format: one line
  expect(judged(one, coded(validate))).toBeGreaterThan(0.8)
  const told = new Float64Array(4)
  const { contributions, one: score } = gbdt.load(one)
  contributions?.(Float64Array.of(2.5, 0.5, 6), told)
  expect(told.reduce((a, b) => a + b)).toBeCloseTo(score(Float64Array.of(2.5, 0.5, 6)), 9)
})

test('groups that teach nothing are told, and change nothing', async () => {
  const said: string[] = []
  const flat = train.filter((r) => r.q < 100).map((r) => ({ ...r, q: r.q + 10_000, y: 2 }))
  const ctx = { ...quiet(), say: (what: string) => void said.push(what) }
  const model = await gbdt.train(taskOf([...train, ...flat]), ctx)
  const known = new Map<number, Set<number>>()
  for (const { q, y } of [...train, ...flat]) known.set(q, (known.get(q) ?? new Set()).add(y))
  const silent = [...known.values()].filter((labels) => labels.size === 1).length
  expect(silent).toBeGreaterThan(100)
  expect(said).toEqual([`${silent} of 600 groups of 'q' teach no order: they have one row, or rows of one label`])
  expect(judged(model, validate)).toBeGreaterThan(0.8)
})

test('weights count: groups of weight 0 are as if they weren’t there', async () => {
  const wrong = train.map((r) => ({ ...r, q: r.q + 10_000, y: 4 - r.y, w: 0 }))
  const model = await gbdt.train(taskOf([...train, ...wrong], { weight: 'w', params: { trees: 30, leaves: 7, minDataInLeaf: 1 } }), quiet()) // biome-ignore format: one line
  expect(judged(model, validate)).toBeGreaterThan(0.8)
})

test('refuses validation rows of which no order is better, and rows without a group there', async () => {
  const stopping = { params: { trees: 5, earlyStopping: 2 } }
  const none = { ...stopping, validate: relationOf(schema, validate.map((r) => ({ ...r, y: 0 }))) } // biome-ignore format: one line
  expect((await failure(gbdt.train(taskOf(train, none), quiet()))).message).toContain('"y" is 0 in all')
  const lost = { ...stopping, validate: relationOf(schema, validate.map((r, i) => ({ ...r, q: i < 3 ? Number.NaN : r.q }))) } // biome-ignore format: one line
  expect((await failure(gbdt.train(taskOf(train, lost), quiet()))).message).toContain(`3 of ${validate.length.toLocaleString('en-US')} rows have no group`) // biome-ignore format: one line
})
