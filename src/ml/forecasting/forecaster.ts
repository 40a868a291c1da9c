import type { Candidate } from '../../runs/specs.ts'

export type Params = Candidate['params']

/** What a forecaster gets: values one period apart, all finite; `season` is the number of periods of a season, 1 for none. */
export interface SeriesTask {
  readonly y: Float64Array
  readonly season: number
  readonly params: Params
}

/** What is expected of each period to come, and the standard deviation of the error that the model itself expects. */
export interface Forecast {
  readonly mean: Float64Array
  readonly sd: Float64Array
}

/** A forecaster that was fitted to a series; pure. */
export interface Fitted {
  /** What was chosen, as the field writes it: `ETS(M,Ad,M)`, `ARIMA(0,1,1)(0,1,1)[12]`. */
  readonly model: string
  readonly figures: Readonly<Record<string, number>>
  forecast(horizon: number): Forecast
}

/** One forecaster is one file behind this interface (or a folder with one entry); `conformance.ts` is its suite. It runs on any thread. */
export interface Forecaster {
  readonly kind: string
  /** Checks parameters. @throws USAGE_INVALID */
  check(params: SeriesTask['params']): void
  /** Values that it needs at least. */
  least(season: number): number
  /** The same series and parameters give the same bytes. */
  fit(task: SeriesTask): Fitted
}

export const rangeOf = (n: number, of: (i: number) => number): Float64Array => Float64Array.from({ length: n }, (_, i) => of(i)) // biome-ignore format: one line

/** The square root of the mean of squared errors from `from` on, less `used` degrees of freedom. */
export function deviationOf(errors: Float64Array, from = 0, used = 0): number {
  let sum = 0
  for (let i = from; i < errors.length; i++) sum += (errors[i] as number) ** 2
  return Math.sqrt(sum / Math.max(1, errors.length - from - used))
}
