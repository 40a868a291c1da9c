import { type DescentOptions, descend } from '../descent.ts'
import { coordinatesOf, type Shares, smooth } from './coordinates.ts'
import { type Form, likelihoodOf, nameOf, type Smoothing, type State } from './form.ts'
import { ALPHA, BETA, GAMMA, LEVEL, PHI, SEASON, SLOPE } from './recursion.ts'
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
  /** Where the search ended, of values whose size is 1. */
  readonly point: Float64Array
}

const SEARCH: DescentOptions = { most: 200, flat: 1e-6, reach: 2 }
/** Starts beside the usual one, which smooths little: all much, or the season alone. A season that moves is not found from one that stays. */
const OTHERS: readonly Shares[] = [
  { alpha: 0.5, beta: 0.5, gamma: 0.5, phi: 0.5 },
  { alpha: 0.1, beta: 0.1, gamma: 0.5, phi: 0.5 },
]
/** Errors of less than this part of the values are rounding. */
const ROUNDING = 1e-10

/** Numbers that a form fits, without the variance. */
export const countOf = ({ trend, season }: Form, m: number): number =>
  2 + (trend === 'N' ? 0 : 2) + (trend === 'Ad' ? 1 : 0) + (season === 'N' ? 0 : m)

/** Forms of the same recursion: one whose error adds, and one whose trend has less. */
function kinOf(form: Form): readonly Form[] {
  const { error, trend, season } = form
  return [
    ...(error === 'M' && season !== 'M' ? [{ ...form, error: 'A' as const }] : []),
    ...(trend === 'N' ? [] : [{ ...form, trend: trend === 'Ad' ? ('A' as const) : ('N' as const) }]),
  ]
}

/**
 * Fits forms to a series by maximum likelihood: smoothing parameters and the first states, of a season all indices but the last, which makes their sum 0, or m.
 * Each is searched from three starts, and from where its kin ended. Undefined where the likelihood is not a number.
 */
export function fitterOf(y: Float64Array, m: number): (form: Form) => FittedForm | undefined {
  const size = y.reduce((a, v) => a + Math.abs(v), 0) / y.length || 1
  const values = y.map((v) => v / size)
  const known = new Map<string, FittedForm | undefined>()
  const fitted = (form: Form): FittedForm | undefined => {
    const name = nameOf(form)
    if (!known.has(name)) {
      const kin = kinOf(form).flatMap((k) => fitted(k)?.point ?? [])
      known.set(name, fitForm(form, values, m, size, kin))
    }
    return known.get(name)
  }
  return fitted
}

function fitForm(
  form: Form,
  y: Float64Array,
  m: number,
  size: number,
  kin: readonly Float64Array[],
): FittedForm | undefined {
  const n = y.length
  const likelihood = likelihoodOf(form, y, m)
  const usual: Shares = { alpha: 0.2 / (form.season === 'N' ? 1 : m), beta: 0.1, gamma: 0.05, phi: 0.99 }
  const { level, slope, season } = startOf(form, y, m)
  const starts = [usual, ...OTHERS].map((shares) => {
    const point = new Float64Array(SEASON + season.length)
    smooth(form, shares, point)
    point[LEVEL] = level
    point[SLOPE] = slope
    point.set(season, SEASON)
    return point
  })
  let [best, least]: [Float64Array | undefined, number] = [undefined, Number.POSITIVE_INFINITY]
  for (const start of [...starts, ...kin]) {
    if (!Number.isFinite(likelihood.loss(start))) continue
    const error = Math.max(ROUNDING, Math.sqrt(likelihood.ends().squares / n))
    const { of, place, chain } = coordinatesOf(form, m, error)
    const point = Float64Array.from(start)
    const by = new Float64Array(point.length)
    const { x, value } = descend(
      {
        value: (x) => (place(x, point) ? likelihood.loss(point) / n : Number.POSITIVE_INFINITY),
        gradient(_, out) {
          likelihood.gradient(point, by)
          for (let i = 0; i < by.length; i++) by[i] = (by[i] as number) / n
          chain(point, by, out)
        },
      },
      of(start),
      SEARCH,
    )
    if (!(value < least)) continue
    least = value
    place(x, point)
    best = point
  }
  if (!best) return undefined
  const loss = likelihood.loss(best) + 2 * n * Math.log(size)
  const { squares, state } = likelihood.ends()
  const count = countOf(form, m) + 1
  const of = (p: number) => best[p] as number
  return {
    form,
    smoothing: { alpha: of(ALPHA), beta: of(BETA), gamma: of(GAMMA), phi: of(PHI) },
    state: {
      level: state.level * size,
      slope: state.slope * size,
      season: form.season === 'M' ? state.season : state.season.map((v) => v * size),
    },
    ...{ loss, count, point: best },
    aicc: loss + 2 * count + (2 * count * (count + 1)) / (n - count - 1),
    sigma2: (squares * (form.error === 'M' ? 1 : size * size)) / Math.max(1, n - count),
  }
}
