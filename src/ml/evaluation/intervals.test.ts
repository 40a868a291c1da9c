import { describe, expect, test } from 'vitest'
import { randomsOf } from '../../base/random.ts'
import { resampledSums } from './additive.ts'
import { pairedDifferences } from './compare.ts'
import { costReport } from './costs.ts'
import { aucInterval } from './delong.ts'
import { coarse, rankedIntervals } from './ranked.ts'
import { rank } from './ranking.ts'
import { poisson, USUAL } from './resample.ts'
import { binaryTerms, classTerms, numberTerms } from './rowTerms.ts'

/** Scores that tell something of labels; `spread` is how much is chance. */
function scored(rows: number, seed: number, spread = 0.7) {
  const random = randomsOf(seed, 1)
  const labels = Uint8Array.from({ length: rows }, () => Number(random() < 0.3))
  const scores = Float64Array.from(labels, (y) => Math.min(1, random() * spread + y * 0.25))
  return { scores, labels }
}
const how = { ...USUAL, resamples: 300 }

test('Poisson numbers have their mean and variance, small and large', () => {
  for (const mean of [0.5, 4, 12, 300]) {
    const random = randomsOf(7, mean * 2)
    const drawn = Array.from({ length: 20_000 }, () => poisson(mean, random))
    const found = drawn.reduce((a, b) => a + b, 0) / drawn.length
    const variance = drawn.reduce((a, b) => a + (b - found) ** 2, 0) / drawn.length
    expect(Math.abs(found - mean)).toBeLessThan(4 * Math.sqrt(mean / drawn.length))
    expect(variance / mean).toBeCloseTo(1, 1)
  }
})

