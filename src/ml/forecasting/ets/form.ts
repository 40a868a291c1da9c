import { recursions, traceOf } from './recursion.ts'

/** Forms of the state space (Hyndman et al. 2008): error A or M, trend N, A or Ad (damped), season N, A or M. */
export interface Form {
  readonly error: 'A' | 'M'
  readonly trend: 'N' | 'A' | 'Ad'
  readonly season: 'N' | 'A' | 'M'
}

/** All forms of which the variance is known: a season that multiplies has an error that does. */
export const FORMS: readonly Form[] = (['A', 'M'] as const).flatMap((error) =>
  (['N', 'A', 'Ad'] as const).flatMap((trend) =>
    (['N', 'A', 'M'] as const).filter((s) => s !== 'M' || error === 'M').map((season) => ({ error, trend, season })),
  ),
)

export const nameOf = ({ error, trend, season }: Form): string => `ETS(${error},${trend},${season})`

/** Smoothing parameters by their usual names; 0, and 1 of `phi`, where the form has none. */
export interface Smoothing {
  readonly alpha: number
  readonly beta: number
  readonly gamma: number
  readonly phi: number
}

/** Level, slope, and a season's indices, the first being that of the next value. */
export interface State {
  readonly level: number
  readonly slope: number
  readonly season: Float64Array
}

/** Less than this counts as no error at all. */
const NONE = 1e-300
/** Products up to these are not rounded to 0 or ∞ by the next factor. */
const [SMALL, LARGE] = [1e-100, 1e100]

/** The likelihood of a series by one form; a point is laid out as in `recursion.ts`. */
export function likelihoodOf({ error, season }: Form, y: Float64Array, m: number) {
  const { run, sweep } = recursions[season]
  const trace = traceOf(y, season === 'N' ? 0 : m)
  const { expected } = trace
  const n = y.length
  const by = new Float64Array(n)
  const relative = error === 'M'
  let [squares, level] = [0, 0]

  /** −2 log likelihood but for a constant (Hyndman et al. 2008, 5.1). */
  const loss = (at: Float64Array): number => {
    level = run(trace, at)
    let [sum, logs, product] = [0, 0, 1]
    if (relative)
      for (let t = 0; t < n; t++) {
        const f = expected[t] as number
        const e = ((y[t] as number) - f) / f
        sum += e * e
        product *= Math.abs(f)
        if (product > SMALL && product < LARGE) continue
        logs += Math.log(product)
        product = 1
      }
    else
      for (let t = 0; t < n; t++) {
        const e = (y[t] as number) - (expected[t] as number)
        sum += e * e
      }
    squares = sum
    return n * Math.log(Math.max(sum, NONE)) + 2 * (logs + Math.log(product))
  }
  /** The derivatives of the loss where it was asked last. */
  const gradient = (at: Float64Array, out: Float64Array): void => {
    const weight = squares > NONE ? (2 * n) / squares : 0
    if (relative)
      for (let t = 0; t < n; t++) {
        const whole = 1 / (expected[t] as number)
        const ratio = (y[t] as number) * whole
        by[t] = (2 - weight * (ratio - 1) * ratio) * whole
      }
    else for (let t = 0; t < n; t++) by[t] = weight * ((expected[t] as number) - (y[t] as number))
    sweep(trace, at, by, out)
  }
  /** Errors' squares and the states, where the loss was asked last. */
  const ends = (): { readonly squares: number; readonly state: State } => ({
    squares,
    state: { level, slope: trace.slope[n] as number, season: trace.season.slice(n) },
  })
  return { loss, gradient, ends }
}
