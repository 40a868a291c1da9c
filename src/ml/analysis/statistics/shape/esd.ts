import { studentUpper } from '../distributions/continuous.ts'
import { moments } from '../moments.ts'

/** Steps at most: each looks through all values. */
const MOST = 200

/**
 * Places of the outliers among values that are otherwise normal, the farthest first: the generalised extreme studentised deviate of Rosner (1983), as many as the last step that is
 * beyond chance.
 */
export function rosner(x: Float64Array, confidence: number): number[] {
  const n = x.length
  const order = Array.from(x.keys()).sort((i, j) => (x[i] as number) - (x[j] as number))
  const ascending = Float64Array.from(order, (i) => x[i] as number)
  // the farthest from the mean is always at an end
  let [from, to] = [0, n]
  const removed: number[] = []
  let outliers = 0
  const steps = Math.min(MOST, Math.max(1, Math.floor(n / 10)), n - 3)
  for (let i = 1; i <= steps; i++) {
    const m = moments(ascending.subarray(from, to))
    if (m.sd === 0) break
    const [below, above] = [m.mean - (ascending[from] as number), (ascending[to - 1] as number) - m.mean]
    const r = Math.max(below, above) / m.sd
    const t = studentUpper((1 - confidence) / (2 * (n - i + 1)), n - i - 1)
    const limit = ((n - i) * t) / Math.sqrt((n - i - 1 + t * t) * (n - i + 1))
    removed.push(order[above >= below ? --to : from++] as number)
    if (r > limit) outliers = i
  }
  return removed.slice(0, outliers)
}
