import { describe, expect, test } from 'vitest'
import { randomOf } from '../../training/conformance.ts'
import { seriesLike } from '../conformance.ts'
import { byDifferences } from '../descent.ts'
import { coordinatesOf, smooth } from './coordinates.ts'
import { countOf, fitterOf } from './fit.ts'
import { FORMS, type Form, likelihoodOf, nameOf } from './form.ts'
import { LEVEL, SEASON, SLOPE } from './recursion.ts'

const SEASONS = 4
const named = FORMS.map((form) => [nameOf(form), form] as const)
const formOf = (name: string): Form => FORMS.find((f) => nameOf(f) === name) as Form

/** A point somewhere within the bounds, of values whose size is about 1. */
function pointOf(form: Form, m: number): Float64Array {
  const point = new Float64Array(SEASON + (form.season === 'N' ? 0 : m))
  smooth(form, { alpha: 0.3, beta: 0.4, gamma: 0.35, phi: 0.6 }, point)
  point[LEVEL] = 0.9
  point[SLOPE] = form.trend === 'N' ? 0 : 0.01
  const waves = Array.from({ length: m }, (_, i) => 0.1 * Math.sin(i + 1))
  const mean = waves.reduce((a, b) => a + b, 0) / m
  if (form.season !== 'N') point.set(waves.map((v) => v - mean + (form.season === 'M' ? 1 : 0)), SEASON) // biome-ignore format: one line
  return point
}

describe.each(named)('%s', (_, form) => {
  const y = seriesLike(40, SEASONS, 7).map((v) => v / 100)

  test('has the gradient that differences of its likelihood have', () => {
    const { loss, gradient, ends } = likelihoodOf(form, y, SEASONS)
    const start = pointOf(form, SEASONS)
    loss(start)
    const { of, place, chain } = coordinatesOf(form, SEASONS, Math.sqrt(ends().squares / y.length))
    const x = of(start)
    const point = Float64Array.from(start)
    expect(place(x, point)).toBe(true)
    for (const [i, v] of start.entries()) expect(point[i]).toBeCloseTo(v, 10)

    const value = (at: Float64Array) => (place(at, point) ? loss(point) : Number.NaN)
    const [expected, found, by] = [new Float64Array(x.length), new Float64Array(x.length), new Float64Array(point.length)] // biome-ignore format: one line
    byDifferences(value).gradient(x, expected)
    value(x)
    gradient(point, by)
    chain(point, by, found)
    for (const [i, g] of found.entries()) {
      expect(Math.abs(g)).toBeGreaterThan(0)
      expect(Math.abs(g - (expected[i] as number))).toBeLessThan(1e-5 * Math.max(1, Math.abs(g)))
    }
  })

  test('ends where no number alone makes it likelier', () => {
    const m = 12
    const values = seriesLike(96, m, 4)
    const fitted = fitterOf(values, m)(form)
    if (!fitted) throw new Error('was not fitted')
    const size = values.reduce((a, v) => a + v, 0) / values.length
    const { loss, ends } = likelihoodOf(form, values.map((v) => v / size), m) // biome-ignore format: one line
    const least = loss(fitted.point)
    expect(least + 2 * values.length * Math.log(size)).toBeCloseTo(fitted.loss, 8)
    const error = Math.sqrt(ends().squares / values.length)
    const { of, place } = coordinatesOf(form, m, error)
    const point = Float64Array.from(fitted.point)
    const x = of(fitted.point)
    for (const i of x.keys())
      for (const step of [-0.02, 0.02]) {
        const own = x[i] as number
        x[i] = own + step
        if (place(x, point)) expect(loss(point)).toBeGreaterThan(least - 0.01)
        x[i] = own
      }
  })
})

test('is fitted the same whatever else was asked', () => {
  const y = seriesLike(72, 12, 9)
  const all = fitterOf(y, 12)
  const together = FORMS.map(all)
  for (const [i, form] of FORMS.entries()) expect(fitterOf(Float64Array.from(y), 12)(form)).toEqual(together[i])
})

test('is not less likely with a trend than without, nor less with a damped one by more than its bound', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = randomOf(seed)
    let level = 50
    const y = Float64Array.from({ length: 80 }, (_, t) => {
      level += 4 * (random() - 0.5)
      return Math.max(1, level + 5 * Math.sin((Math.PI * t) / 6) * (1 + t / 80) + 4 * random())
    })
    const loss = (name: string) => fitterOf(y, 12)(formOf(name))?.loss as number
    for (const [error, season] of ['AN', 'AA', 'MN', 'MA', 'MM'].map((s) => [...s] as [string, string])) {
      // what begins where its kin ended has a share of smoothing the slope
      expect(loss(`ETS(${error},A,${season})`)).toBeLessThan(loss(`ETS(${error},N,${season})`) + 0.5)
      expect(loss(`ETS(${error},Ad,${season})`)).toBeLessThan(loss(`ETS(${error},A,${season})`) + 3)
    }
  }
})

test('finds a season that moves', () => {
  const random = randomOf(3)
  const waves = Array.from({ length: 4 }, () => 10 * random())
  // each index wanders as the year goes on: little is left of the first season
  const y = Float64Array.from({ length: 160 }, (_, t) => {
    waves[t % 4] = (waves[t % 4] as number) + 6 * (random() - 0.5)
    return 100 + (waves[t % 4] as number) + 0.3 * random()
  })
  expect(fitterOf(y, 4)(formOf('ETS(A,N,A)'))?.smoothing.gamma).toBeGreaterThan(0.6)
})

test.each([
  ['values that come to nothing', Float64Array.from({ length: 40 }, (_, t) => 0.6 ** t)],
  ['a season whose last index is almost nothing', Float64Array.from({ length: 48 }, (_, t) => (t % 4 === 3 ? 1e-6 : 10 + (t % 4)))], // biome-ignore format: one line
  ['values of any size', Float64Array.from({ length: 40 }, (_, t) => 10 ** ((t * 7) % 13))],
  ['the same values each season', Float64Array.from({ length: 40 }, (_, t) => 1 + (t % 4))],
  ['zeros and one value', Float64Array.from({ length: 30 }, (_, t) => (t === 11 ? 5 : 0))],
  ['as few values as a form takes', seriesLike(12, 4)],
])('%s are fitted with finite numbers, or not at all', (_, y) => {
  const fitted = fitterOf(y, 4)
  const positive = y.every((v) => v > 0)
  const asked = FORMS.filter((f) => (positive || (f.error === 'A' && f.season !== 'M')) && y.length > countOf(f, 4) + 2)
  const found = asked.flatMap((form) => fitted(form) ?? [])
  expect(found.length).toBeGreaterThan(0)
  for (const { form, loss, sigma2, smoothing, state } of found) {
    expect(Number.isFinite(loss), nameOf(form)).toBe(true)
    expect(sigma2).toBeGreaterThanOrEqual(0)
    expect([state.level, state.slope, ...state.season].every(Number.isFinite)).toBe(true)
    const { alpha, beta, gamma, phi } = smoothing
    expect(alpha).toBeGreaterThan(0)
    expect(alpha).toBeLessThan(1)
    expect(beta).toBeLessThanOrEqual(alpha)
    expect(gamma).toBeLessThanOrEqual(1 - alpha)
    expect(phi).toBeGreaterThanOrEqual(0.8)
  }
})
