import type { Goal } from '../../runs/goal.ts'

/** Which quantile of the labels a goal is closest to; undefined for means and rates. */
export const quantileIn = (goal: Goal): number | undefined =>
  goal.kind !== 'regression'
    ? undefined
    : goal.objective === 'absolute'
      ? 0.5
      : goal.objective === 'quantile'
        ? (goal.alpha as number)
        : undefined

/** Values with weights, sorted; the weights follow their values. Rows of equal values and weights are alike, so that the order of rows does not matter. */
function sortedWith(values: Float64Array, weights: Float64Array) {
  const order = Array.from(values.keys()).sort(
    (a, b) => (values[a] as number) - (values[b] as number) || (weights[a] as number) - (weights[b] as number),
  )
  return {
    values: Float64Array.from(order, (i) => values[i] as number),
    weights: Float64Array.from(order, (i) => weights[i] as number),
  }
}

/** As `quantileOf` without weights; sorts the values where they are. */
export function quantileInPlace(values: Float64Array, alpha: number): number {
  const n = values.length
  if (n === 0) return Number.NaN
  values.sort()
  const place = alpha * (n - 1)
  const low = Math.floor(place)
  const at = (i: number): number => values[i] as number
  return low + 1 >= n ? at(n - 1) : at(low) + (place - low) * (at(low + 1) - at(low))
}

/**
 * The quantile `alpha` of values: without weights interpolated between neighbours, at `alpha · (n − 1)`; with weights the first value at
 * which the weights up to it exceed `alpha` of all. NaN without values.
 */
export function quantileOf(values: Float64Array, alpha: number, weights?: Float64Array): number {
  if (!weights) return quantileInPlace(values.slice(), alpha)
  const sorted = sortedWith(values, weights)
  const n = values.length
  const at = (i: number): number => sorted.values[i] as number
  if (n === 0) return Number.NaN
  const limit = alpha * sorted.weights.reduce((sum, w) => sum + w, 0)
  let below = 0
  for (let i = 0; i < n; i++) {
    below += sorted.weights[i] as number
    if (below > limit) return at(i)
  }
  return at(n - 1)
}
