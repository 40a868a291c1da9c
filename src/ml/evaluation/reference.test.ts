import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Evaluator } from '../../plan/evaluator.ts'
import { aucOfBoth } from './compare.ts'
import { aucDifference, delong } from './delong.ts'
import { gridOf, partialDependence } from './dependence.ts'
import { fairness } from './fairness.ts'
import { permutationImportance } from './importance.ts'
import { bca, percentile } from './interval.ts'
import { rank } from './ranking.ts'
import { isotonic, platt, recalibrated } from './recalibrate.ts'
import { USUAL } from './resample.ts'

interface Labelled {
  readonly labels: number[]
  readonly scores: number[]
}
interface Resampled {
  readonly value: number
  readonly replicates: number[]
  readonly jackknife: number[]
  readonly bca: [number, number]
  readonly percentile: [number, number]
}
interface Fixture {
  readonly delong: { labels: number[]; first: number[]; second: number[]; aucs: number[]; covariance: number[][]; difference: number; p: number } // biome-ignore format: one line
  readonly bootstrap: { readonly mean: Resampled; readonly variance: Resampled }
  readonly recalibration: Labelled & { platt: { slope: number; shift: number }; isotonic: { asked: number[]; rates: number[] } } // biome-ignore format: one line
  readonly fairness: Labelled & { groups: string[]; threshold: number; by: Record<string, Record<'selection' | 'tpr' | 'fpr', number>>; parityDifference: number; parityRatio: number; equalOpportunity: number; equalisedOdds: number } // biome-ignore format: one line
  readonly inspection: { columns: number[][]; target: number[]; weights: number[]; importance: number[]; spread: number[]; logistic: number[]; grid: number[]; dependence: number[] } // biome-ignore format: one line
}
/** What scikit-learn, fairlearn and SciPy say; `npm run interop -- evaluation` compares it with the libraries themselves. */
const file = new URL('../../../tests/fixtures/sklearn/evaluation.json', import.meta.url)
const fixture = JSON.parse(readFileSync(file, 'utf8')) as Fixture

/** Σ w·x + w₀, through `link`. */
const weighted = (weights: number[], link = (z: number) => z): Evaluator => ({
  ...{ kind: 'test', inputs: weights.slice(1).map((_, f) => `x${f}`), outputs: 1 },
  one: (row) => link(row.reduce((z, x, f) => z + x * (weights[f] as number), weights.at(-1) as number)),
  many(columns, rows, out) {
    for (let i = 0; i < rows; i++) out[i] = this.one(Float64Array.from(columns, (c) => c[i] as number))
  },
})

test("DeLong's covariances and p as their definition has them", () => {
  const { labels, first, second, ...expected } = fixture.delong
  const [a, b, y] = [Float64Array.from(first), Float64Array.from(second), Uint8Array.from(labels)]
  const found = delong([a, b], y)
  for (const i of [0, 1]) {
    expect(found?.aucs[i]).toBeCloseTo(expected.aucs[i] as number, 12)
    for (const j of [0, 1]) expect(found?.covariance[i]?.[j]).toBeCloseTo(expected.covariance[i]?.[j] as number, 14)
  }
  const difference = aucDifference(a, b, y, 0.95)
  expect(difference?.value).toBeCloseTo(expected.difference, 12)
  expect((difference?.p as number) / expected.p).toBeCloseTo(1, 8)
  expect(aucOfBoth(a, b, y, 0.95)).toMatchObject({ first: found?.aucs[0], second: found?.aucs[1], p: difference?.p })
  // of the same scores there is nothing to tell
  expect(aucOfBoth(a, a, y, 0.95)).toMatchObject({ p: 1, difference: { value: 0 } })
  expect(aucOfBoth(a, b, new Uint8Array(y.length), 0.95)).toBeNull()
})

