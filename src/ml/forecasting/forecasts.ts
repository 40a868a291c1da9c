import { optionsOf } from '../../plan/columns/options.ts'
import type { Forecasting } from '../../runs/kitchen.ts'

/** Each period is like the last one. */
export const naive = () => forecasting('naive')
/** Each period is like the same one of the last season. */
export const seasonalNaive = () => forecasting('seasonal-naive')
/** A line through the first and the last value. */
export const drift = () => forecasting('drift')

export interface EtsOptions {
  /** Error, trend and season, Z for any: `'MAdM'`, `'ZNZ'`; the best of all by AICc unless given. */
  readonly model?: string
}
/** Exponential smoothing in state space form: level, trend and season by maximum likelihood. */
export const ets = (options: EtsOptions = {}) => forecasting('ets', optionsOf(options, ['model'], 'ets'))

export interface AutoForecastOptions {
  /** What is chosen from. */
  readonly of?: readonly string[]
  /** How many of the best are averaged; 1 unless given. */
  readonly average?: number
}
/** What was best in the back-test, series by series. */
export const autoForecast = (options: AutoForecastOptions = {}) =>
  forecasting('auto', optionsOf(options, ['of', 'average'], 'autoForecast'))

function forecasting(forecaster: string, options: object = {}): Forecasting {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { forecaster, params: Object.fromEntries(given) as Forecasting['params'] }
}
