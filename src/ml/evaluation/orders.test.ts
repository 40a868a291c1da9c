import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { randomOf } from '../training/conformance.ts'
import { resampledSums } from './additive.ts'
import {
  averagePrecisionOf,
  descending,
  discounts,
  ndcgOf,
  type Ordered,
  precisionOf,
  reciprocalRankOf,
} from './order.ts'
import { evaluateOrders, orderJudge, orderTerms } from './orders.ts'
import { USUAL } from './resample.ts'
import { bySegments } from './segments.ts'

const f = (...values: number[]): Float64Array => Float64Array.of(...values)
const u = (...values: number[]): Uint32Array => Uint32Array.of(...values)

describe('as scikit-learn', () => {
  const fixture = new URL('../../../tests/fixtures/sklearn/metrics.json', import.meta.url)
  const { ranking } = JSON.parse(readFileSync(fixture, 'utf8')) as {
    ranking: Record<'labels' | 'scores' | 'apart' | 'groups', number[]> & Record<'expected' | 'untied', Record<string, number>> // biome-ignore format: one line
  }
  const [labels, groups] = [Float64Array.from(ranking.labels), Uint32Array.from(ranking.groups)]
  test('NDCG, rows of one score sharing their places', () => {
    const report = evaluateOrders(Float64Array.from(ranking.scores), labels, groups)
    for (const [name, value] of Object.entries(ranking.expected)) expect(report[name as 'ndcg'], name).toBeCloseTo(value, 12) // biome-ignore format: one line
    expect(report).toMatchObject({ goal: 'ranking', groups: 40, rows: labels.length })
    expect(report.irrelevant).toBeGreaterThan(0)
  })
  test('average precision, reciprocal rank and precision of scores without ties', () => {
    const report = evaluateOrders(Float64Array.from(ranking.apart), labels, groups)
    for (const [name, value] of Object.entries(ranking.untied)) expect(report[name as 'map'], name).toBeCloseTo(value, 12) // biome-ignore format: one line
  })
})

function* ordersOf(items: readonly number[]): Generator<readonly number[]> {
  if (items.length === 0) yield []
  for (const [i, item] of items.entries())
    for (const rest of ordersOf([...items.slice(0, i), ...items.slice(i + 1)])) yield [item, ...rest]
}

test('every measure is its mean over all orders of rows of one score', () => {
  const random = randomOf(3)
  for (let round = 0; round < 12; round++) {
    const labels = Float64Array.from({ length: 7 }, () => Math.floor(random() * 3))
    const ends = [1, 2, 3, 4, 5, 6].filter(() => random() < 0.4)
    const tied: Ordered = { labels, ends: Uint32Array.from([...ends, 7]) }
    const discount = discounts(7)
    // orders of all places that keep the runs apart
    const runs = [...ends, 7].map((to, r) => ({ from: [0, ...ends][r] as number, to }))
    let all: number[][] = [[]]
    for (const { from, to } of runs) {
      const own = [...ordersOf(Array.from({ length: to - from }, (_, i) => from + i))]
      all = all.flatMap((head) => own.map((tail) => [...head, ...tail]))
    }
    const mean = (of: (o: Ordered) => number | null): number =>
      all.reduce((sum, order) => sum + (of({ labels: Float64Array.from(order, (i) => labels[i] as number), ends: u(1, 2, 3, 4, 5, 6, 7) }) ?? 0), 0) / all.length // biome-ignore format: one line
    for (const k of [1, 3, 5, 7]) {
      expect(ndcgOf(tied, discount, k) ?? 0).toBeCloseTo(
        mean((o) => ndcgOf(o, discount, k)),
        12,
      )
      expect(precisionOf(tied, k)).toBeCloseTo(mean((o) => precisionOf(o, k)), 12) // biome-ignore format: one line
    }
    expect(averagePrecisionOf(tied) ?? 0).toBeCloseTo(mean(averagePrecisionOf), 12)
    expect(reciprocalRankOf(tied) ?? 0).toBeCloseTo(mean(reciprocalRankOf), 12)
  }
})

