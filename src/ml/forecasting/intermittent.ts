import { GalleyError } from '../../base/errors.ts'
import { type NumberParam, numberParams } from '../training/params.ts'
import { deviationOf, type Fitted, type Forecaster, type SeriesTask } from './forecaster.ts'

const PARAMS = {
  /** Smoothing of sizes and of intervals. */
  alpha: { value: 0.1, min: 0.001, max: 1 },
  /** Of TSB: smoothing of sizes, and of the probability of a demand. */
  sizes: { value: 0.2, min: 0.001, max: 1 },
  probability: { value: 0.1, min: 0.001, max: 1 },
} as const satisfies Record<string, NumberParam>
const VARIANTS = ['auto', 'croston', 'sba', 'tsb'] as const
type Variant = (typeof VARIANTS)[number]
const NAMES: Readonly<Record<Exclude<Variant, 'auto'>, string>> = { croston: 'Croston', sba: 'SBA', tsb: 'TSB' }

/** Where demands are this far apart, or differ this much in size, they are intermittent (Syntetos, Boylan and Croston 2005). */
const [APART, UNEVEN] = [1.32, 0.49]
/** Times the usual interval without a demand that make a series one that may have ended. */
const SILENT = 3

/**
 * Demand that comes now and then: sizes and intervals smoothed apart (Croston 1972), with the correction of Syntetos and Boylan (2005), or sizes
 * and the probability of a demand, which fades when none comes (Teunter, Syntetos and Babai 2011). All periods to come are alike.
 */
export const intermittent: Forecaster = {
  kind: 'intermittent',
  check(params) {
    numberParams('intermittent', params, PARAMS, ['variant'])
    variantOf(params)
  },
  least: () => 1,
  fit({ y, params }) {
    const asked = numberParams('intermittent', params, PARAMS, ['variant'])
    const variant = variantOf(params)
    const kind = variant === 'auto' ? suited(y) : variant
    return kind === 'tsb' ? tsb(y, asked) : croston(y, asked.alpha, kind)
  },
}

function variantOf(params: SeriesTask['params']): Variant {
  const variant = VARIANTS.find((v) => v === (params['variant'] ?? 'auto'))
  if (variant) return variant
  throw new GalleyError('USAGE_INVALID', {
    what: `there is no variant ${JSON.stringify(params['variant'])} of forecasts of intermittent demand`,
    fix: `there are ${VARIANTS.join(', ')}`,
  })
}

/** Of demands: how far they are apart on average, the squared variation of their sizes, and periods since the last one. */
function demandOf(y: Float64Array) {
  const sizes = y.filter((v) => v !== 0)
  const mean = sizes.reduce((a, b) => a + b, 0) / sizes.length
  const variance = sizes.reduce((a, v) => a + (v - mean) ** 2, 0) / sizes.length
  return {
    interval: y.length / Math.max(1, sizes.length),
    variation: sizes.length > 0 ? variance / (mean * mean) : 0,
    silent: y.length - 1 - y.findLastIndex((v) => v !== 0),
  }
}

/** Smooth demand by Croston's, demand that may have ended by TSB, all other by SBA. */
function suited(y: Float64Array): Exclude<Variant, 'auto'> {
  const { interval, variation, silent } = demandOf(y)
  if (interval > 1 && silent > SILENT * interval) return 'tsb'
  return interval < APART && variation < UNEVEN ? 'croston' : 'sba'
}

function croston(y: Float64Array, alpha: number, kind: 'croston' | 'sba'): Fitted {
  let [size, interval, since, seen] = [0, 0, 0, false]
  const factor = kind === 'sba' ? 1 - alpha / 2 : 1
  const errors: number[] = []
  for (const v of y) {
    if (seen) errors.push(v - (factor * size) / interval)
    since++
    if (v === 0) continue
    size = seen ? size + alpha * (v - size) : v
    interval = seen ? interval + alpha * (since - interval) : since
    seen = true
    since = 0
  }
  return flat(NAMES[kind], seen ? (factor * size) / interval : 0, errors, { size, interval })
}

function tsb(
  y: Float64Array,
  { sizes, probability }: { readonly sizes: number; readonly probability: number },
): Fitted {
  const first = y.find((v) => v !== 0) ?? 0
  let size = first
  let likely = y[0] === 0 ? 0 : 1
  const errors: number[] = []
  for (const [t, v] of y.entries()) {
    if (t > 0) {
      errors.push(v - likely * size)
      likely += probability * ((v === 0 ? 0 : 1) - likely)
    }
    if (v !== 0) size += sizes * (v - size)
  }
  return flat(NAMES.tsb, likely * size, errors, { size, probability: likely })
}

function flat(
  model: string,
  level: number,
  errors: readonly number[],
  figures: Readonly<Record<string, number>>,
): Fitted {
  const sigma = deviationOf(Float64Array.from(errors))
  return {
    model,
    figures: { ...figures, sigma },
    forecast: (horizon) => ({
      mean: new Float64Array(horizon).fill(level),
      sd: new Float64Array(horizon).fill(sigma),
    }),
  }
}
