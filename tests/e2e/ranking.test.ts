import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { auto, baseline, byGroup, csv, gbdt, type Kitchen, linear, recipe } from '../../src/index.ts'
import type { RankingReport } from '../../src/ml/evaluation/orders.ts'
import { loadPackage } from '../../src/ml/registry/version.ts'
import type { Evaluation } from '../../src/ml/review/evaluation.ts'
import type { EvaluateOutput } from '../../src/ml/review/step.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { randomOf } from '../../src/ml/training/conformance.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { run } from '../../src/runs/runner.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
const QUERIES = 300
beforeAll(async () => {
  w = await openWritten()
  const random = randomOf(5)
  const lines = ['query,season,match,price,bought']
  // rows of a query do not stand together, and dear queries are dear in all their rows
  for (let i = 0; i < QUERIES * 12; i++) {
    const query = i % QUERIES
    const [match, price] = [random(), random() + (query % 10)]
    const lean = 2 * match - (price % 1) + random() / 2
    lines.push(`질의 ${query},${query % 2 ? 'summer' : 'winter'},${match.toFixed(4)},${price.toFixed(4)},${query % 20 === 7 ? 0 : Math.max(0, Math.min(3, Math.floor(lean * 2)))}`) // biome-ignore format: one line
  }
  writeFileSync(join(w.folder, 'offers.csv'), `${lines.join('\n')}\n`)
})
afterAll(() => w.close())

const COLUMNS = { query: 'string', season: 'string', match: 'float64', price: 'float64', bought: 'int32' } as const
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

test('queries that the split cuts are told, and those that teach nothing, once for all candidates', async () => {
  const told: string[] = []
  const ran = async (cut: boolean) => {
    const made = recipe('cut', (k) => {
      const offers = k.source('offers', csv('offers.csv', COLUMNS))
      const data = k.dataset('cut-data', offers, {
        split: cut
          ? (r) => ({ train: r.match.lt(0.5), validate: r.match.ge(0.5).and(r.match.lt(0.75)), test: r.match.ge(0.75) })
          : byGroup('query', { train: 0.6, validate: 0.2, test: 0.2 }),
      })
      const candidates = [gbdt({ trees: 2 }), gbdt({ trees: 3 })]
      k.train('cut-model', data, { target: 'bought', goal: { kind: 'ranking', group: 'query' }, features: ['match'], candidates }) // biome-ignore format: one line
    })
    told.length = 0
    const on = (e: RunEvent) => void (e.type === 'said' && told.push(e.text))
    await run(w.galley.ware, await w.galley.scope(), made, { folder: w.folder, signal, on })
  }
  await ran(true)
  expect(told[0]).toMatch(/^300 groups of 'query' have rows in several parts, .* byGroup\('query', …\)$/)
  await ran(false)
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/^\d+ of \d+ groups of 'query' teach no order/)
})

describe('a review', () => {
  const judged = async (name: string, evaluate: object, train: Partial<Train> = {}) => {
    const made = recipe(name, (k) => {
      const offers = k.source('offers', csv('offers.csv', COLUMNS))
      const data = k.dataset(`${name}-data`, offers, { split: byGroup('query', { train: 0.4, validate: 0.2, test: 0.4 }) }) // biome-ignore format: one line
      const model = k.train(`${name}-model`, data, {
        ...{ target: 'bought', goal: { kind: 'ranking', group: 'query' }, features: ['match', 'price'] },
        candidates: [gbdt({ trees: 20, leaves: 7 })],
        ...(train as object),
      })
      k.evaluate('review', model, { resamples: 100, ...evaluate })
    })
    const { outputs } = await w.ran(made)
    const output = outputs.get('review') as EvaluateOutput
    const scope = await w.galley.scope()
    const text = async (blob: string) => new TextDecoder().decode(await w.galley.store.blobs.get(scope, blob))
    return { found: JSON.parse(await text(output.evaluation)) as Evaluation, page: await text(output.card) }
  }

  test('tells the order with intervals over queries, by segment, beside a baseline, and leaves out what has no meaning', async () => {
    const { found, page } = await judged('order-review', { segments: ['season', 'price'], groups: ['season'], curves: true }) // biome-ignore format: one line
    const shown = page.replace(/<script[\s\S]*?<\/script>/g, '')
    expect(shown).not.toMatch(/undefined|NaN|\[object|\{[a-zA-Z]+\}/)
    expect(shown.split('<span lang="en">').length).toBe(shown.split('<span lang="ko">').length)
    expect(found.main).toEqual({ metric: 'ndcg10', least: false })
    expect(Object.keys(found.test.metrics)).toEqual(['ndcg5', 'ndcg10', 'ndcg', 'map', 'mrr', 'precision5', 'precision10']) // biome-ignore format: one line
    for (const { value, low, high } of Object.values(found.test.metrics)) {
      expect(low as number).toBeLessThanOrEqual(value as number)
      expect(high as number).toBeGreaterThanOrEqual(value as number)
    }
    expect(found.test.judged as number).toBeLessThan(found.test.groups as number)
    expect(found.test.groups).toBe(found.test.rows / 12)
    expect(found.against?.metrics['ndcg10']?.difference.low as number).toBeGreaterThan(0.05)
    expect(found.against?.decisions).toBeNull()
    expect(found.segments.map((s) => s.column)).toEqual(['season', 'price'])
    expect(found.segments[0]?.segments.map((s) => s.metric.value).every((x) => x !== null && x > 0.8)).toBe(true)
    expect(found.importance.features.map((x) => x.feature).sort()).toEqual(['match', 'price'])
    expect(found.importance.features[0]?.mean as number).toBeGreaterThan(0.01)
    expect(found.curve?.points.length as number).toBeGreaterThan(2)
    expect(found.calibration).toBeUndefined()
    expect(found.leftOut).toMatchObject({ calibration: 'left.ranking', costs: 'left.ranking', fairness: 'left.orders' })
  })

  test('holds it against a search that keeps queries together', async () => {
    const { found } = await judged('order-rival', { against: auto({ trials: 2, seconds: 0, folds: 2, ensemble: 0 }) })
    expect(found.against?.name).toBe('auto')
    expect(found.against?.metrics['ndcg10']?.second as number).toBeGreaterThan(0.8)
  })
})
