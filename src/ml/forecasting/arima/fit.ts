import { byDifferences, descend } from '../descent.ts'
import { conditional, exact, type Filtered } from './likelihood.ts'
import { differences, type Order, ofPartials, product, rootsBeyond } from './polynomials.ts'

export interface FittedArima {
  readonly order: Order
  /** Of the differences less their mean: phi and theta with their seasons multiplied in. */
  readonly phi: Float64Array
  readonly theta: Float64Array
  readonly mean: number
  readonly sigma2: number
  readonly loglik: number
  readonly aicc: number
  /** What the filter expects after the last value. */
  readonly state: Float64Array
  /** Inverse hyperbolic tangents of the partial autocorrelations. */
  readonly at: Float64Array
}

/** Roots nearer to the unit circle than these make a model that wanders off, or that has no one past (as Hyndman and Khandakar 2008, of each polynomial on its own). */
const [AR_ROOTS, MA_ROOTS] = [1.01, 1.001]
/** Partial autocorrelations stay within ±tanh of `far`; a step of more than 1 leaves the part of the hyperbolic tangent that is not flat. */
const SEARCH = { most: 100, flat: 1e-8, reach: 1, far: 8 }

export const countOf = ({ p, q, P, Q, constant }: Order): number => p + q + P + Q + (constant ? 1 : 0) + 1

/** The four polynomials of a point, and whether their roots are far enough from the circle. */
function polynomialsOf({ p, q, P, Q, m }: Order, x: Float64Array) {
  const part = (from: number, n: number, sign: number) => {
    const a = ofPartials(x.subarray(from, from + n).map(Math.tanh))
    return sign < 0 ? a.map((v) => -v) : a
  }
  const [ar, sar] = [part(0, p, 1), part(p, P, 1)]
  const [ma, sma] = [part(p + P, q, 1), part(p + P + q, Q, 1)]
  return {
    phi: product(ar, sar, m),
    // 1 + θ₁B … is 1 − a₁B … of the negative coefficients
    theta: product(ma, sma, m).map((v) => -v),
    sound: () =>
      rootsBeyond(ar, AR_ROOTS) &&
      rootsBeyond(sar, AR_ROOTS) &&
      rootsBeyond(ma, MA_ROOTS) &&
      rootsBeyond(sma, MA_ROOTS),
  }
}

/** Far too few values, or a likelihood that is none: undefined. */
type Maybe<T> = T | undefined

/** A search for the least of conditional squares: where it ends, and an AICc by them (as R's auto.arima has it of long series). */
export function roughly(order: Order, y: Float64Array): Maybe<{ readonly at: Float64Array; readonly aicc: number }> {
  const w = differences(y, order)
  const n = w.length
  const count = countOf(order)
  const size = order.p + order.q + order.P + order.Q
  if (n < size + order.m * order.P + order.p + 3 || n - count - 1 <= 0) return undefined
  const mean = order.constant ? w.reduce((a, b) => a + b, 0) / n : 0
  const centred = order.constant ? w.map((v) => v - mean) : w
  const room = new Float64Array(n)
  const loss = (x: Float64Array) => {
    const { phi, theta } = polynomialsOf(order, x)
    return 0.5 * Math.log(conditional(centred, phi, theta, room))
  }
  const found = descend(byDifferences(loss), new Float64Array(size).fill(0.1), SEARCH)
  if (!Number.isFinite(found.value) || !polynomialsOf(order, found.x).sound()) return undefined
  return { at: found.x, aicc: 2 * n * found.value + 2 * count + (2 * count * (count + 1)) / (n - count - 1) }
}

/** A model by exact maximum likelihood, from a point on. Undefined where it can't be, or lies too near to the unit circle. */
export function fitOrder(order: Order, y: Float64Array, from?: Float64Array): Maybe<FittedArima> {
  const w = differences(y, order)
  const n = w.length
  const count = countOf(order)
  const size = order.p + order.q + order.P + order.Q
  if (n - count - 1 <= 0 || n < order.m * Math.max(order.P, order.Q) + 2) return undefined
  const out: Filtered = { squares: 0, logs: 0, mean: 0 }
  const loss = (x: Float64Array) => {
    const { phi, theta } = polynomialsOf(order, x)
    exact(w, phi, theta, order.constant, out)
    return 0.5 * (Math.log(out.squares / n) + out.logs / n)
  }
  const start = from ?? roughly(order, y)?.at ?? new Float64Array(size)
  const found = descend(byDifferences(loss), start, SEARCH)
  if (!Number.isFinite(found.value)) return undefined
  const { phi, theta, sound } = polynomialsOf(order, found.x)
  if (!sound()) return undefined
  const state = exact(w, phi, theta, order.constant, out)
  const loglik = -n * found.value - (n / 2) * (Math.log(2 * Math.PI) + 1)
  return {
    ...{ order, phi, theta, state, loglik, at: found.x, mean: out.mean },
    sigma2: out.squares / (n - count + 1),
    aicc: -2 * loglik + 2 * count + (2 * count * (count + 1)) / (n - count - 1),
  }
}