test.each(['mean', 'variance'] as const)('percentile and BCa bounds as SciPy: %s', (name) => {
  const { value, replicates, jackknife, ...expected } = fixture.bootstrap[name]
  const drawn = Float64Array.from(replicates)
  const plain = percentile(value, drawn, 0.95)
  const accelerated = bca(value, drawn, Float64Array.from(jackknife), 0.95)
  expect([plain.low, plain.high]).toEqual(expected.percentile.map((x) => expect.closeTo(x, 10)))
  expect([accelerated.low, accelerated.high]).toEqual(expected.bca.map((x) => expect.closeTo(x, 8)))
})

describe('recalibration as scikit-learn', () => {
  const { labels, scores, ...expected } = fixture.recalibration
  const ranking = rank(Float64Array.from(scores), Uint8Array.from(labels))

  test('Platt', () => {
    const found = platt(ranking)
    // its search ends at a gradient of 1e-6
    expect(found).toEqual({ by: 'platt', slope: expect.closeTo(expected.platt.slope, 3), shift: expect.closeTo(expected.platt.shift, 3) }) // biome-ignore format: one line
  })

  test('isotonic', () => {
    const found = isotonic(ranking)
    const rates = recalibrated(found as NonNullable<typeof found>, Float64Array.from(expected.isotonic.asked))
    for (const [i, rate] of expected.isotonic.rates.entries()) expect(rates[i], `at ${i}`).toBeCloseTo(rate, 9)
  })
})

test('groups as fairlearn', async () => {
  const { labels, scores, groups, threshold, by, ...expected } = fixture.fairness
  const found = await fairness('group', groups, Float64Array.from(scores), Uint8Array.from(labels), threshold, { ...USUAL, resamples: 200 }) // biome-ignore format: one line
  for (const g of found.groups) {
    const own = by[g.name as string]
    expect(g.selection.value).toBeCloseTo(own?.selection as number, 12)
    expect(g.truePositiveRate.value).toBeCloseTo(own?.tpr as number, 12)
    expect(g.falsePositiveRate.value).toBeCloseTo(own?.fpr as number, 12)
  }
  for (const [name, value] of Object.entries(expected)) {
    const interval = found[name as keyof typeof expected]
    expect(interval.value, name).toBeCloseTo(value, 12)
    expect(interval.low as number).toBeLessThanOrEqual(interval.high as number)
  }
})

test('permutation importance as scikit-learn, within what chance makes of it', async () => {
  const { columns, target, weights, importance, spread } = fixture.inspection
  const model = weighted(weights)
  const out = new Float64Array(target.length)
  const found = await permutationImportance({
    ...{ features: model.inputs, columns: columns.map((c) => Float64Array.from(c)), repeats: 40, seed: 3 },
    quality(asked) {
      model.many(asked, out.length, out)
      return -Math.sqrt(out.reduce((sum, p, i) => sum + (p - (target[i] as number)) ** 2, 0) / out.length)
    },
  })
  for (const { feature, mean } of found) {
    const f = Number(feature.slice(1))
    // five standard errors of both
    const within = 5 * (spread[f] as number) * Math.sqrt(1 / 40 + 1 / 200) + 1e-12
    expect(Math.abs(mean - (importance[f] as number)), feature).toBeLessThan(within)
  }
  expect(found[0]?.feature).toBe('x0')
})

test('partial dependence as scikit-learn', async () => {
  const { columns, logistic, grid, dependence } = fixture.inspection
  const evaluator = weighted(logistic, (z) => 1 / (1 + Math.exp(-z)))
  const own = columns.map((c) => Float64Array.from(c))
  // the library's own quantiles differ in the third digit; on the same values the answers are the same
  expect([...gridOf(own[0] as Float64Array)]).toEqual(grid.map((x) => expect.closeTo(x, 2)))
  const { points } = await partialDependence({ evaluator, columns: own }, 'x0', Float64Array.from(grid))
  expect(points.map((p) => p.mean)).toEqual(dependence.map((x) => expect.closeTo(x, 10)))
  for (const p of points) expect(p.low <= p.mean && p.mean <= p.high).toBe(true)
})
