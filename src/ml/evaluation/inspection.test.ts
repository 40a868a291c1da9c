import { describe, expect, test } from 'vitest'
import { randomsOf } from '../../base/random.ts'
import { calibrate } from './calibration.ts'
import { comparisonSentence, decisionsOf } from './compare.ts'
import { delong } from './delong.ts'
import { fairness } from './fairness.ts'
import { aloneOf, repeatedRows } from './leaks.ts'
import { levelsOf } from './levels.ts'
import { brier as brierOf } from './metrics.ts'
import { rank } from './ranking.ts'
import { brierParts, isotonic, platt, recalibrated } from './recalibrate.ts'
import { powerLaw } from './scaling.ts'
import { aucJudge, bySegments, lossJudge } from './segments.ts'

const f = (...values: number[]): Float64Array => Float64Array.of(...values)

describe('levels', () => {
  test('texts by how often they are, the rare ones together, missing ones last', () => {
    const by = ['b', 'a', 'a', null, 'c', 'd', 'b', 'b']
    expect(levelsOf(by, 3).map((l) => [l.name, l.others ?? false, l.rows.length])).toEqual([['b', false, 3], ['a', false, 2], ['2', true, 2], [null, false, 1]]) // biome-ignore format: one line
  })
  test('numbers at their quartiles, few distinct ones as they are', () => {
    expect(levelsOf(Float64Array.from({ length: 100 }, (_, i) => i)).map((l) => l.rows.length)).toEqual([
      25, 25, 25, 25,
    ])
    expect(levelsOf(f(1, 0, 1, Number.NaN)).map((l) => l.name)).toEqual(['0', '1', null])
    expect(levelsOf(Float64Array.from({ length: 50 }, (_, i) => (i < 30 ? 0 : i))).length).toBeGreaterThan(1)
    expect(levelsOf(new Float64Array(0))).toEqual([])
    // codes and dates are told apart by their last digits
    expect(levelsOf(f(20240102, 20240101, 20240101)).map((l) => l.name)).toEqual(['20240101', '20240102'])
    expect(levelsOf(f(0.5, 1.00001, 1.00002, -3)).map((l) => l.name)).toEqual(['−3', '0.5', '1.00001', '1.00002'])
    expect(levelsOf(f(1 / 3, 2 / 3)).map((l) => l.name)).toEqual(['0.3333', '0.6667'])
    expect(new Set(levelsOf(Float64Array.from({ length: 64 }, (_, i) => 20240101 + i)).map((l) => l.name)).size).toBe(4)
  })
})

test('a segment that is worse is found; of forty that are not, some is called so about as rarely as asked', () => {
  const rows = 2000
  let alarms = 0
  for (let t = 0; t < 40; t++) {
    const random = randomsOf(3, t)
    const where = Array.from({ length: rows }, () => `s${Math.floor(random() * 40)}`)
    const half = where.map((w) => (w < 's2' ? 'bad' : 'good'))
    const losses = Float64Array.from({ length: rows }, () => random())
    const by = (judged: Float64Array, columns: Record<string, string[]>) =>
      bySegments(columns, lossJudge('brier', judged), rows).flatMap((s) => s.segments.filter((x) => x.worse))
    if (by(losses, { where, half }).length > 0) alarms++
    const worse = losses.map((l, i) => (half[i] === 'bad' ? l + 0.2 : l))
    expect(by(worse, { half }).map((s) => s.name)).toEqual(['bad'])
  }
  // 5 % of 40 are 2
  expect(alarms).toBeLessThan(7)
})

test("the AUC of some rows and its variance are DeLong's", () => {
  const random = randomsOf(8, 8)
  const labels = Uint8Array.from({ length: 400 }, () => Number(random() < 0.4))
  const scores = Float64Array.from(labels, (y) => Math.round((random() + y * 0.3) * 20) / 20)
  const rows = Uint32Array.from({ length: 250 }, (_, i) => i + 100)
  const found = aucJudge(scores, labels).of(rows)
  const expected = delong([scores.slice(100, 350)], labels.slice(100, 350))
  expect(found?.value).toBeCloseTo(expected?.aucs[0] as number, 12)
  expect(found?.variance).toBeCloseTo(expected?.covariance[0]?.[0] as number, 12)
})