describe('intervals of a ranking', () => {
  test("the bootstrap's AUC interval is DeLong's, but for chance; the same seed gives the same bytes", async () => {
    const { scores, labels } = scored(1500, 2)
    const found = await rankedIntervals(rank(scores, labels), 0.5, how)
    const other = aucInterval(scores, labels, 0.95)
    expect(found['auc']?.low).toBeCloseTo(other.low as number, 1.6)
    expect(found['auc']?.high).toBeCloseTo(other.high as number, 1.6)
    expect(await rankedIntervals(rank(scores, labels), 0.5, how)).toEqual(found)
    expect(found['recall']?.value).not.toBeNull()
  })

  test('of 200,000 rows, drawn together, as wide as DeLong has it', async () => {
    const { scores, labels } = scored(200_000, 3)
    const found = await rankedIntervals(rank(scores, labels), 0.5, { ...USUAL, resamples: 200 })
    const other = aucInterval(scores, labels, 0.95)
    const width = (i: { low: number | null; high: number | null } | undefined) =>
      (i?.high as number) - (i?.low as number)
    expect(width(found['auc']) / width(other)).toBeGreaterThan(0.75)
    expect(width(found['auc']) / width(other)).toBeLessThan(1.3)
  })

  test('hold the truth about as often as they say, of few rows and of shares that hang on how many are positive', async () => {
    // of called rows 70 of 100 are positive, of positive ones 7 of 9 are called
    const held: Record<string, number> = {}
    for (let t = 0; t < 100; t++) {
      const random = randomsOf(13, t)
      const called = Float64Array.from({ length: 60 }, () => Number(random() < 0.5))
      const labels = Uint8Array.from(called, (c) => Number(random() < (c === 1 ? 0.7 : 0.2)))
      const found = await rankedIntervals(rank(called, labels), 0.5, { resamples: 200, seed: t, confidence: 0.9 })
      for (const [name, truth] of [['precision', 0.7], ['recall', 7 / 9], ['accuracy', 0.75], ['f1', 0.7 / 0.95]] as const) // biome-ignore format: one line
        held[name] = (held[name] ?? 0) + Number((found[name]?.low as number) <= truth && truth <= (found[name]?.high as number)) // biome-ignore format: one line
    }
    for (const times of Object.values(held)) expect(times).toBeGreaterThan(82)
  })

  test('of rows that were all told rightly are no certainty', async () => {
    const labels = Uint8Array.from({ length: 20 }, (_, i) => Number(i >= 12))
    const scores = Float64Array.from(labels, (y, i) => y / 2 + i / 100)
    const found = await rankedIntervals(rank(scores, labels), 0.5, how)
    // 1 − 0.025^(1 / n)
    expect(found['recall']).toMatchObject({ value: 1, low: expect.closeTo(0.025 ** (1 / 8), 9), high: 1, method: 'exact' }) // biome-ignore format: one line
    const best = aucInterval(scores, labels, 0.95)
    expect(best).toMatchObject({ value: 1, high: 1, method: 'newcombe' })
    // Hanley and McNeil's standard error at the bound, with (8 + 12) / 2 − 1 in the place of both n − 1
    const low = best.low as number
    const [q1, q2] = [low / (2 - low), (2 * low ** 2) / (1 + low)]
    const error = Math.sqrt((low * (1 - low) + 9 * (q1 - low ** 2) + 9 * (q2 - low ** 2)) / 96)
    expect((1 - low) / error).toBeCloseTo(1.959964, 5)
    const worst = aucInterval(scores.map((s) => -s), labels, 0.95) // biome-ignore format: one line
    expect(worst).toMatchObject({ value: 0, low: 0, high: expect.closeTo(1 - low, 12) })
  })

  test('neighbouring scores put together keep the counts on both sides of a threshold', () => {
    const { scores, labels } = scored(30_000, 4)
    const ranking = rank(scores, labels)
    const few = coarse(ranking, [0.37])
    const above = (r: typeof few) => r.scores.reduce((n, s, i) => n + (s >= 0.37 ? (r.positivesAt[i] as number) : 0), 0)
    expect(few.scores.length).toBeLessThan(5000)
    expect(above(few)).toBe(above(ranking))
  })

  test('one class: values that have no meaning are null, and so are their bounds', async () => {
    const ranking = rank(Float64Array.of(0.2, 0.8, 0.4), Uint8Array.of(1, 1, 1))
    const found = await rankedIntervals(ranking, 0.5, how)
    expect(found['auc']).toMatchObject({ value: null, low: null, high: null })
    expect((await rankedIntervals(rank(new Float64Array(0), new Uint8Array(0)), 0.5, how))['auc']?.value).toBeNull()
  })

  test('it stops on the signal', async () => {
    const { scores, labels } = scored(2000, 5)
    const stopped = rankedIntervals(rank(scores, labels), 0.5, { ...how, signal: AbortSignal.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('intervals of sums', () => {
  test('hold the truth about as often as they say', async () => {
    let held = 0
    for (let t = 0; t < 100; t++) {
      const random = randomsOf(11, t)
      const y = Float64Array.from({ length: 120 }, () => -Math.log(1 - random()))
      const { terms, measures } = numberTerms(new Float64Array(120), y)
      const { mae } = await resampledSums(terms, measures, { resamples: 400, seed: t, confidence: 0.9 })
      const { low, high } = mae?.interval ?? {}
      if ((low as number) <= 1 && 1 <= (high as number)) held++
    }
    expect(held).toBeGreaterThan(80)
    expect(held).toBeLessThan(98)
  })

  test('two models that are as good are found apart no more often than that, though rows are few', async () => {
    let [apart, small] = [0, 0]
    for (let t = 0; t < 200; t++) {
      const random = randomsOf(12, t)
      const near = () => random() + random() + random() - 1.5
      const y = Float64Array.from({ length: 8 }, near)
      const [one, other] = [y.map((v) => v + near()), y.map((v) => v + near())].map((own) => numberTerms(own, y))
      const { mae } = await pairedDifferences(one as never, other as never, {
        resamples: 300,
        seed: t,
        confidence: 0.95,
      })
      const { low, high } = mae?.difference ?? {}
      apart += Number((low as number) > 0 || (high as number) < 0)
      small += Number((mae?.p as number) < 0.05)
    }
    // as resamples are, 32 and 26 of 200
    expect(apart).toBeLessThan(24)
    expect(small).toBeLessThan(16)
  })

  test('of two rows are numbers, whatever the confidence, and a row alone has none', async () => {
    for (const rows of [2, 3, 5])
      for (const confidence of [0.5, 0.95, 0.999]) {
        const { terms, measures } = numberTerms(new Float64Array(rows), Float64Array.from({ length: rows }, (_, i) => i * i + 1)) // biome-ignore format: one line
        const { low, high, value } = (await resampledSums(terms, measures, { ...how, confidence }))['mae']?.interval ?? {} // biome-ignore format: one line
        expect((low as number) <= (value as number) && (value as number) <= (high as number)).toBe(true)
      }
    const { terms, measures } = numberTerms(Float64Array.of(1), Float64Array.of(3))
    expect((await resampledSums(terms, measures, how))['mae']?.interval).toMatchObject({
      value: 2,
      low: null,
      high: null,
    })
  })

  test('metrics are those of the reports', async () => {
    const { scores, labels } = scored(400, 6)
    const binary = await resampledSums(...(Object.values(binaryTerms(scores, labels)) as [never, never]), how)
    expect(binary['brier']?.interval.value).toBeCloseTo(scores.reduce((s, p, i) => s + (p - (labels[i] as number)) ** 2, 0) / 400, 12) // biome-ignore format: one line
    const three = Float64Array.of(0.7, 0.2, 0.1, 0.2, 0.5, 0.3, 0.6, 0.3, 0.1)
    const { terms, measures } = classTerms(three, [0, 1, 2], 3)
    const classes = await resampledSums(terms, measures, how)
    expect(classes['accuracy']?.interval.value).toBeCloseTo(2 / 3, 12)
    expect(classes['balancedAccuracy']?.interval.value).toBeCloseTo(2 / 3, 12)
  })

  test('a constant target has no R², rows of none have no metric', async () => {
    const { terms, measures } = numberTerms(Float64Array.of(1, 2, 3), Float64Array.of(5, 5, 5))
    expect((await resampledSums(terms, measures, how))['r2']?.interval.value).toBeNull()
    const none = numberTerms(new Float64Array(0), new Float64Array(0))
    expect((await resampledSums(none.terms, none.measures, how))['rmse']?.interval.value).toBeNull()
  })

  test('two models on the same rows: a better one is found better, the same one is not', async () => {
    const { scores, labels } = scored(800, 8)
    const better = binaryTerms(scores, labels)
    const worse = binaryTerms(
      scores.map((_, i) => scores[(i * 7 + 1) % 800] as number),
      labels,
    )
    const { brier } = await pairedDifferences(better, worse, how)
    expect(brier?.difference.high).toBeLessThan(0)
    expect(brier?.p).toBeLessThan(0.02)
    const same = await pairedDifferences(better, better, how)
    expect(same['brier']).toMatchObject({ p: 1, difference: { value: 0 } })
  })
})

test('costs: the cheapest threshold on validation rows, and what it costs on others beside never and always', async () => {
  const [validate, test] = [scored(3000, 9), scored(3000, 10)].map((s) => rank(s.scores, s.labels))
  const dear = { falsePositive: 1, falseNegative: 20 }
  const found = await costReport(validate as never, test as never, dear, how)
  const cheap = await costReport(validate as never, test as never, { falsePositive: 20, falseNegative: 1 }, how)
  // at another threshold than the cheapest, which the model may have
  const own = await costReport(validate as never, test as never, dear, how, 0.5)
  expect(own?.own).toEqual({ threshold: 0.5, cost: found?.curve[50]?.cost })
  expect(found).not.toHaveProperty('own')
  expect(found?.threshold.value as number).toBeLessThan(cheap?.threshold.value as number)
  expect(found?.test.chosen.value as number).toBeLessThan(Math.min(found?.test.never as number, found?.test.always as number) + 1e-9) // biome-ignore format: one line
  expect(found?.threshold.low as number).toBeLessThanOrEqual(found?.threshold.value as number)
  // below the lowest score everybody is called positive: the model is worth what calling all is worth
  expect(found?.curve[0]?.cost).toBeCloseTo(found?.test.always as number, 12)
})
