import {
  normal,
  normalQuantile,
  student,
  studentUpper,
  twoSided,
} from '../analysis/statistics/distributions/continuous.ts'

/** What was found, and between which bounds it lies with the confidence that was asked for; null where that has no meaning. */
export interface Interval {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
  readonly method: 'percentile' | 'bca' | 'delong' | 'newcombe' | 'exact' | 'normal'
}

export const unknown = (method: Interval['method'], value: number | null = null): Interval => ({
  ...{ value, low: null, high: null, method },
})

/** The quantile `p` of ascending numbers, interpolated. */
export function quantileSorted(sorted: Float64Array, p: number): number {
  const place = Math.min(Math.max(p, 0), 1) * (sorted.length - 1)
  const low = Math.floor(place)
  const [a, b] = [sorted[low] as number, sorted[Math.min(low + 1, sorted.length - 1)] as number]
  return a + (place - low) * (b - a)
}

/** Beyond lie no resamples, and no quantiles of the normal distribution that can be told from its end. */
const SUREST = 1 - 1e-9

/** By how much resamples of `units` lie nearer to each other than new samples would. */
const narrower = (units: number): number => Math.sqrt((units - 1) / units)

/**
 * The confidence of which the middle of resamples has as much as `confidence` of Student's distribution: of few units resamples lie too near
 * to each other (Hesterberg 2015, "What teachers should know about the bootstrap", the expanded percentile interval).
 */
export function expanded(confidence: number, units: number): number {
  if (units < 2) return confidence
  const z = studentUpper((1 - confidence) / 2, units - 1) / narrower(units)
  return Math.min(1 - 2 * normal(z).upper, SUREST)
}

/** The same of a two-sided p. */
export function expandedP(p: number, units: number): number {
  if (units < 2 || p >= 1) return p
  return twoSided(student(normalQuantile(p / 2) * narrower(units), units - 1))
}

/** The middle of what resamples gave (Efron 1979). Resamples without a value are left out; fewer than half of them is no interval. */
export function percentile(value: number | null, replicates: Float64Array, confidence: number): Interval {
  const known = replicates.filter((x) => Number.isFinite(x)).sort()
  if (value === null || known.length * 2 < replicates.length || known.length < 2) return unknown('percentile', value)
  const tail = (1 - confidence) / 2
  return { value, low: quantileSorted(known, tail), high: quantileSorted(known, 1 - tail), method: 'percentile' }
}

/**
 * Bias-corrected and accelerated (Efron 1987): `jackknife` has the value without each unit. Where all resamples lie on one side
 * of the value it is the percentile interval.
 */
export function bca(
  value: number | null,
  replicates: Float64Array,
  jackknife: Float64Array,
  confidence: number,
): Interval {
  const plain = percentile(value, replicates, confidence)
  if (value === null || plain.low === null) return plain
  const known = replicates.filter((x) => Number.isFinite(x)).sort()
  let below = 0
  for (const x of known) below += x < value ? 1 : x === value ? 0.5 : 0
  const share = below / known.length
  const left = jackknife.filter((x) => Number.isFinite(x))
  const middle = left.reduce((a, b) => a + b, 0) / left.length
  let [squares, cubes] = [0, 0]
  for (const x of left) {
    squares += (middle - x) ** 2
    cubes += (middle - x) ** 3
  }
  if (share <= 0 || share >= 1 || !(squares > 0)) return plain
  const z0 = normalQuantile(share)
  const a = cubes / (6 * squares ** 1.5)
  const at = (p: number): number => {
    const z = z0 + normalQuantile(p)
    return quantileSorted(known, normal(z0 + z / (1 - a * z)).lower)
  }
  const tail = (1 - confidence) / 2
  return { value, low: at(tail), high: at(1 - tail), method: 'bca' }
}
