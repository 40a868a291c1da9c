import { describe, expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Schema } from '../../plan/types.ts'
import { failure, quiet, relationOf } from '../training/conformance.ts'
import { seriesLike } from './conformance.ts'
import { type ForecastAsked, forecastRows } from './forecasting.ts'

type Row = Record<string, Value>
const DAY = 86_400_000
const SCHEMA: Schema = [
  { name: 'day', type: 'date', nullable: true },
  { name: 'item', type: 'string', nullable: true },
  { name: 'units', type: 'float64', nullable: true },
]
const ASKED: ForecastAsked = {
  ...{ forecaster: 'auto', params: { of: ['seasonal-naive', 'ets'] }, time: 'day', every: 'day', series: ['item'], target: 'units', horizon: 7 },
  ...{ intervals: [0.8, 0.95], gaps: 'missing', duplicates: 'refuse', folds: 3, seed: 1 },
} // biome-ignore format: two lines

const daysFrom = (date: string): number => Date.parse(date) / DAY
function rowsLike(items: readonly string[], n: number): Row[] {
  return items.flatMap((item, i) => {
    const y = seriesLike(n, 7, i + 1)
    return Array.from(y, (units, t) => ({ day: daysFrom('2025-01-06') + t, item, units }))
  })
}
const forecast = (rows: readonly Row[], more: Partial<ForecastAsked> = {}, { ctx = quiet(), threads = 1, size = 1000 } = {}) => forecastRows(relationOf(SCHEMA, rows, size), { ...ASKED, ...more }, ctx, threads) // biome-ignore format: one line
async function told(rows: readonly Row[], more: Partial<ForecastAsked> = {}) {
  const said: string[] = []
  const made = await forecast(rows, more, { ctx: { ...quiet(), say: (text: string) => void said.push(text) } as never })
  return { ...made, said }
}
const means = (made: Awaited<ReturnType<typeof forecast>>) => made.expected.map((e) => [...e.mean])

describe('forecasts', () => {
  test('are the same on one, two and four threads, and however rows come', async () => {
    const rows = rowsLike(['a', 'b', 'c', 'd', 'e'], 46)
    const said = (made: Awaited<ReturnType<typeof forecast>>) => JSON.stringify([made.expected.map((e) => [e.model, [...e.mean], e.lower.map((l) => [...l]), e.figures]), made.figures, made.panel.keys]) // biome-ignore format: one line
    const one = said(await forecast(rows))
    expect(said(await forecast(rows, {}, { threads: 2 }))).toBe(one)
    expect(said(await forecast(rows, {}, { threads: 4, size: 37 }))).toBe(one)
    expect(said(await forecast([...rows].reverse(), {}, { threads: 2 }))).toBe(one)
  })

  test('are better than the week before, with intervals that hold about as much as they say', async () => {
    const { figures, expected } = await forecast(rowsLike(['a', 'b', 'c', 'd', 'e'], 90), { folds: 4 }, { threads: 2 })
    expect(figures['mase']).toBeLessThan(figures['mase_seasonal-naive'] as number)
    expect(figures['coverage_80']).toBeGreaterThan(0.65)
    expect(figures['coverage_80']).toBeLessThan(0.95)
    expect(figures['coverage_95']).toBeGreaterThan(0.85)
    expect((figures['chosen_ets'] as number) + (figures['chosen_seasonal-naive'] as number)).toBe(5)
    for (const key of ['mae', 'rmse', 'smape', 'pinball_80', 'mae_ets', 'rmse_seasonal-naive']) expect(figures[key]).toBeGreaterThan(0) // biome-ignore format: one line
    expect(expected.every((e) => e.model.startsWith('ETS') || e.model.startsWith('Seasonal'))).toBe(true)
  })

  test('see nothing of what comes after: a back-test is the same whatever the last fold holds', async () => {
    const rows = rowsLike(['a'], 90)
    const changed = rows.map((r, i) => (i >= 83 ? { ...r, units: 1000 + i } : r))
    const [one, other] = [await forecast(rows, { folds: 1 }), await forecast(changed, { folds: 1 })]
    const error = (f: typeof one.figures) => f['mae_ets'] as number
    // the fold's forecast is the same one, so its error is what the values differ by
    const mean = rows.slice(83).map((r) => r['units'] as number)
    expect(error(other.figures)).not.toBe(error(one.figures))
    const trained = await forecast(rows.slice(0, 83), { forecaster: 'ets', params: {}, folds: 0 })
    const by = (ys: readonly number[]) => ys.reduce((a, y, h) => a + Math.abs(y - (trained.expected[0]?.mean[h] as number)), 0) / 7 // biome-ignore format: one line
    expect(error(one.figures)).toBeCloseTo(by(mean), 9)
    expect(error(other.figures)).toBeCloseTo(by(mean.map((_, h) => 1083 + h)), 9)
  })

  test('of a simple forecaster are that one, and averages are of the best', async () => {
    const rows = rowsLike(['a'], 60)
    const naive = await forecast(rows, { forecaster: 'seasonal-naive', params: {} })
    expect(means(naive)[0]).toEqual(rows.slice(-7).map((r) => r['units']))
    const both = await forecast(rows, { params: { of: ['seasonal-naive', 'ets'], average: 2 } })
    const ets = await forecast(rows, { forecaster: 'ets', params: {} })
    expect(both.expected[0]?.model).toMatch(/ \+ /)
    for (const [h, v] of (means(both)[0] ?? []).entries())
      expect(v).toBeCloseTo(((means(naive)[0]?.[h] as number) + (means(ets)[0]?.[h] as number)) / 2, 9)
  })
})

