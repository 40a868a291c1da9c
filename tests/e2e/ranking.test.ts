import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { baseline, byGroup, csv, gbdt, type Kitchen, linear, recipe } from '../../src/index.ts'
import type { RankingReport } from '../../src/ml/evaluation/orders.ts'
import { loadPackage } from '../../src/ml/registry/version.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { randomOf } from '../../src/ml/training/conformance.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const QUERIES = 300
beforeAll(async () => {
  w = await openWritten()
  const random = randomOf(5)
  const lines = ['query,match,price,bought']
  // rows of a query do not stand together, and dear queries are dear in all their rows
  for (let i = 0; i < QUERIES * 12; i++) {
    const query = i % QUERIES
    const [match, price] = [random(), random() + (query % 10)]
    const lean = 2 * match - (price % 1) + random() / 2
    lines.push(`질의 ${query},${match.toFixed(4)},${price.toFixed(4)},${query % 20 === 7 ? 0 : Math.max(0, Math.min(3, Math.floor(lean * 2)))}`) // biome-ignore format: one line
  }
  writeFileSync(join(w.folder, 'offers.csv'), `${lines.join('\n')}\n`)
})
afterAll(() => w.close())

const COLUMNS = { query: 'string', match: 'float64', price: 'float64', bought: 'int32' } as const
type Train = Parameters<Kitchen['train']>[2]
const shop = (name: string, train: Partial<Train>) =>
  recipe(name, (k) => {
    const offers = k.source(`${name}-offers`, csv('offers.csv', COLUMNS))
    const data = k.dataset(`${name}-data`, offers, { split: byGroup('query', { train: 0.6, validate: 0.2, test: 0.2 }) }) // biome-ignore format: one line
    const model = k.train(`${name}-model`, data, {
      target: 'bought',
      goal: { kind: 'ranking', group: 'query' },
      features: ['match', 'price'],
      candidates: [baseline({ by: ['match'] }), gbdt({ trees: 40, leaves: 7, earlyStopping: 10 })],
      ...(train as object),
    })
    k.serve(`${name}-live`, model, { entry: `${name}-offers`, input: ['match', 'price'] })
  })

test('an order is learnt within queries, chosen by NDCG, gated, kept and served as a score', async () => {
  const gate: Train['gate'] = (m) =>
    m.validate.ndcg10.gt(m.baseline.validate.ndcg10).and(m.validate.mrr.gt(0.5)).and(m.test.precision5.gt(0))
  const result = await w.ran(shop('order', { gate: gate as never }))
  const model = result.outputs.get('order-model') as TrainOutput<RankingReport>
  expect(model).toMatchObject({ kind: 'gbdt', goal: { kind: 'ranking', group: 'query' } })
  const { validate, test: last } = model.chosen
  expect(validate.ndcg10).toBeGreaterThan(0.9)
  // each query is in one part, and those without a purchase are told apart
  expect(last.rows).toBe(last.groups * 12)
  expect(last.irrelevant).toBeGreaterThan(0)
  expect(last.ndcg5).toBeGreaterThan(0.85)
  const { pack } = await loadPackage(w.galley.store, await w.galley.scope(), model.blob)
  expect(pack).toMatchObject({ format: 4, threshold: null, model: { goal: { kind: 'ranking', group: 'query' } } })
  const g = w.galley
  const live = await openEndpoint({ ...{ store: g.store, duckdb: g.ware.duckdb, scope: await g.scope(), clock: systemClock, log: g.log, ephemeral: true } } as never, 'order-live') // biome-ignore format: one line
  const answers = await live.predict([0.1, 0.5, 0.95].map((match) => ({ match, price: 3.2 })))
  await live.close()
  expect(live.scale).toBe('number')
  expect(answers.map((a) => Object.keys(a))).toEqual([['score'], ['score'], ['score']])
  expect(answers.map((a) => a.score)).toEqual(answers.map((a) => a.score).toSorted((a, b) => a - b))
})

test('what can’t be ranked is refused: by whom, by which column, and of which rows', async () => {
  await expect(w.ran(shop('lines', { candidates: [linear()] }))).rejects.toMatchObject({ code: 'RECIPE_INVALID', what: "'linear' can't learn a ranking target", fix: 'take baseline or auto or gbdt' }) // biome-ignore format: one line
  const of = (goal: unknown) => () => shop('wrong', { goal: goal as never })
  expect(of('ranking')).toThrow('is not told which rows its goal ranks together')
  expect(of({ kind: 'ranking', group: 'querry' })).toThrow('querry')
  expect(of({ kind: 'ranking', group: 'price' })).toThrow("can't group rows by 'price'")
  expect(of({ kind: 'ranking', group: 'bought' })).toThrow('it is the target')
  expect(of({ kind: 'ranking', group: 'query', alpha: 1 })).toThrow("'alpha'")
  expect(() => shop('wrong', { gate: (m) => m.validate.auc.gt(0) })).toThrow("no metric of a ranking goal 'auc'")
})
