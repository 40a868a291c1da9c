import { simplex } from '../simplex.ts'
import { type Form, filterOf, type Smoothing, type State } from './form.ts'
import { startOf } from './start.ts'

export interface FittedForm {
  readonly form: Form
  readonly smoothing: Smoothing
  /** States after the last value. */
  readonly state: State
  readonly loss: number
  /** Parameters and states that were fitted, and the variance of the error. */
  readonly count: number
  readonly aicc: number
  readonly sigma2: number
  /** Where the search ended. */
  readonly at: Float64Array
}

export interface Search {
  readonly from?: Float64Array
  readonly once?: boolean
}

/** Bounds of alpha, beta and gamma, and of phi. */
const [LOW, HIGH] = [1e-4, 0.9999]
const [DAMPED_LOW, DAMPED_HIGH] = [0.8, 0.98]
const MOST = 2000
/** Times that a search begins anew at most, and what of the loss it has to gain for another. */
const AGAIN = 6
const GAIN = 0.02

/** Numbers that a form fits, without the variance. */
export const countOf = ({ trend, season }: Form, m: number): number =>
  2 + (trend === 'N' ? 0 : 2) + (trend === 'Ad' ? 1 : 0) + (season === 'N' ? 0 : m)

/**
 * A form by maximum likelihood: smoothing parameters in the usual region (0 < β < α < 1, 0 < γ < 1 − α) and the first states, of a season all
 * indices but the last, which makes their sum 0, or m. Undefined where the likelihood is not a number. `from`: where another search ended; `once`: it does
 * not begin anew.
 */
export function fitForm(
  form: Form,
  y: Float64Array,
  m: number,
  { from, once = false }: Search = {},
): FittedForm | undefined {
  const [trended, damped, seasonal] = [form.trend !== 'N', form.trend === 'Ad', form.season !== 'N']
  const start = startOf(form, y, m)
  const period = seasonal ? m : 1
  const alpha = LOW + (0.2 * (HIGH - LOW)) / period
  const begin: number[] = [alpha]
  const low = [LOW]
  const high = [HIGH]
  const add = (value: number, from: number, to: number) => {
    begin.push(value)
    low.push(from)
    high.push(to)
  }
  if (trended) add(LOW + 0.1 * (alpha - LOW), LOW, HIGH)
  if (seasonal) add(LOW + 0.05 * (1 - alpha - LOW), LOW, HIGH)
  if (damped) add(DAMPED_LOW + 0.99 * (DAMPED_HIGH - DAMPED_LOW), DAMPED_LOW, DAMPED_HIGH)
  // states on their own scale, so that steps of the search are alike
  const size = Math.max(1e-12, y.reduce((a, v) => a + Math.abs(v), 0) / y.length)
  add(start.level / size, -1e6, 1e6)
  if (trended) add(start.slope / size, -1e6, 1e6)
  const scale = form.season === 'M' ? 1 : size
  if (seasonal) for (let i = 0; i + 1 < m; i++) add((start.season[i] as number) / scale, form.season === 'M' ? 0 : -1e6, 1e6) // biome-ignore format: one line

  const { run, errors, last } = filterOf(form, y, m)
  const ring = new Float64Array(seasonal ? m : 0)
  const total = form.season === 'M' ? m : 0
  const loss = (x: Float64Array): number => {
    let at = 0
    const a = x[at++] as number
    const b = trended ? (x[at++] as number) : 0
    const g = seasonal ? (x[at++] as number) : 0
    const p = damped ? (x[at++] as number) : 1
    if (b > a || g > 1 - a) return Number.POSITIVE_INFINITY
    const l = (x[at++] as number) * size
    const s = trended ? (x[at++] as number) * size : 0
    if (seasonal) {
      let sum = 0
      for (let i = 0; i + 1 < m; i++) {
        ring[i] = (x[at++] as number) * scale
        sum += ring[i] as number
      }
      ring[m - 1] = total - sum
      if (form.season === 'M' && (ring[m - 1] as number) < 0) return Number.POSITIVE_INFINITY
    }
    return run(a, b, g, p, l, s, ring)
  }
  const options = { low, high, most: MOST, tolerance: 1e-7 }
  let best = simplex(loss, from ?? Float64Array.from(begin), options)
  // a simplex that has become flat begins anew from where it is
  for (let again = 0, gain = Number.POSITIVE_INFINITY; !once && again < AGAIN && gain > GAIN; again++) {
    const next = simplex(loss, best.x, options)
    gain = best.value - next.value
    best = next
  }
  const { x } = best
  const found = loss(x)
  if (!Number.isFinite(found)) return undefined
  const n = y.length
  const count = x.length + 1
  const places = [trended, seasonal, damped].map((has, i, all) => (has ? all.slice(0, i).filter(Boolean).length + 1 : -1)) // biome-ignore format: one line
  const of = (i: number, or: number) => ((places[i] as number) < 0 ? or : (x[places[i] as number] as number))
  const turn = seasonal ? n % m : 0
  return {
    form,
    smoothing: { alpha: x[0] as number, beta: of(0, 0), gamma: of(1, 0), phi: of(2, 1) },
    state: { level: last[0] as number, slope: last[1] as number, season: Float64Array.from(ring, (_, i) => ring[(turn + i) % m] as number) }, // biome-ignore format: one line
    ...{ loss: found, count, at: x },
    aicc: found + 2 * count + (2 * count * (count + 1)) / (n - count - 1),
    sigma2: errors.reduce((a, e) => a + e * e, 0) / Math.max(1, n - count),
  }
}