describe('rows become series', () => {
  test('gaps are missing or zero, and told', async () => {
    const rows = rowsLike(['a', 'b'], 60).filter((_, i) => i % 20 !== 7)
    const missing = await told(rows)
    expect(missing.said).toContain('2 series have gaps: 6 days without a row count as missing')
    expect(missing.panel.values[0]?.[7]).toBeNaN()
    const zero = await told(rows, { gaps: 'zero' })
    expect(zero.said).toContain('2 series have gaps: 6 days without a row count as 0')
    expect(zero.panel.values[0]?.[7]).toBe(0)
  })

  test('a period with two rows is refused, or added up and told', async () => {
    const rows = [...rowsLike(['a'], 40), { day: daysFrom('2025-01-08'), item: 'a', units: 5 }]
    const error = await failure(forecast(rows))
    expect(error.code).toBe('TRAIN_DATA')
    expect(error.message).toContain('item = a: the day of 2025-01-08')
    const summed = await told(rows, { duplicates: 'sum' })
    expect(summed.panel.values[0]?.[2]).toBe((rows[2]?.['units'] as number) + 5)
    expect(summed.said).toContain('1 row shared a period with another of the same series: they were added up')
  })

  test('a series that is short gets the simple forecast, one that ended or has no value none; all of it is told', async () => {
    const rows = [
      ...rowsLike(['long'], 60),
      ...rowsLike(['short'], 60).slice(-5),
      ...rowsLike(['ended'], 30),
      ...rowsLike(['empty'], 60).map((r) => ({ ...r, units: null })),
      { day: null, item: 'long', units: 3 },
      { day: daysFrom('2025-01-08'), item: null, units: 3 },
    ]
    const { expected, panel, said } = await told(rows)
    expect(expected.map((e) => panel.keys[e.series]?.[0])).toEqual(['long', 'short'])
    expect(expected[1]?.model).toBe('Naive')
    expect(said).toEqual(expect.arrayContaining([
      '2 rows without "day" or "item" are left out',
      '60 values of "units" are missing',
      '1 series is too short for a back-test of 7: the simple forecast is taken',
      '1 series without any value: no forecast (item = empty)',
      '1 series ended more than 7 days before the others: no forecast (item = ended)',
    ])) // biome-ignore format: a line each
  })

  test('infinite values are missing and told; what never is below zero is not expected to be', async () => {
    const rows = rowsLike(['a'], 60).map((r, t) => ({ ...r, units: t === 20 ? Infinity : Math.max(0, 30 - t) }))
    const { expected, said } = await told(rows)
    expect(said).toContain('1 value of "units" is infinite: they count as missing')
    expect(expected[0]?.mean.every((v) => v >= 0)).toBe(true)
    expect(expected[0]?.lower.every((l) => l.every((v) => v >= 0))).toBe(true)
  })

  test.each([
    ['no rows', [] as Row[], 'no row has a time'],
    ['no values', rowsLike(['a'], 20).map((r) => ({ ...r, units: null })), 'nothing to forecast'],
    ['a gap of ten million days', [{ day: -1_000_000_000, item: 'a', units: 1 }, { day: 1_000_000_000, item: 'a', units: 1 }], 'values are held at most'],
  ])('%s are refused', async (_, rows, words) => {
    const error = await failure(forecast(rows))
    expect(error.code).toBe('TRAIN_DATA')
    expect(error.message).toContain(words)
  }) // biome-ignore format: cases are lines

  test.each([
    ['week', '2025-01-08', 7, '2025-03-19'],
    ['month', '2025-01-31', 30.44, '2025-11-01'],
    ['quarter', '2023-01-01', 91.4, '2025-07-01'],
    ['year', '2000-06-01', 365.25, '2010-01-01'],
  ] as const)('a %s begins where it does in a calendar', async (every, from, days, next) => {
    const rows = Array.from({ length: 10 }, (_, i) => ({ day: Math.floor(daysFrom(from) + i * days), item: 'a', units: i })) // biome-ignore format: one line
    const { panel } = await forecast(rows, { every, folds: 0, horizon: 1, duplicates: 'sum' })
    expect(new Date(panel.periods.start(panel.end + 1)).toISOString().slice(0, 10)).toBe(next)
  })
})

test('it tells how far it is, and stops within a second', async () => {
  const rows = rowsLike(['a', 'b', 'c', 'd', 'e', 'f'], 400)
  const done: number[] = []
  await forecast(rows.slice(0, 800), {}, { ctx: { ...quiet(), progress: (p: { done: number }) => void done.push(p.done) } as never }) // biome-ignore format: one line
  expect(done.at(-1)).toBe(2)
  for (const threads of [1, 2]) {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 150)
    const start = performance.now()
    const asked = { season: 24, folds: 40, horizon: 5 }
    expect((await failure(forecast(rows, asked, { ctx: quiet(controller.signal), threads }))).code).toBe('CANCELLED')
    expect(performance.now() - start).toBeLessThan(1150)
  }
})

test('demand now and then is not forecast as none because that has the least absolute errors', async () => {
  const random = seriesLike(200, 7)
  const rows = Array.from(random, (v, t) => ({ day: daysFrom('2025-01-06') + t, item: 'a', units: (t * 7919) % 5 === 0 ? Math.round(v / 20) : 0 })) // biome-ignore format: one line
  const { expected } = await forecast(rows, { params: { of: ['seasonal-naive', 'intermittent'] } })
  expect(expected[0]?.model).toMatch(/SBA|TSB|Croston/)
  expect(expected[0]?.mean[0]).toBeGreaterThan(0.5)
})