test('segments without rows of both classes tell no AUC', () => {
  const labels = Uint8Array.from({ length: 200 }, (_, i) => Number(i < 100 && i % 2))
  const scores = Float64Array.from({ length: 200 }, (_, i) => (i % 10) / 10)
  const [found] = bySegments({ half: Float64Array.from({ length: 200 }, (_, i) => Number(i >= 100)) }, aucJudge(scores, labels), 200) // biome-ignore format: one line
  expect(found?.segments.map((s) => s.metric.value === null)).toEqual([false, true])
})

test('fairness: groups without positives are left out of what needs them; small groups are told', async () => {
  const found = await fairness('sex', ['a', 'a', 'a', 'b', 'b', null], f(0.9, 0.1, 0.8, 0.2, 0.7, 0.6), Uint8Array.of(1, 0, 1, 0, 0, 1), 0.5, { resamples: 50, seed: 1, confidence: 0.9 }) // biome-ignore format: one line
  expect(found.groups.map((g) => [g.name, g.truePositiveRate.value])).toEqual([['a', 1], ['b', null], [null, 1]]) // biome-ignore format: one line
  expect(found.equalOpportunity.value).toBe(0)
  expect(found.sentence.en).toContain('3 of 3 groups')
})

describe('recalibration', () => {
  test('brings overconfident scores back, and keeps the order of rows', () => {
    const random = randomsOf(5, 5)
    const truth = Float64Array.from({ length: 4000 }, () => random())
    const labels = Uint8Array.from(truth, (p) => Number(random() < p))
    const sure = truth.map((p) => p ** 3 / (p ** 3 + (1 - p) ** 3))
    const error = (scores: Float64Array) => calibrate(rank(scores, labels)).error as number
    for (const mend of [platt, isotonic]) {
      const how = mend(rank(sure, labels))
      const mended = recalibrated(how as NonNullable<typeof how>, sure)
      expect(error(mended)).toBeLessThan(error(sure) / 3)
      const order = [...sure.keys()].sort((a, b) => (sure[a] as number) - (sure[b] as number))
      expect(order.every((i, at) => at === 0 || (mended[order[at - 1] as number] as number) <= (mended[i] as number) + 1e-12)).toBe(true) // biome-ignore format: one line
    }
  })
  test('one class, no rows, and scores that tell all', () => {
    expect(platt(rank(f(0.2, 0.4), Uint8Array.of(1, 1)))).toBeNull()
    expect(isotonic(rank(f(), Uint8Array.of()))).toBeNull()
    const sure = platt(rank(f(0, 0, 1, 1), Uint8Array.of(0, 0, 1, 1)))
    expect(sure?.by === 'platt' && Number.isFinite(sure.slope)).toBe(true)
  })
  test("Murphy's parts add up to the Brier score", () => {
    const [scores, labels] = [f(0.1, 0.1, 0.6, 0.6, 0.9), Uint8Array.of(0, 1, 1, 0, 1)]
    const parts = brierParts(calibrate(rank(scores, labels), 5).bins, brierOf(scores, labels))
    expect(parts?.within).toBeCloseTo(0, 12)
    expect((parts?.reliability ?? 0) - (parts?.resolution ?? 0) + (parts?.uncertainty ?? 0)).toBeCloseTo(brierOf(scores, labels) as number, 12) // biome-ignore format: one line
  })
})

describe('power laws', () => {
  const sizes = [250, 500, 1000, 2000, 4000, 8000]
  const points = (noise: number) => {
    const random = randomsOf(9, 1)
    return sizes.map((rows) => ({ rows, value: 3 * rows ** -0.5 + 0.2 + (random() - 0.5) * noise }))
  }
  test('finds exponent and floor, and what twice the rows would give', () => {
    const found = powerLaw(points(0))
    expect(found.tells && [found.law.b, found.law.c]).toEqual([expect.closeTo(0.5, 2), expect.closeTo(0.2, 2)])
    const noisy = powerLaw(points(0.004))
    expect(noisy.tells && noisy.law.exponent[0] < 0.5 && noisy.law.exponent[1] > 0.5).toBe(true)
    const twice = noisy.tells ? noisy.law.twice : null
    expect(Math.abs((twice?.value ?? 0) - (3 * 16_000 ** -0.5 + 0.2))).toBeLessThan(0.01)
  })
  test("says that it can't tell", () => {
    const why = (p: readonly { rows: number; value: number }[]) => {
      const found = powerLaw(p)
      return found.tells ? '' : found.why.en
    }
    expect(why(points(0).slice(0, 4))).toContain('4 sizes')
    expect(why(sizes.map((rows) => ({ rows, value: 1 })))).toContain('the same')
    expect(why(sizes.map((rows, i) => ({ rows, value: i % 2 })))).not.toBe('')
    expect(why(sizes.map((rows) => ({ rows, value: rows })))).toContain('does not fall')
  })
  test('seconds that grow with rows', () => {
    const found = powerLaw(sizes.map((rows) => ({ rows, value: 0.02 + rows * 1e-5 })), 0.95, -3, -0.05) // biome-ignore format: one line
    expect(found.tells && found.law.b).toBeCloseTo(-1, 1)
  })
})

