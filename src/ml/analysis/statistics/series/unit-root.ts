import { normal } from '../distributions/continuous.ts'
import { sum } from '../moments.ts'
import { type Fit, leastSquares } from '../relate/least-squares.ts'

export type Trend = 'c' | 'ct'

/** MacKinnon's (1994, 2010) response surfaces of the τ statistic for one series: with a constant, and with a trend as well. */
const SURFACE = {
  c: {
    min: -18.83,
    star: -1.61,
    max: 2.74,
    small: [2.1659, 1.4412, 0.038269],
    large: [1.7339, 0.93202, -0.12745, -0.010368],
  },
  ct: {
    min: -16.18,
    star: -2.89,
    max: 0.7,
    small: [3.2512, 1.6047, 0.049588],
    large: [2.5261, 0.61654, -0.37956, -0.060285],
  },
} as const
const CRITICAL = {
  c: [-3.43035, -6.5393, -16.786, -79.433, -2.86154, -2.8903, -4.234, -40.04, -2.56677, -1.5384, -2.809, 0],
  ct: [-3.95877, -9.0531, -28.428, -134.155, -3.41049, -4.3904, -9.036, -45.374, -3.12705, -2.5856, -3.925, -22.38],
} as const

const poly = (c: readonly number[], x: number): number => c.reduceRight((y, k) => y * x + k, 0)

export interface DickeyFuller {
  readonly statistic: number
  readonly p: number
  readonly lags: number
  readonly n: number
  /** At 1, 5 and 10 %. */
  readonly critical: readonly number[]
}

/**
 * Dickey and Fuller's (1979) test with as many lags as Akaike's criterion wants, up to Schwert's (1989) 12 (n/100)^¼; small p speaks
 * against a unit root. Null where a lag follows from the others.
 */
export function dickeyFuller(x: Float64Array, trend: Trend): DickeyFuller | null {
  const n = x.length
  const most = Math.min(Math.floor(n / 2) - trend.length - 1, Math.ceil(12 * (n / 100) ** 0.25))
  if (most < 0) return null
  let best = { lags: 0, aic: Number.POSITIVE_INFINITY }
  for (let lags = 0; lags <= most; lags++) {
    const fit = regression(x, trend, lags, most)
    if (!fit) break
    const aic = fit.n * Math.log(fit.rss / fit.n) + 2 * fit.k
    if (aic < best.aic) best = { lags, aic }
  }
  const fit = regression(x, trend, best.lags, best.lags)
  if (!fit || fit.n <= fit.k) return null
  const level = trend.length
  const error = Math.sqrt((fit.rss / (fit.n - fit.k)) * (fit.inverse[level]?.[level] as number))
  const statistic = (fit.coefficients[level] as number) / error
  if (!Number.isFinite(statistic)) return null
  const { min, star, max, small, large } = SURFACE[trend]
  const p = statistic > max ? 1 : statistic < min ? 0 : normal(poly(statistic <= star ? small : large, statistic)).lower
  const critical = [0, 4, 8].map((i) => poly(CRITICAL[trend].slice(i, i + 4), 1 / fit.n))
  return { statistic, p, lags: best.lags, n: fit.n, critical }
}

/** Δx on a constant (and a trend), the level before, and `lags` former Δx; `skip` rows more are left out at the start. */
function regression(x: Float64Array, trend: Trend, lags: number, skip: number): Fit | null {
  const d = x.subarray(1).map((v, i) => v - (x[i] as number))
  const rows = d.length - skip
  const past = Array.from({ length: lags }, (_, l) => d.subarray(skip - l - 1, skip - l - 1 + rows))
  const columns = [
    new Float64Array(rows).fill(1),
    ...(trend === 'ct' ? [Float64Array.from({ length: rows }, (_, i) => i + 1)] : []),
    x.subarray(skip, skip + rows),
    ...past,
  ]
  if (rows <= columns.length) return null
  const fit = leastSquares(columns, d.subarray(skip))
  return 'dependent' in fit ? null : fit
}

/** Kwiatkowski, Phillips, Schmidt and Shin (1992), lags by Hobijn, Franses and Ooms (1998) unless given; small p speaks against stationarity. Null where nothing is left of the trend. */
export function kpss(
  x: Float64Array,
  trend: Trend,
  given?: number,
): { statistic: number; p: number; lags: number; bounded: boolean } | null {
  const n = x.length
  const columns = [
    new Float64Array(n).fill(1),
    ...(trend === 'ct' ? [Float64Array.from({ length: n }, (_, i) => i + 1)] : []),
  ]
  const fit = leastSquares(columns, x)
  if ('dependent' in fit) return null
  const e = fit.residuals
  const product = (lag: number) => sum(e.subarray(lag), (v, i) => v * (e[i] as number))
  let [s0, s1] = [product(0) / n, 0]
  for (let i = 1; i <= Math.floor(n ** (2 / 9)); i++) {
    const each = product(i) / (n / 2)
    s0 += each
    s1 += i * each
  }
  const wanted = Math.floor(1.1447 * ((s1 / s0) ** 2) ** (1 / 3) * n ** (1 / 3))
  const lags = Math.min(given ?? wanted, n - 1)
  let variance = product(0)
  for (let i = 1; i <= lags; i++) variance += 2 * product(i) * (1 - i / (lags + 1))
  variance /= n
  let run = 0
  const statistic = sum(e, (v) => (run += v) ** 2) / (n * n) / variance
  if (!Number.isFinite(statistic) || statistic < 0) return null
  // their table ends at 10 % and 1 %
  const at = trend === 'c' ? [0.347, 0.463, 0.574, 0.739] : [0.119, 0.146, 0.176, 0.216]
  const ps = [0.1, 0.05, 0.025, 0.01]
  const above = at.findIndex((v) => v > statistic)
  if (above === 0) return { statistic, p: 0.1, lags, bounded: true }
  if (above < 0) return { statistic, p: 0.01, lags, bounded: true }
  const [a, b] = [at[above - 1] as number, at[above] as number]
  const [p0, p1] = [ps[above - 1] as number, ps[above] as number]
  return { statistic, p: p0 + ((p1 - p0) * (statistic - a)) / (b - a), lags, bounded: false }
}
