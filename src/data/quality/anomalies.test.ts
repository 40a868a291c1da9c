import { describe, expect, test } from 'vitest'
import { anomaliesOf, anomalyText, type Measured } from './anomalies.ts'

const DAY = 86_400_000
const START = Date.UTC(2026, 0, 5) // a Monday
const of = (day: number, rows: number, nulls = 0, mean = 10): Measured => ({
  at: START + day * DAY,
  metrics: { rows, nulls: { price: nulls }, means: { price: mean } },
})
/** Six weeks of weekdays with about 1,000 rows and weekends with about 200, the newest first. */
const weeks = Array.from({ length: 42 }, (_, i) =>
  of(i, i % 7 > 4 ? 200 + i : 1000 + i, (i % 3) / 1000, 10 + (i % 5) / 10),
).reverse()

/** Numbers between 0 and 1, the same each time. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let x = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
  return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
}
const normal = (next: () => number) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())

describe('unusual figures', () => {
  test('a Saturday of a Monday’s size is unusual, and a Monday of its own is not', () => {
    expect(anomaliesOf(of(47, 1000), weeks)).toMatchObject([{ metric: 'rows', value: 1000, weekday: true, of: 6 }])
    expect(anomaliesOf(of(42, 1000), weeks)).toEqual([])
    expect(anomaliesOf(of(42, 200), weeks)).toMatchObject([{ metric: 'rows' }])
  })
  test('former outliers do not make the present one usual', () => {
    const spoilt = weeks.map((w, i) => (i % 11 === 0 ? { ...w, metrics: { ...w.metrics, rows: 50_000 } } : w))
    expect(anomaliesOf(of(42, 40_000), spoilt)).toMatchObject([{ metric: 'rows', value: 40_000 }])
  })
  test('shares of null and means, each with its column; what never varied is unusual when it does', () => {
    expect(anomaliesOf(of(42, 1040, 0.4, 99), weeks).map((a) => [a.metric, a.column])).toEqual([
      ['nulls', 'price'],
      ['mean', 'price'],
    ])
    const same = Array.from({ length: 8 }, (_, i) => of(i, 500)).reverse()
    expect(anomaliesOf(of(9, 700), same)).toMatchObject([{ metric: 'rows', score: null, weekday: false, of: 8 }])
    expect(anomaliesOf(of(9, 510), same)).toEqual([]) // 2 % is no news
  })
  test('few versions say nothing; a column that is new says nothing', () => {
    expect(anomaliesOf(of(9, 9000), weeks.slice(0, 3))).toEqual([])
    const other: Measured = { at: START, metrics: { rows: 1000, nulls: { other: 0.9 }, means: {} } }
    expect(anomaliesOf(other, weeks)).toEqual([])
  })
  test('a weekend like the last one is no news while there are few of them', () => {
    const twelve = weeks.filter((w) => w.at < START + 12 * DAY)
    expect(anomaliesOf(of(12, 210), twelve)).toEqual([]) // a Saturday
    expect(anomaliesOf(of(14, 210), weeks.filter((w) => w.at < START + 14 * DAY))).toMatchObject([{ value: 210, weekday: false }]) // a Monday
  }) // biome-ignore format: one line
  // before limits were of the number of versions: 14 % of four Mondays, 15 % of four weeks
  test.each([
    ['four Mondays', 4, 7],
    ['eight Mondays', 8, 7],
    ['six days', 6, 1],
    ['four weeks', 28, 1],
    ['sixty days', 60, 1],
  ])('%s that vary as ever raise few alarms; ten times that is seen', (_, count, every) => {
    const next = random(7)
    const told = (times: number) => {
      const value = (day: number) => of(day, 1000 * (1 + 0.05 * normal(next)))
      const former = Array.from({ length: count }, (_, i) => value(700 - (i + 1) * every))
      return anomaliesOf(of(700, times === 1 ? value(700).metrics.rows : 1000 * (1 + 0.05 * times)), former).length
    }
    const share = (times: number) => Array.from({ length: 2000 }, () => told(times)).filter((n) => n > 0).length / 2000
    expect(share(1)).toBeLessThan(0.02)
    if (count > 4) expect(share(10)).toBeGreaterThan(0.9)
  })
  test('in words', () => {
    const [a] = anomaliesOf(of(42, 200), weeks)
    expect(a && anomalyText(a)).toBe('unusual: rows 200, usually 1017.5 (6 versions of this weekday)')
  })
})
