import { describe, expect, test } from 'vitest'
import type { Value } from '../../engines/batch.ts'
import type { Schema } from '../../plan/types.ts'
import { failure, quiet, relationOf } from '../training/conformance.ts'
import { periodsOf } from './calendar.ts'
import { seriesLike } from './conformance.ts'
import { type ForecastAsked, forecastRows } from './forecasting.ts'
import { trees } from './trees.ts'

const SCHEMA: Schema = [
  { name: 'day', type: 'date', nullable: true },
  { name: 'item', type: 'string', nullable: true },
  { name: 'units', type: 'float64', nullable: true },
]
const ASKED: ForecastAsked = {
  ...{ forecaster: 'seasonal-naive', params: {}, time: 'day', every: 'day', series: ['item'], target: 'units', horizon: 7 },
  ...{ intervals: [0.8, 0.95], gaps: 'missing', duplicates: 'refuse', folds: 3, seed: 1 },
} // biome-ignore format: two lines
const FIRST = 20_000

const forecast = (series: Readonly<Record<string, ArrayLike<number>>>, more: Partial<ForecastAsked> = {}, others: readonly Record<string, Value>[] = []) => {
  const rows = Object.entries(series).flatMap(([item, y]) => Array.from(y, (units, t) => ({ day: FIRST + t, item, units })))
  return forecastRows(relationOf(SCHEMA, [...rows, ...others]), { ...ASKED, ...more }, quiet(), 1)
} // biome-ignore format: lines of their own

describe('intervals of odd series', () => {
  test('of one that varied nowhere until lately are no wider than its errors', async () => {
    const y = Array.from({ length: 100 }, (_, t) => (t < 95 ? 0 : 50))
    for (const forecaster of ['seasonal-naive', 'drift']) {
      const { expected } = await forecast({ a: y }, { forecaster })
      for (const high of expected[0]?.upper ?? []) expect(Math.max(...high)).toBeLessThan(500)
    }
  })

  test('of one that is closed on Sundays are none on Sundays', async () => {
    const y = seriesLike(98, 1, 3).map((v, t) => (t % 7 === 6 ? 0 : v))
    const [one] = (await forecast({ a: y })).expected
    expect([one?.lower[0]?.[6], one?.mean[6]]).toEqual([0, 0])
    expect(one?.upper[0]?.[0]).toBeGreaterThan(one?.mean[0] as number)
  })

  test('of a single season are those of its steps, and of one value there are none', async () => {
    const { expected } = await forecast({ week: [3, 9, 1, 4, 8, 2, 7], one: [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 5] }) // biome-ignore format: one line
    const [one, week] = expected
    expect([one?.mean[0], one?.lower[0]?.[0], one?.upper[1]?.[3]]).toEqual([5, Number.NaN, Number.NaN])
    expect(week?.upper[0]?.[0]).toBeGreaterThan(8)
  })
})

test('where no series varies before its back-test there is no MASE to tell', async () => {
  const { figures } = await forecast({ a: Array.from({ length: 60 }, (_, t) => (t < 55 ? 0 : 9)) })
  expect(figures['mae']).toBeGreaterThan(0)
  expect(figures).not.toHaveProperty('mase')
})

test.each([
  ['values whose squares leave the range of numbers', [1e200, 2e200, 1e201], [], 'too large'],
  ['one row of another age', seriesLike(60, 7), [{ day: -700_000, item: 'a', units: 3 }], '0053-'],
  ['one row of an age to come', seriesLike(60, 7), [{ day: 2_932_896, item: 'b', units: 3 }], '9999-12-31'],
])('%s are refused', async (_, y, others, words) => {
  const error = await failure(forecast({ a: y }, {}, others))
  expect(error.code).toBe('TRAIN_DATA')
  expect(`${error.message} ${error.why}`).toContain(words)
})

test('trees take more series than a function takes arguments', async () => {
  const count = 130_000
  const values = Array.from({ length: count }, () => Float64Array.of(1))
  const panel = { periods: periodsOf('day'), keys: values.map(() => []), first: new Array<number>(count).fill(FIRST), values, end: FIRST } // biome-ignore format: one line
  const plan = { season: 7, horizon: 1, fits: 1, seen: new Int32Array(count).fill(1) }
  const task = { panel, plan, params: {}, holidays: new Set<string>(), seed: 1, threads: 1 }
  // a value each is too little to learn from
  expect((await trees.fit(task, quiet())).mean(count - 1, 0)).toEqual(Float64Array.of(Number.NaN))
})
