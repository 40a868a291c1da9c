import { GalleyError } from '../../base/errors.ts'
import { arima } from './arima/arima.ts'
import { ets } from './ets/ets.ts'
import type { Forecaster } from './forecaster.ts'
import { intermittent } from './intermittent.ts'
import { drift, naive, seasonalNaive } from './naive.ts'
import { theta } from './theta.ts'

/** Forecasters of one series by kind. A new one adds its line here. */
export const forecasters: Readonly<Record<string, Forecaster>> = {
  naive,
  'seasonal-naive': seasonalNaive,
  drift,
  ets,
  arima,
  theta,
  intermittent,
}

/** @throws RECIPE_INVALID for a kind that there is none of, naming those that there are */
export function forecasterOf(kind: string): Forecaster {
  const found = Object.hasOwn(forecasters, kind) ? forecasters[kind] : undefined
  if (found) return found
  throw new GalleyError('RECIPE_INVALID', {
    what: `there is no forecaster '${kind}'`,
    fix: `there are ${Object.keys(forecasters).join(', ')}, trees and auto`,
  })
}
