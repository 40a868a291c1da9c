import { describe, expect, test } from 'vitest'
import { randomOf } from '../training/conformance.ts'
import type { Forecaster, SeriesTask } from './forecaster.ts'
import { forecastSeries } from './series.ts'

/** A series with a season, a trend and noise; `seed` is its own. */
export function seriesLike(n: number, season: number, seed = 1, level = 100): Float64Array {
  const random = randomOf(seed)
  return Float64Array.from({ length: n }, (_, t) => level + 0.3 * t + 12 * Math.sin((2 * Math.PI * t) / season) + 8 * (random() + random() - 1)) // biome-ignore format: one line
}

/** The suite that every forecaster of one series passes. */
export function forecasterConformance(kind: string, forecaster: Forecaster, params: SeriesTask['params'] = {}): void {
  const fitted = (y: Float64Array, season = 12) => forecaster.fit({ y, season, params })
  const horizon = 30

  describe(kind, () => {
    test('expects finite values with errors that do not shrink to nothing, and the same ones each time', () => {
      const y = seriesLike(96, 12)
      const before = Float64Array.from(y)
      const { model, figures, forecast } = fitted(y)
      const { mean, sd } = forecast(horizon)
      expect(model).not.toBe('')
      expect(forecaster.kind).toBe(kind)
      expect(mean).toHaveLength(horizon)
      expect(sd).toHaveLength(horizon)
      expect(mean.every(Number.isFinite)).toBe(true)
      expect(sd.every((v) => v > 0 && v < Infinity)).toBe(true)
      for (const v of Object.values(figures)) expect(Number.isFinite(v)).toBe(true)
      expect(y).toEqual(before)
      expect(fitted(Float64Array.from(y)).forecast(horizon)).toEqual({ mean, sd })
      // fewer periods are the beginning of more
      expect(forecast(5).mean).toEqual(mean.subarray(0, 5))
      expect(forecast(5).sd).toEqual(sd.subarray(0, 5))
    })

    test('follows the unit of its values', () => {
      const y = seriesLike(72, 12, 3)
      const [one, many] = [fitted(y).forecast(6), fitted(y.map((v) => v * 1000)).forecast(6)]
      for (const [h, v] of many.mean.entries()) expect(v / 1000 / (one.mean[h] as number)).toBeCloseTo(1, 2)
    })

    test.each([
      ['one value again and again', new Float64Array(40).fill(7)],
      ['zeros', new Float64Array(40)],
      ['values below zero', seriesLike(60, 12, 2, -300)],
      ['zeros now and then', seriesLike(60, 12).map((v, t) => (t % 5 === 0 ? v : 0))],
      ['as few as it takes', seriesLike(Math.max(1, forecaster.least(12)), 12)],
      ['ten values', seriesLike(10, 12)],
      ['large values', seriesLike(60, 12).map((v) => v * 1e12)],
      ['small values', seriesLike(60, 12).map((v) => v * 1e-12)],
      ['one that stands out', seriesLike(60, 12).map((v, t) => (t === 30 ? 1e6 : v))],
      ['a step', Float64Array.from({ length: 50 }, (_, t) => (t < 25 ? 10 : 1000))],
      ['a line', Float64Array.from({ length: 50 }, (_, t) => 5 + 2 * t)],
    ])('is sound of %s', (_, y) => {
      for (const season of [1, 4, 12]) {
        const { mean, sd } = forecastSeries(forecaster, y, { season, horizon }, params)
        expect(mean.every(Number.isFinite)).toBe(true)
        expect(sd.every((v) => v >= 0 && v < Infinity)).toBe(true)
        const size = Math.max(...y.map(Math.abs))
        // nothing runs away
        expect(Math.max(...mean.map(Math.abs))).toBeLessThanOrEqual(size * 6 + 1e-9)
      }
    })

    test('expects of one value again and again that value', () => {
      const { mean } = forecastSeries(forecaster, new Float64Array(40).fill(7), { season: 12, horizon: 12 }, params)
      for (const v of mean) expect(v).toBeCloseTo(7, 6)
    })

    test('takes missing values, also at the end, as if time went on', () => {
      const y = seriesLike(96, 12, 5)
      const whole = forecastSeries(forecaster, y, { season: 12, horizon: 12 }, params).mean
      const holes = y.map((v, t) => (t % 17 === 5 || t >= 94 ? Number.NaN : v))
      const { mean, sd } = forecastSeries(forecaster, holes, { season: 12, horizon: 12 }, params)
      expect(sd.every((v) => v >= 0 && v < Infinity)).toBe(true)
      for (const [h, v] of mean.entries()) expect(Math.abs(v - (whole[h] as number))).toBeLessThan(40)
      const none = forecastSeries(forecaster, new Float64Array(20).fill(Number.NaN), { season: 12, horizon: 3 }, params)
      expect([...none.mean]).toEqual([Number.NaN, Number.NaN, Number.NaN])
    })

    test('refuses a parameter that it does not know', () => {
      expect(() => forecaster.check(params)).not.toThrow()
      expect(() => forecaster.check({ ...params, alhpa: 1 })).toThrow(
        expect.objectContaining({ code: 'USAGE_INVALID' }),
      )
    })
  })
}