describe('leaks', () => {
  const random = randomsOf(4, 4)
  const y = Float64Array.from({ length: 500 }, () => Number(random() < 0.4))
  const noise = y.map(() => random())
  test('a copy of the target, whichever way it points, one that almost tells it, and one that is missing where it is so', () => {
    const almost = y.map((v, i) => (i % 100 === 0 ? 1 - v : v))
    const gone = y.map((v) => (v === 1 ? Number.NaN : 3))
    const found = aloneOf(['copy', 'noise', 'almost', 'gone', 'flat'], [y.map((v) => -v), noise, almost, gone, y.map(() => 1)], y, 2) // biome-ignore format: one line
    const suspects = Object.fromEntries(found.map((a) => [a.feature, a.suspect]))
    expect(suspects).toEqual({ copy: 'copy', gone: 'copy', almost: 'high', noise: null, flat: null })
  })
  test('of numbers and of classes', () => {
    expect(aloneOf(['log'], [noise.map((x) => Math.log(x))], noise, 0)[0]).toMatchObject({ suspect: 'copy' })
    const three = noise.map((x) => Math.floor(x * 3))
    expect(aloneOf(['x', 'c'], [noise, noise.map(() => random())], three, 3).map((a) => a.feature)[0]).toBe('x')
  })
  test('of so few rows that chance tells as much no feature is suspect; of rare ones among many it is', () => {
    const few = f(0, 1, 0, 1, 0, 1)
    expect(aloneOf(['x'], [few], few, 2)[0]).toMatchObject({ strength: 1, suspect: null })
    expect(aloneOf(['x'], [f(1, 2, 3)], f(1, 2, 3), 0)[0]).toMatchObject({ strength: 1, suspect: null })
    const rare = Float64Array.from({ length: 400 }, (_, i) => Number(i < 2))
    expect(aloneOf(['x'], [rare], rare, 2)[0]).toMatchObject({ suspect: 'copy' })
  })
  test('rows of another part that were learnt from', () => {
    const train = { columns: [f(1, 2, 0, Number.NaN), f(5, 6, 7, 8)], labels: f(0, 1, 0, 1) }
    const test = { columns: [f(1, 2, -0, Number.NaN, 9), f(5, 6, 7, 8, 5)], labels: f(0, 0, 0, 1, 0) }
    expect(repeatedRows(train, test)).toEqual({ rows: 4, of: 5, sameTarget: 3 })
  })
})

test('decisions of two models by McNemar, and a sentence that says what is not shown', async () => {
  const first = Array.from({ length: 60 }, (_, i) => i % 6 !== 0)
  const second = Array.from({ length: 60 }, (_, i) => i % 2 === 0)
  const found = await decisionsOf(first, second)
  expect(found).toMatchObject({ firstOnly: 30, secondOnly: 10 })
  expect(found.p).toBeLessThan(0.01)
  expect(await decisionsOf(first, first)).toEqual({ firstOnly: 0, secondOnly: 0, p: null })
  const names = { first: 'gbdt', second: 'baseline', metric: { en: 'AUC', ko: 'AUC' } }
  const of = (low: number, high: number, p = 0.03) => comparisonSentence(names, { first: 0.8, second: 0.7, p, difference: { value: 0.1, low, high, method: 'delong' } }, { least: false, alpha: 0.05 }) // biome-ignore format: one line
  expect(of(0.05, 0.15).en).toMatch(/gbdt is better than baseline .* does not show/)
  expect(of(0.05, 0.15, 0.08).en).toMatch(/could not be shown/)
  expect(of(-0.05, 0.25).en).toMatch(/could not be shown .* equally good/)
  expect(of(0.05, 0.15).ko).toContain('뜻은 아닙니다')
})
