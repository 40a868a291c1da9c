import { numberParams } from '../training/params.ts'
import { deviationOf, type Fitted, type Forecaster, rangeOf } from './forecaster.ts'

const NONE = {} as const

/** Each period to come is like the last one; errors are those of a random walk (Hyndman and Athanasopoulos 2021, 5.5). */
export const naive: Forecaster = {
  kind: 'naive',
  check: (params) => void numberParams('naive', params, NONE),
  least: () => 1,
  fit: ({ y }) => seasonal(y, 1, 'Naive'),
}

/** Each period to come is like the same one of the last season. */
export const seasonalNaive: Forecaster = {
  kind: 'seasonal-naive',
  check: (params) => void numberParams('seasonal-naive', params, NONE),
  least: (season) => season,
  fit: ({ y, season }) => seasonal(y, season, season > 1 ? `SeasonalNaive[${season}]` : 'Naive'),
}

/** A line through the first and the last value. */
export const drift: Forecaster = {
  kind: 'drift',
  check: (params) => void numberParams('drift', params, NONE),
  least: () => 2,
  fit({ y }) {
    const n = y.length
    const last = y[n - 1] as number
    const slope = (last - (y[0] as number)) / (n - 1)
    const errors = rangeOf(n - 1, (i) => (y[i + 1] as number) - (y[i] as number) - slope)
    const sigma = deviationOf(errors, 0, 1)
    return {
      model: 'Drift',
      figures: { slope, sigma },
      forecast: (horizon) => ({
        mean: rangeOf(horizon, (h) => last + slope * (h + 1)),
        sd: rangeOf(horizon, (h) => sigma * Math.sqrt((h + 1) * (1 + (h + 1) / (n - 1)))),
      }),
    }
  },
}

function seasonal(y: Float64Array, season: number, model: string): Fitted {
  const n = y.length
  // one season alone says nothing of the next, but how far apart its values are
  const lag = n > season ? season : 1
  const sigma = n > lag ? deviationOf(rangeOf(n - lag, (i) => (y[i + lag] as number) - (y[i] as number))) : 0
  return {
    model,
    figures: { sigma },
    forecast: (horizon) => ({
      mean: rangeOf(horizon, (h) => y[n - season + (h % season)] as number),
      sd: rangeOf(horizon, (h) => sigma * Math.sqrt(Math.floor(h / season) + 1)),
    }),
  }
}