test('by hand', () => {
  // 3 and 2 stand at the third place and the first, 0 at the second
  const report = evaluateOrders(f(0.9, 0.5, 0.1), f(2, 0, 3), u(4, 4, 4))
  expect(report.ndcg).toBeCloseTo((3 + 7 / 2) / (7 + 3 / Math.log2(3)), 12)
  expect(report).toMatchObject({ mrr: 1, precision5: 2 / 5, rows: 3, groups: 1, irrelevant: 0, alike: 0 })
  expect(report.map).toBeCloseTo((1 + 2 / 3) / 2, 12)
})

test('sorts whatever order it begins with, equal scores by place', () => {
  const random = randomOf(2)
  for (const n of [0, 1, 5, 16, 17, 33, 100, 1000]) {
    const scores = Float64Array.from({ length: n }, () => Math.floor(random() * n) / 2)
    const order = Uint32Array.from(scores.keys()).sort(() => random() - 0.5)
    descending(n)(order, scores, n)
    expect([...order]).toEqual([...scores.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)) // biome-ignore format: one line
  }
})

describe('groups of which no order is better', () => {
  test('are left out where no row is relevant, and told where all rows are alike', () => {
    const report = evaluateOrders(f(1, 2, 3, 4, 5), f(0, 0, 2, 2, 1), u(0, 0, 1, 1, 2))
    expect(report).toMatchObject({ groups: 3, irrelevant: 1, alike: 2, ndcg: 1, mrr: 1 })
  })
  test('alone give null, and why', () => {
    const report = evaluateOrders(f(1, 2), f(0, 0), u(0, 1))
    expect(report).toMatchObject({ ndcg10: null, map: null, mrr: null, precision5: null })
    expect(report.reasons['ndcg10']).toBe('no group has a relevant row')
    expect(evaluateOrders(f(), f(), u()).reasons['map']).toBe('there are no rows')
  })
  test('a score that is NaN, and unequal lengths, are refused', () => {
    expect(() => evaluateOrders(f(Number.NaN), f(1), u(0))).toThrow('row 0 is NaN')
    expect(() => evaluateOrders(f(1, 2), f(1), u(0))).toThrow('2 scores')
  })
})

/** Groups of eight rows whose scores lean on the labels, `good` of them more. */
function made(count: number, good: (group: number) => boolean) {
  const random = randomOf(7)
  const rows = Array.from({ length: count * 8 }, (_, i) => {
    const [group, label] = [i % count, Math.floor(random() ** 2 * 4)]
    return { group, label, score: label * (good(group) ? 2 : 0.2) + random() * 2 }
  })
  return {
    scores: Float64Array.from(rows, (r) => r.score),
    labels: Float64Array.from(rows, (r) => r.label),
    groups: Uint32Array.from(rows, (r) => r.group),
  }
}

test('intervals are of groups, not of rows: what each row says twice tells no more', async () => {
  const { scores, labels, groups } = made(60, (g) => g % 2 === 0)
  const width = async (of: ReturnType<typeof orderTerms>) => {
    const { interval } = (await resampledSums(of.terms, of.measures, { ...USUAL, resamples: 400 }))['mrr'] as { interval: { low: number; high: number; value: number } } // biome-ignore format: one line
    expect(interval.low).toBeLessThan(interval.value)
    expect(interval.high).toBeGreaterThan(interval.value)
    return interval
  }
  const once = await width(orderTerms(scores, labels, groups))
  // rows below all others, of no relevance: the first relevant one stands where it stood
  const [more, none] = [scores.map((s) => s - 100), new Float64Array(labels.length)]
  const padded = orderTerms(f(...scores, ...more), f(...labels, ...none), u(...groups, ...groups))
  expect(await width(padded)).toEqual(once)
})

test('a segment of groups that are ordered badly is found, and one of few groups is not judged', () => {
  const { scores, labels, groups } = made(140, (g) => g % 4 !== 0)
  const by = Array.from(groups, (g) => (g % 4 === 0 ? 'bad' : g < 12 ? 'few' : 'good'))
  const [told] = bySegments({ by }, orderJudge(scores, labels, groups), labels.length)
  const of = (name: string) => told?.segments.find((s) => s.name === name)
  expect(told?.metric).toBe('ndcg10')
  expect(of('bad')?.worse).toBe(true)
  expect(of('good')?.worse).toBe(false)
  expect(of('good')?.metric.high as number).toBeLessThanOrEqual(1)
  expect(of('few')?.metric.value).toBeNull()
})
