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

export interface ArimaOptions {
  /** p,d,q, and of the season P,D,Q after a semicolon: `'0,1,1;0,1,1'`; the best by AICc of those that a walk comes to unless given. */
  readonly order?: string
}
/** Seasonal ARIMA: what a value owes to those before it and to their errors, after differences. */
export const arima = (options: ArimaOptions = {}) => forecasting('arima', optionsOf(options, ['order'], 'arima'))

export interface ThetaOptions {
  /** The one with the least errors of all four unless given. */
  readonly model?: 'standard' | 'optimised' | 'dynamic-standard' | 'dynamic-optimised'
}
/** The theta method: a line and a smoothed level, half and half, without the season. */
export const theta = (options: ThetaOptions = {}) => forecasting('theta', optionsOf(options, ['model'], 'theta'))

export interface IntermittentOptions {
  /** The one that suits the series unless given. */
  readonly variant?: 'croston' | 'sba' | 'tsb'
  /** Of Croston's and SBA: smoothing of sizes and intervals, 0.1 unless given. */
  readonly alpha?: number
  /** Of TSB: smoothing of sizes, 0.2 unless given, and of the probability of a demand, 0.1. */
  readonly sizes?: number
  readonly probability?: number
}
/** Demand that comes now and then: Croston's method, its correction (SBA), or TSB, which fades when none comes. */
export const intermittent = (options: IntermittentOptions = {}) =>
  forecasting('intermittent', optionsOf(options, ['variant', 'alpha', 'sizes', 'probability'], 'intermittent'))

export interface TreesOptions {
  readonly trees?: number
  readonly leaves?: number
  readonly learningRate?: number
  readonly minDataInLeaf?: number
  /** Recursive ones look at their own forecasts, direct ones at nothing newer than a horizon ago; recursive unless given. */
  readonly way?: 'recursive' | 'direct'
}
const TREES = ['trees', 'leaves', 'learningRate', 'minDataInLeaf', 'way'] as const
/** Boosted trees on lags, rolling means, the calendar and holidays: one model for all series together. */
export const lagTrees = (options: TreesOptions = {}) => forecasting('trees', optionsOf(options, TREES, 'lagTrees'))

export interface AutoForecastOptions {
  /** What is chosen from, beside the seasonal naive forecast. */
  readonly of?: readonly string[]
  /** How many of the best are averaged, of those that all folds of the back-test tried; 1 unless given. */
  readonly average?: number
}
/** What was best in the back-test, series by series. */
export const autoForecast = (options: AutoForecastOptions = {}) =>
  forecasting('auto', optionsOf(options, ['of', 'average'], 'autoForecast'))

function forecasting(forecaster: string, options: object = {}): Forecasting {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { forecaster, params: Object.fromEntries(given) as Forecasting['params'] }
}
