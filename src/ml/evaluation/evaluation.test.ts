import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calibrate } from './calibration.ts'
import { chooseThreshold, confusionAt, type ThresholdGoal } from './confusion.ts'
import { evaluate } from './evaluate.ts'
import { auc, averagePrecision, brier, logLoss } from './metrics.ts'
import { rank } from './ranking.ts'

const f = (...values: number[]): Float64Array => Float64Array.of(...values)
const u = (...values: number[]): Uint8Array => Uint8Array.of(...values)

describe('auc', () => {
  test.each([
    ['scikit-learn’s roc_auc_score example', f(0.1, 0.4, 0.35, 0.8), u(0, 0, 1, 1), 0.75],
    ['all in order', f(0.1, 0.2, 0.3, 0.4), u(0, 0, 1, 1), 1],
    ['all reversed', f(0.4, 0.3, 0.2, 0.1), u(0, 0, 1, 1), 0],
    ['all tied', f(0.5, 0.5, 0.5), u(0, 1, 1), 0.5],
    // pairs: (0.5, 0.5) half, (0.5, 0.2) one, (0.7, 0.5) one, (0.7, 0.2) one
    ['one tie', f(0.5, 0.2, 0.5, 0.7), u(0, 0, 1, 1), 3.5 / 4],
    ['no positives', f(0.5, 0.2), u(0, 0), null],
    ['no negatives', f(0.5, 0.2), u(1, 1), null],
    ['no rows', f(), u(), null],
    ['infinite scores', f(-1 / 0, 0, 1 / 0, 1 / 0), u(0, 1, 0, 1), 2.5 / 4],
  ])('%s', (_, scores, labels, expected) => expect(auc(rank(scores, labels))).toBe(expected))

  test('is the share of pairs in order, ties half', () => {
    const row = fc.record({ score: fc.integer({ min: 0, max: 8 }), label: fc.integer({ min: 0, max: 1 }) })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        const yes = rows.filter((r) => r.label === 1)
        const no = rows.filter((r) => r.label === 0)
        const pairs = yes.flatMap((p) => no.map((n) => (p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0)))
        const expected = pairs.length === 0 ? null : pairs.reduce<number>((sum, x) => sum + x, 0) / pairs.length
        const ranking = rank(
          Float64Array.from(rows, (r) => r.score),
          Uint8Array.from(rows, (r) => r.label),
        )
        const got = auc(ranking)
        if (expected === null) expect(got).toBeNull()
        else expect(got).toBeCloseTo(expected, 12)
      }),
    )
  })
})

test.each([
  // scikit-learn's average_precision_score example: 0.83
  [f(0.1, 0.4, 0.35, 0.8), u(0, 0, 1, 1), 0.5 * 1 + 0.5 * (2 / 3)],
  [f(0.5, 0.5), u(0, 1), 0.5],
  [f(0.5), u(0), null],
])('average precision %#', (scores, labels, expected) => {
  const got = averagePrecision(rank(scores, labels))
  if (expected === null) expect(got).toBeNull()
  else expect(got).toBeCloseTo(expected, 12)
})

test.each([
  // scikit-learn's log_loss example: spam, ham, ham, spam with P(spam) 0.9, 0.1, 0.2, 0.65: 0.21616
  ['log loss', logLoss, f(0.9, 0.1, 0.2, 0.65), u(1, 0, 0, 1), 0.2161618],
  ['log loss of certain mistakes', logLoss, f(1, 0), u(0, 1), -Math.log(1e-15)],
  ['log loss of certain truths', logLoss, f(1, 0), u(1, 0), 0],
  // scikit-learn's brier_score_loss example: 0.0375
  ['Brier score', brier, f(0.1, 0.9, 0.8, 0.3), u(0, 1, 1, 0), 0.0375],
])('%s', (_, metric, scores, labels, expected) => expect(metric(scores, labels)).toBeCloseTo(expected, 1))

test('log loss and Brier score to more digits, and null without rows', () => {
  expect(logLoss(f(0.9, 0.1, 0.2, 0.65), u(1, 0, 0, 1))).toBeCloseTo(0.21616187, 7)
  expect(brier(f(0.1, 0.9, 0.8, 0.3), u(0, 1, 1, 0))).toBeCloseTo(0.0375, 12)
  expect([logLoss(f(), u()), brier(f(), u())]).toEqual([null, null])
})

