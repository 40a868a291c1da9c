import { GalleyError } from '../../base/errors.ts'
import { numberParams } from '../training/params.ts'
import { decompose } from './decompose.ts'
import { type Fitted, type Forecaster, rangeOf, type SeriesTask } from './forecaster.ts'
import { simplex } from './simplex.ts'

/** Forms: the standard one has θ = 2, the optimised one fits it; the line of dynamic ones is drawn anew with each value. */
const FORMS = {
  standard: { name: 'STM', fitted: false, dynamic: false },
  optimised: { name: 'OTM', fitted: true, dynamic: false },
  'dynamic-standard': { name: 'DSTM', fitted: false, dynamic: true },
  'dynamic-optimised': { name: 'DOTM', fitted: true, dynamic: true },
} as const
type Form = keyof typeof FORMS

/** Of a normal distribution: seasons count where the autocorrelation is beyond what nine in ten series without one have. */
const NINETY = 1.6448536269514722
/** Errors of the first values say where the level begins, and nothing of how good it is. */
const FIRST = 3

/**
 * The theta method (Assimakopoulos and Nikolopoulos 2000) in the state space form of Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), on values without their
 * season. `model` names one of four forms; unless given, the one with the least squared errors is taken.
 */
export const theta: Forecaster = {
  kind: 'theta',
  check(params) {
    numberParams('theta', params, {}, ['model'])
    formsOf(params)
  },
  least: () => 4,
  fit({ y, season, params }) {
    const { adjusted, index, multiplies } = withoutSeason(y, season)
    let best: Smoothed | undefined
    for (const form of formsOf(params)) {
      const found = smooth(adjusted, form)
      if (!best || found.mse < best.mse) best = found
    }
    return fittedOf(best as Smoothed, index, multiplies, y.length)
  },
}

function formsOf(params: SeriesTask['params']): readonly Form[] {
  const all = Object.keys(FORMS) as Form[]
  if (params['model'] === undefined) return all
  const found = all.filter((f) => f === params['model'])
  if (found.length > 0) return found
  throw new GalleyError('USAGE_INVALID', {
    what: `theta has no model ${JSON.stringify(params['model'])}`,
    fix: `there are ${all.join(', ')}`,
  })
}

/** Values without their season, where they have one. */
function withoutSeason(y: Float64Array, season: number) {
  const none = { adjusted: y, index: new Float64Array([0]), multiplies: false }
  if (season < 2 || y.length < 2 * season || !isSeasonal(y, season)) return none
  const positive = y.every((v) => v > 0)
  const found = decompose(y, season, positive)
  const multiplies = positive && found.index.every((v) => v > 0.01)
  const { adjusted, index } = multiplies || !positive ? found : decompose(y, season, false)
  return { adjusted, index, multiplies }
}

/** Whether values a season apart go together, by the autocorrelations before that (Fiorucci et al. 2016, 2.3). */
function isSeasonal(y: Float64Array, season: number): boolean {
  const n = y.length
  const mean = y.reduce((a, b) => a + b, 0) / n
  const at = (k: number) => {
    let sum = 0
    for (let t = k; t < n; t++) sum += ((y[t] as number) - mean) * ((y[t - k] as number) - mean)
    return sum
  }
  const whole = at(0)
  if (!(whole > 0)) return false
  let squares = 0
  for (let k = 1; k < season; k++) squares += (at(k) / whole) ** 2
  return Math.abs(at(season) / whole) > NINETY * Math.sqrt((1 + 2 * squares) / n)
}

interface Smoothed {
  readonly form: Form
  readonly alpha: number
  readonly theta: number
  readonly mse: number
  /** Variance of one step's error. */
  readonly sigma2: number
  /** The state after the last value, from which steps go on. */
  readonly next: (horizon: number) => Float64Array
}

/** Level, mean, and the line A + B·t, which a dynamic form draws anew. */
interface State {
  level: number
  mean: number
  a: number
  b: number
}

function smooth(y: Float64Array, form: Form): Smoothed {
  const { fitted, dynamic } = FORMS[form]
  const n = y.length
  const mean = y.reduce((s, v) => s + v, 0) / n
  let weighted = 0
  for (let t = 0; t < n; t++) weighted += ((t + 1) * (y[t] as number)) / n
  const slope = (6 / (n * n - 1)) * (2 * weighted - (n + 1) * mean)
  const line = { a: mean - ((n + 1) / 2) * slope, b: slope }
  const state: State = { level: 0, mean: 0, a: 0, b: 0 }
  /** What is expected of value i. */
  const expect = (i: number, alpha: number, th: number): number => {
    const fade = (1 - alpha) ** i
    return state.level + (1 - 1 / th) * (state.a * fade + (state.b * (1 - fade * (1 - alpha))) / alpha)
  }
  const take = (i: number, v: number, alpha: number): void => {
    const before = state.mean
    state.level = alpha * v + (1 - alpha) * state.level
    state.mean = (i * before + v) / (i + 1)
    if (!dynamic) return
    state.b = ((i - 1) * state.b + (6 * (v - before)) / (i + 1)) / (i + 2)
    state.a = state.mean - (state.b * (i + 2)) / 2
  }
  const run = (start: number, alpha: number, th: number): number => {
    const first = y[0] as number
    Object.assign(state, { level: alpha * first + (1 - alpha) * start, mean: first }, dynamic ? { a: first, b: 0 } : line) // biome-ignore format: one line
    let squares = 0
    for (let i = 1; i < n; i++) {
      const e = (y[i] as number) - expect(i, alpha, th)
      if (i >= FIRST) squares += e * e
      take(i, y[i] as number, alpha)
    }
    return squares / Math.max(1, n - FIRST)
  }
  const size = Math.max(1e-300, y.reduce((s, v) => s + Math.abs(v), 0) / n)
  const of = (x: Float64Array) => [(x[0] as number) * size, x[1] as number, fitted ? (x[2] as number) : 2] as const
  const scaled = (x: Float64Array) => run(...of(x)) / (size * size)
  const begin = Float64Array.from([(y[0] as number) / 2 / size, 0.5, ...(fitted ? [2] : [])])
  const options = { low: [-1e6, 0.1, 1], high: [1e6, 0.99, 1e4], most: 1000, tolerance: 1e-8 }
  const { x } = simplex(scaled, simplex(scaled, begin, options).x, options)
  const [start, alpha, th] = of(x)
  const mse = run(start, alpha, th)
  const last = { ...state }
  return {
    ...{ form, alpha, theta: th, mse },
    sigma2: (mse * Math.max(1, n - FIRST)) / Math.max(1, n - FIRST - x.length),
    next(horizon) {
      Object.assign(state, last)
      return rangeOf(horizon, (h) => {
        const v = expect(n + h, alpha, th)
        take(n + h, v, alpha)
        return v
      })
    },
  }
}

function fittedOf(s: Smoothed, index: Float64Array, multiplies: boolean, n: number): Fitted {
  const { alpha, theta: th, mse, sigma2, form } = s
  const season = index.length > 1 ? `${multiplies ? 'M' : 'A'}` : 'N'
  return {
    model: `${FORMS[form].name}(${season})`,
    figures: { alpha, theta: th, mse, sigma2 },
    forecast(horizon) {
      const plain = s.next(horizon)
      const of = (h: number) => index[(n + h) % index.length] as number
      return {
        mean: plain.map((v, h) => (multiplies ? v * of(h) : v + of(h))),
        sd: rangeOf(horizon, (h) => Math.sqrt(sigma2 * (1 + h * alpha * alpha)) * (multiplies ? of(h) : 1)),
      }
    },
  }
}
