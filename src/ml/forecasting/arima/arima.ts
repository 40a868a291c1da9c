import { GalleyError } from '../../../base/errors.ts'
import { numberParams } from '../../training/params.ts'
import { type Fitted, type Forecast, type Forecaster, rangeOf, type SeriesTask } from '../forecaster.ts'
import { seasonalNaive } from '../naive.ts'
import { type FittedArima, fitOrder } from './fit.ts'
import { weights } from './likelihood.ts'
import { differencing, nameOf, type Order } from './polynomials.ts'
import { search } from './search.ts'

/** Longer seasons have more lags than their series tell. */
const LONGEST = 24
const ORDER = /^(\d),(\d),(\d)(?:;(\d),(\d),(\d))?$/

/**
 * Seasonal ARIMA by exact maximum likelihood (Box and Jenkins 1970): differences by KPSS and the strength of the season, orders by a walk with the least AICc
 * (Hyndman and Khandakar 2008). `order` says one: '1,1,1', with a season '0,1,1;0,1,1'.
 */
export const arima: Forecaster = {
  kind: 'arima',
  check(params) {
    numberParams('arima', params, {}, ['order'])
    const { order } = params
    if (order === undefined || (typeof order === 'string' && ORDER.test(order))) return
    throw new GalleyError('USAGE_INVALID', {
      what: `arima has no order ${JSON.stringify(order)}`,
      why: 'an order is p,d,q, and of the season P,D,Q after a semicolon',
      fix: "write for instance order: '0,1,1;0,1,1', or leave it out",
    })
  },
  least: () => 6,
  fit,
}

function fit(task: SeriesTask): Fitted {
  const { season, params } = task
  const size = task.y.reduce((a, v) => Math.max(a, Math.abs(v)), 0)
  // one value again and again, or none of the orders fits so few
  const simple = () => seasonalNaive.fit({ ...task, season: task.y.length >= season ? season : 1 })
  if (!(size > 0)) return simple()
  // values near 1, so that nothing of the search depends on the unit
  const y = task.y.map((v) => v / size)
  const m = season > 1 && season <= LONGEST && y.length >= 2 * season + 5 ? season : 1
  const found = typeof params['order'] === 'string' ? fitOrder(orderOf(params['order'], m), y) : search(y, m)
  if (!found || found.phi.some(Number.isNaN)) return simple()
  const { order, aicc, sigma2, mean } = found
  const n = y.length - order.d - order.D * m
  // the likelihood of values is that of scaled ones, but for the scale
  const figures = { aicc: aicc + 2 * n * Math.log(size), sigma2: sigma2 * size * size, ...(order.constant ? { mean: mean * size } : {}) } // biome-ignore format: one line
  return { model: nameOf(order), figures, forecast: (horizon) => forecastOf(found, y, size, horizon) }
}

function orderOf(text: string, m: number): Order {
  const [p = 0, d = 0, q = 0, P = 0, D = 0, Q = 0] = text.split(/[,;]/).map(Number)
  const season = m > 1 ? { P, D, Q } : { P: 0, D: 0, Q: 0 }
  return { p, d, q, ...season, m, constant: d + season.D < 1 }
}

/** Differences as the filter expects them, added up to values; errors by their weights in each value to come. */
function forecastOf(
  { order, phi, theta, mean, sigma2, state }: FittedArima,
  y: Float64Array,
  size: number,
  horizon: number,
): Forecast {
  const delta = differencing(order)
  const n = y.length
  const values = new Float64Array(n + horizon)
  values.set(y)
  const a = Float64Array.from(state)
  for (let h = 0; h < horizon; h++) {
    let v = mean + (a[0] ?? 0)
    for (let i = 0; i < delta.length; i++) v += (delta[i] as number) * (values[n + h - 1 - i] as number)
    values[n + h] = v
    const first = a[0] ?? 0
    for (let i = 0; i + 1 < a.length; i++) a[i] = (phi[i] ?? 0) * first + (a[i + 1] as number)
  }
  // (1 − δ)(1 − φ) multiplied out
  const whole = new Float64Array(delta.length + phi.length)
  whole.set(delta)
  for (let j = 0; j < phi.length; j++) {
    whole[j] = (whole[j] as number) + (phi[j] as number)
    for (let i = 0; i < delta.length; i++) whole[i + j + 1] = (whole[i + j + 1] as number) - (phi[j] as number) * (delta[i] as number) // biome-ignore format: one line
  }
  const psi = weights(whole, theta, horizon)
  let sum = 0
  return {
    mean: values.subarray(n).map((v) => v * size),
    sd: rangeOf(horizon, (h) => {
      sum += (psi[h] as number) ** 2
      return Math.sqrt(sigma2 * sum) * size
    }),
  }
}