describe('confusion', () => {
  const ranking = rank(f(0.1, 0.3, 0.3, 0.6, 0.8, 0.9), u(0, 1, 0, 0, 1, 1))

  test('counts rows at a threshold, which itself is positive', () => {
    expect(confusionAt(ranking, 0.6)).toEqual({
      threshold: 0.6,
      truePositives: 2,
      falsePositives: 1,
      trueNegatives: 2,
      falseNegatives: 1,
      accuracy: 4 / 6,
      precision: 2 / 3,
      recall: 2 / 3,
      f1: 4 / 6,
    })
    expect(confusionAt(ranking, 2)).toMatchObject({ precision: null, recall: 0, f1: 0, accuracy: 0.5 })
  })

  test.each<[string, ThresholdGoal, number]>([
    ['F1', { by: 'f1' }, 0.8], // F1 at 0.9: 1/2, 0.8: 4/5, 0.6: 2/3, 0.3: 3/4, 0.1: 2/3
    ['equal costs', { by: 'cost', falsePositive: 1, falseNegative: 1 }, 0.8],
    ['dear misses', { by: 'cost', falsePositive: 1, falseNegative: 5 }, 0.3], // 2 false alarms against 5 for a miss
    ['free misses', { by: 'cost', falsePositive: 1, falseNegative: 0 }, 0.9 + Number.EPSILON / 2],
  ])('chooses a threshold by %s', (_, goal, expected) => expect(chooseThreshold(ranking, goal)).toBe(expected))

  test('calls nothing positive when a threshold above all scores is best', () => {
    for (const top of [0, 0.5, 0.9, 1, 1e-310, 1 / 3]) {
      const only = rank(f(top), u(0))
      const chosen = chooseThreshold(only, { by: 'cost', falsePositive: 1, falseNegative: 1 })
      expect(confusionAt(only, chosen)).toMatchObject({ falsePositives: 0, trueNegatives: 1 })
    }
    expect(chooseThreshold(rank(f(), u()), { by: 'f1' })).toBe(0.5)
  })
})

describe('calibration', () => {
  test('cuts into bins of equal rows', () => {
    const { bins, error } = calibrate(rank(f(0.1, 0.2, 0.6, 0.8), u(0, 1, 1, 1)), 2)
    expect(bins).toEqual([
      { from: 0.1, to: 0.2, rows: 2, meanScore: expect.closeTo(0.15, 12), rate: 0.5 },
      { from: 0.6, to: 0.8, rows: 2, meanScore: expect.closeTo(0.7, 12), rate: 1 },
    ])
    expect(error).toBeCloseTo(0.5 * 0.35 + 0.5 * 0.3, 12)
  })

  test('keeps equal scores together', () => {
    const scores = Float64Array.from({ length: 100 }, (_, i) => (i < 35 ? 0.2 : i / 100))
    const { bins } = calibrate(rank(scores, new Uint8Array(100)))
    expect(bins.map((bin) => bin.rows)).toEqual([35, 5, 10, 10, 10, 10, 10, 10])
    expect(calibrate(rank(f(), u()))).toEqual({ bins: [], error: null })
  })
})

describe('evaluate', () => {
  test('gives a report that JSON carries', () => {
    const report = evaluate(f(0.1, 0.4, 0.35, 0.8), u(0, 0, 1, 1))
    expect(report).toMatchObject({ rows: 4, positives: 2, rate: 0.5, auc: 0.75, reasons: {} })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  test.each([
    [
      'no rows',
      f(),
      u(),
      ['rate', 'auc', 'averagePrecision', 'logLoss', 'brier', 'accuracy', 'precision', 'recall', 'f1'],
    ],
    ['no positives', f(0.1, 0.2), u(0, 0), ['auc', 'averagePrecision', 'precision', 'recall', 'f1']],
    ['no negatives', f(0.7, 0.8), u(1, 1), ['auc']],
  ])('says why a metric is missing: %s', (why, scores, labels, names) => {
    const { reasons } = evaluate(scores, labels)
    expect(Object.keys(reasons)).toEqual(names)
    const word = why.split(' ')[1]?.slice(0, 7) ?? ''
    expect(reasons['auc']).toContain(word)
  })

  test.each([
    ['lengths', f(0.1), u()],
    ['NaN', f(Number.NaN), u(1)],
    ['label', f(0.5), u(2)],
    ['score', f(1.5), u(1)],
  ])('refuses a wrong %s', (_, scores, labels) => {
    expect(() => evaluate(scores, labels)).toThrow(expect.objectContaining({ code: 'VALUE_INVALID' }))
  })
})
