import { expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Schema } from '../../plan/types.ts'
import { holidaysOfCountry } from '../../runs/holidays/countries.ts'
import { failure, quiet, relationOf } from '../training/conformance.ts'
import { dateOf } from './calendar.ts'
import { seriesLike } from './conformance.ts'
import { type ForecastAsked, forecastRows } from './forecasting.ts'

type Row = Record<string, Value>
const FIRST = Date.parse('2023-01-02') / 86_400_000
const SCHEMA: Schema = [
  { name: 'day', type: 'date', nullable: false },
  { name: 'item', type: 'string', nullable: false },
  { name: 'units', type: 'float64', nullable: true },
]
const ASKED: ForecastAsked = {
  ...{
    forecaster: 'trees',
    params: { trees: 60 },
    time: 'day',
    every: 'day',
    series: ['item'],
    target: 'units',
    horizon: 14,
  },
  ...{ intervals: [0.8], gaps: 'missing', duplicates: 'refuse', folds: 2, seed: 1 },
}
const { days } = await holidaysOfCountry('KR')
const free = new Set(days.keys())

/** Series of which a holiday takes half. */
function rowsLike(items: number, n: number): Row[] {
  return Array.from({ length: items }, (_, i) => i).flatMap((i) =>
    Array.from(seriesLike(n, 7, i + 1), (v, t) => ({
      ...{ day: FIRST + t, item: `item-${i}` },
      units: (v + 40 * i) * (free.has(dateOf((FIRST + t) * 86_400_000)) ? 0.5 : 1),
    })),
  )
}
const forecast = (rows: readonly Row[], more: Partial<ForecastAsked> = {}, threads = 1, holidays = free) => forecastRows(relationOf(SCHEMA, rows), { ...ASKED, ...more }, quiet(), threads, holidays) // biome-ignore format: one line

test('trees are the same on one and two threads, and better than the week before', async () => {
  const rows = rowsLike(4, 400)
  const [one, two] = [await forecast(rows), await forecast(rows, {}, 2)]
  expect(two.expected).toEqual(one.expected)
  expect(JSON.stringify(two.trained)).toBe(JSON.stringify(one.trained))
  expect(one.expected.map((e) => e.model)).toEqual(['Trees', 'Trees', 'Trees', 'Trees'])
  expect(one.figures['mase']).toBeLessThan((one.figures['mase_seasonal-naive'] as number) * 0.9)
})

test('trees know of holidays to come', async () => {
  // the horizon holds Children's Day of 2024, and others are learnt from
  const rows = rowsLike(6, Date.parse('2024-04-29') / 86_400_000 - FIRST)
  const place = Date.parse('2024-05-06') / 86_400_000 - (FIRST + rows.length / 6)
  const [told, untold] = [await forecast(rows, { folds: 0 }, 2), await forecast(rows, { folds: 0 }, 2, new Set())]
  const share = (made: typeof told) =>
    made.expected.map((e) => (e.mean[place] as number) / (e.mean[place - 7] as number))
  expect(free.has('2024-05-06')).toBe(true)
  for (const s of share(told)) expect(s).toBeLessThan(0.75)
  for (const s of share(untold)) expect(s).toBeGreaterThan(0.75)
})

test('direct trees look at nothing newer than a horizon ago', async () => {
  const rows = rowsLike(3, 300)
  const params = { trees: 150, way: 'direct' }
  const one = await forecast(rows, { params, folds: 1 })
  expect(one.expected[0]?.model).toBe('Trees(direct)')
  expect(one.figures['mase']).toBeLessThan((one.figures['mase_seasonal-naive'] as number) * 1.1)
  expect((await failure(forecast(rows, { params: { way: 'sideways' } }))).code).toBe('USAGE_INVALID')
})

test('a back-test of trees sees nothing of what comes after', async () => {
  const rows = rowsLike(2, 200)
  const cut = rows.filter((r) => (r['day'] as number) < FIRST + 186)
  const [tested, before] = [await forecast(rows, { folds: 1 }), await forecast(cut, { folds: 0 })]
  const errors = before.expected.flatMap((e, s) => [...e.mean].map((f, h) => Math.abs(f - (rows[s * 200 + 186 + h]?.['units'] as number)))) // biome-ignore format: one line
  expect(tested.figures['mae_trees']).toBeCloseTo(errors.reduce((a, b) => a + b, 0) / errors.length, 9)
})

test('where there is too little to learn from the simple forecast is taken; gaps are no harm', async () => {
  const few = await forecast(rowsLike(1, 30), { folds: 0 })
  expect(few.expected[0]?.model).toBe('SeasonalNaive[7]')
  const holes = rowsLike(2, 150).map((r, i) => (i % 9 === 4 ? { ...r, units: null } : r))
  const made = await forecast(holes)
  expect(made.expected.every((e) => e.mean.every(Number.isFinite))).toBe(true)
  const auto = await forecast(holes, { forecaster: 'auto', params: {} }, 2)
  expect(Object.keys(auto.figures).filter((k) => k.startsWith('chosen_'))).toEqual(['chosen_seasonal-naive', 'chosen_ets', 'chosen_arima', 'chosen_theta', 'chosen_intermittent', 'chosen_trees']) // biome-ignore format: one line
  const error = await failure(forecast(holes, { forecaster: 'auto', params: { of: ['prophet'] } }))
  expect(error.code).toBe('RECIPE_INVALID')
})

test('what was not tried as often as the others is in no mean, and takes no back-test from it', async () => {
  // trees have too few rows to learn from before the last fold
  const asked = { forecaster: 'auto', params: { of: ['theta', 'trees'], average: 3 }, horizon: 7, folds: 3 }
  const { expected, figures } = await forecast(rowsLike(1, 72), asked)
  expect(expected[0]?.model.split(' + ')).toHaveLength(2)
  expect(expected[0]?.model).not.toContain('Trees')
  expect(figures['mae']).toBeGreaterThan(0)
  expect(figures['coverage_80']).toBeGreaterThan(0)
  expect((await forecast(rowsLike(1, 120), asked)).expected[0]?.model).toContain('Trees')
})
