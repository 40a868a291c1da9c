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

const TINY = 1e-10

/** A filter over a series for one form; its loss is −2 log likelihood but for a constant (Hyndman et al. 2008, 5.1). */
export function filterOf({ error, trend, season }: Form, y: Float64Array, m: number) {
  const [multiplied, trended] = [error === 'M', trend !== 'N']
  const [adds, multiplies] = [season === 'A', season === 'M']
  const seasonal = adds || multiplies
  const n = y.length
  const errors = new Float64Array(n)

  /** Runs over the series; `ring` begins with the first season's indices and ends with the last, beginning at place `n mod m`. */
  const run = (alpha: number, beta: number, gamma: number, phi: number, l0: number, b0: number, ring: Float64Array) => {
    let [l, b, squares, logs, at] = [l0, b0, 0, 0, 0]
    for (let t = 0; t < n; t++) {
      const value = y[t] as number
      const q = trended ? l + phi * b : l
      const s = seasonal ? (ring[at] as number) : 0
      const f = adds ? q + s : multiplies ? q * s : q
      let e = value - f
      if (multiplied) {
        const scale = Math.abs(f) < TINY ? TINY : f
        e /= scale
        logs += Math.log(Math.abs(scale))
      }
      squares += e * e
      errors[t] = e
      const p = adds ? value - s : multiplies ? (Math.abs(s) < TINY ? 1e10 : value / s) : value
      const next = q + alpha * (p - q)
      if (trended) b = phi * b + (beta / alpha) * (next - l - phi * b)
      l = next
      if (seasonal) {
        const own = adds ? value - q : Math.abs(q) < TINY ? 1e10 : value / q
        ring[at] = s + gamma * (own - s)
        at = at + 1 === m ? 0 : at + 1
      }
    }
    last[0] = l
    last[1] = b
    last[2] = squares
    return n * Math.log(Math.max(squares, 1e-300)) + (multiplied ? 2 * logs : 0)
  }
  const last = new Float64Array(3)
  return { run, errors, last }
}
