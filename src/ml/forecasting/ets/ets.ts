import { GalleyError } from '../../../base/errors.ts'
import { numberParams } from '../../training/params.ts'
import { type Fitted, type Forecast, type Forecaster, rangeOf, type SeriesTask } from '../forecaster.ts'
import { naive } from '../naive.ts'
import { countOf, type FittedForm, fitterOf } from './fit.ts'
import { FORMS, type Form, nameOf } from './form.ts'

/** Longer seasons have more indices than their series tell. */
const LONGEST = 24
const LETTERS = /^[AMZ](N|A|Ad|Z)[NAMZ]$/

/**
 * Exponential smoothing in state space form (Hyndman, Koehler, Ord and Snyder 2008): all forms without a trend that multiplies, each by maximum
 * likelihood, the one with the least AICc. `model` narrows them: 'MAdM', 'ZNZ' (Z is any).
 */
export const ets: Forecaster = {
  kind: 'ets',
  check(params) {
    numberParams('ets', params, {}, ['model'])
    const { model = 'ZZZ' } = params
    if (typeof model === 'string' && LETTERS.test(model) && formsOf(model).length > 0) return
    throw new GalleyError('USAGE_INVALID', {
      what: `ets has no model ${JSON.stringify(model)}`,
      why: 'a model is error (A, M), trend (N, A, Ad) and season (N, A, M), with Z for any; a season that multiplies has an error that does',
      fix: "write for instance model: 'MAdM', or leave it out",
    })
  },
  least: () => 5,
  fit,
}

const formsOf = (model: string): readonly Form[] => {
  const [, error, trend, season] = /^(.)(.+)(.)$/.exec(model) ?? []
  const fits = (asked: string | undefined, own: string) => asked === 'Z' || asked === own
  return FORMS.filter((f) => fits(error, f.error) && fits(trend, f.trend) && fits(season, f.season))
}

function fit(task: SeriesTask): Fitted {
  const { y, params } = task
  const m = task.season > 1 && task.season <= LONGEST && y.length >= task.season + 5 ? task.season : 1
  const asked = formsOf(typeof params['model'] === 'string' ? params['model'] : 'ZZZ')
  const positive = y.every((v) => v > 0)
  const able = asked.filter(
    (f) =>
      (positive || (f.error === 'A' && f.season !== 'M')) &&
      (m > 1 || f.season === 'N') &&
      y.length > countOf(f, m) + 2,
  )
  const fitted = fitterOf(y, m)
  let best: FittedForm | undefined
  for (const form of y.some((v) => v !== y[0]) ? able : []) {
    const found = fitted(form)
    if (found && (best === undefined || found.aicc < best.aicc)) best = found
  }
  // one value again and again, or none of the forms fits so few
  if (!best) return naive.fit(task)
  const { alpha, beta, gamma, phi } = best.smoothing
  const { aicc, loss, sigma2, form } = best
  const figures = {
    ...{ alpha, aicc, loss, sigma2 },
    ...(form.trend === 'N' ? {} : { beta }),
    ...(form.season === 'N' ? {} : { gamma }),
    ...(form.trend === 'Ad' ? { phi } : {}),
  }
  const chosen = best
  return { model: nameOf(form), figures, forecast: (horizon) => forecastOf(chosen, m, horizon) }
}

/** Means, and variances by classes 1, 2 and 3 of Hyndman et al. (2008, table 6.2); of class 3 it is exact within the first season. */
function forecastOf({ form, smoothing, state, sigma2 }: FittedForm, m: number, horizon: number): Forecast {
  const { alpha, beta, gamma, phi } = smoothing
  const damping = new Float64Array(horizon + 1)
  for (let h = 1, power = 1; h <= horizon; h++) {
    power *= phi
    damping[h] = (damping[h - 1] as number) + power
  }
  const index = (h: number): number => state.season[h % m] ?? (form.season === 'M' ? 1 : 0)
  const plain = rangeOf(
    horizon,
    (h) => state.level + (form.trend === 'N' ? 0 : state.slope * (damping[h + 1] as number)),
  )
  const mean = plain.map((v, h) => (form.season === 'M' ? v * index(h) : v + index(h)))
  /** What an error now adds to the value j periods later, but for a season that multiplies. */
  const weight = rangeOf(horizon, (j) => alpha + beta * (damping[j] as number) + (form.season === 'A' && j > 0 && j % m === 0 ? gamma : 0)) // biome-ignore format: one line
  if (form.error === 'A') {
    let sum = 1
    const sd = new Float64Array(horizon)
    for (let h = 0; h < horizon; h++) {
      if (h > 0) sum += (weight[h] as number) ** 2
      sd[h] = Math.sqrt(sigma2 * sum)
    }
    return { mean, sd }
  }
  const centre = form.season === 'M' ? plain : mean
  const theta = new Float64Array(horizon)
  const sd = new Float64Array(horizon)
  for (let h = 0; h < horizon; h++) {
    let sum = 0
    for (let j = 1; j <= h; j++) sum += (weight[j] as number) ** 2 * (theta[h - j] as number)
    theta[h] = (centre[h] as number) ** 2 + sigma2 * sum
    const again = form.season === 'M' ? (1 + gamma * gamma * sigma2) ** Math.floor(h / m) : 1
    const variance = (theta[h] as number) * (1 + sigma2) * again - (centre[h] as number) ** 2
    sd[h] = Math.sqrt(Math.max(0, variance)) * (form.season === 'M' ? Math.abs(index(h)) : 1)
  }
  return { mean, sd }
}
