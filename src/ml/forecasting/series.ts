import type { Kernels } from '../unsupervised/crew.ts'
import type { Fitted, Forecaster } from './forecaster.ts'
import { extentOf, filled } from './gaps.ts'
import { forecasterOf } from './index.ts'
import { naive, seasonalNaive } from './naive.ts'

/** What threads are told, as JSON. */
export interface Job {
  readonly season: number
  readonly horizon: number
  /** Fits of a series: those of its back-test, and the last one, which sees all of it. */
  readonly fits: number
  readonly candidates: readonly { readonly kind: string; readonly params: Parameters<Forecaster['check']>[0] }[]
}
export interface SeriesArrays {
  readonly job: Int32Array
  readonly values: Float64Array
  /** Series s is `values` from `starts[s]` on. */
  readonly starts: Int32Array
  /** Values that fit f of series s sees, at s · fits + f; 0: there is no such fit. */
  readonly seen: Int32Array
  /** Of each series, candidate and fit a horizon of means, and then one of standard deviations. */
  readonly out: Float64Array
  /** What was fitted to the whole of each series, by candidate: `TEXT` code units each. */
  readonly said: Int32Array
  /** Series that are done. */
  readonly done: Int32Array
}
export const TEXT = 400

export const written = (text: string, out: Int32Array, at: number, most: number): void => {
  for (let i = 0; i < Math.min(text.length, most); i++) out[at + i] = text.charCodeAt(i)
}
export const readText = (from: Int32Array): string => {
  const end = from.indexOf(0)
  const codes = end < 0 ? from : from.subarray(0, end)
  let text = ''
  for (const code of codes) text += String.fromCharCode(code)
  return text
}

/** A series as a forecaster sees it, and what it expects of the periods after its last one: `horizon` of them. */
export function forecastSeries(
  forecaster: Forecaster,
  given: Float64Array,
  job: Omit<Job, 'fits' | 'candidates'>,
  params: Job['candidates'][number]['params'],
) {
  const { season, horizon } = job
  const mean = new Float64Array(horizon).fill(Number.NaN)
  const sd = new Float64Array(horizon).fill(Number.NaN)
  const extent = extentOf(given)
  if (!extent) return { model: '', figures: {}, mean, sd }
  const [from, to] = extent
  const y = filled(given.subarray(from, to), season)
  const late = given.length - to
  const take = (fitted: Fitted) => {
    const found = fitted.forecast(late + horizon)
    mean.set(found.mean.subarray(late))
    sd.set(found.sd.subarray(late))
    return mean.every(Number.isFinite) && sd.every((v) => v < Infinity)
  }
  const simple = y.length >= seasonalNaive.least(season) ? seasonalNaive : naive
  if (y.length >= forecaster.least(season)) {
    const fitted = forecaster.fit({ y, season, params })
    if (take(fitted)) return { model: fitted.model, figures: fitted.figures, mean, sd }
  }
  const fitted = simple.fit({ y, season, params: {} })
  take(fitted)
  return { model: fitted.model, figures: fitted.figures, mean, sd }
}

export const kernels: Kernels = {
  fit(arrays: SeriesArrays, _args: unknown, from: number, to: number) {
    const job = JSON.parse(readText(arrays.job)) as Job
    const { horizon, fits, candidates } = job
    const { values, starts, seen, out, said, done } = arrays
    for (let s = from; s < to; s++) {
      for (const [c, { kind, params }] of candidates.entries()) {
        const forecaster = forecasterOf(kind)
        for (let f = 0; f < fits; f++) {
          const count = seen[s * fits + f] as number
          if (count === 0) continue
          const start = starts[s] as number
          const found = forecastSeries(forecaster, values.subarray(start, start + count), job, params)
          const place = s * candidates.length + c
          const at = (place * fits + f) * 2 * horizon
          out.set(found.mean, at)
          out.set(found.sd, at + horizon)
          if (f === fits - 1) written(`${found.model}\n${JSON.stringify(found.figures)}`, said, place * TEXT, TEXT)
        }
      }
      Atomics.add(done, 0, 1)
    }
  },
}
