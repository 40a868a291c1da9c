/** What a search found: the point, its value, and how often the function was asked. */
export interface Found {
  readonly x: Float64Array
  readonly value: number
  readonly asked: number
}

export interface SimplexOptions {
  readonly low: ArrayLike<number>
  readonly high: ArrayLike<number>
  /** Times that the function is asked, at most. */
  readonly most: number
  /** It ends once the values of the simplex differ by less than this part of them. */
  readonly tolerance: number
}

/**
 * The least value of a function near a point, within bounds: the simplex of Nelder and Mead (1965) with the coefficients that Gao and Han
 * (2012) give for many dimensions. A point beyond a bound counts as on it; NaN and ∞ count as the worst.
 */
export function simplex(
  f: (x: Float64Array) => number,
  from: Float64Array,
  { low, high, most, tolerance }: SimplexOptions,
): Found {
  const n = from.length
  let asked = 0
  const value = (x: Float64Array): number => {
    for (let i = 0; i < n; i++) x[i] = Math.min(high[i] as number, Math.max(low[i] as number, x[i] as number))
    asked++
    const v = f(x)
    return Number.isNaN(v) ? Number.POSITIVE_INFINITY : v
  }
  if (n === 0) return { x: from, value: value(from), asked }
  const d = Math.max(n, 2)
  const [expand, contract, shrink] = [1 + 2 / d, 0.75 - 1 / (2 * d), 1 - 1 / d]
  const points = Array.from({ length: n + 1 }, (_, k): P => {
    const x = Float64Array.from(from)
    if (k === 0) return { x, v: value(x) }
    const [i, at] = [k - 1, from[k - 1] as number]
    const step = at === 0 ? 1e-4 : at * 0.05
    // a step out of the bounds is taken to the other side
    x[i] = at + step > (high[i] as number) || at + step < (low[i] as number) ? at - step : at + step
    return { x, v: value(x) }
  })
  const centre = new Float64Array(n)
  let a: Float64Array = new Float64Array(n)
  let b: Float64Array = new Float64Array(n)
  const along = (out: Float64Array, worst: Float64Array, by: number) => {
    for (let i = 0; i < n; i++) out[i] = (centre[i] as number) + by * ((worst[i] as number) - (centre[i] as number))
    return value(out)
  }
  points.sort((p, q) => p.v - q.v)
  while (asked < most) {
    const [best, worst, second] = [points[0], points[n], points[n - 1]] as [P, P, P]
    if (worst.v - best.v <= tolerance * (Math.abs(best.v) + tolerance)) break
    centre.fill(0)
    for (let k = 0; k < n; k++) {
      const { x } = points[k] as P
      for (let i = 0; i < n; i++) centre[i] = (centre[i] as number) + (x[i] as number) / n
    }
    const reflected = along(a, worst.x, -1)
    let taken = reflected
    if (reflected < best.v) {
      const further = along(b, worst.x, -expand)
      if (further < reflected) {
        ;[a, b] = [b, a]
        taken = further
      }
    } else if (reflected >= second.v) {
      const inside = reflected >= worst.v
      const nearer = along(b, worst.x, inside ? contract : -contract)
      if (nearer < Math.min(reflected, worst.v)) {
        ;[a, b] = [b, a]
        taken = nearer
      } else taken = Number.POSITIVE_INFINITY
    }
    if (taken < Number.POSITIVE_INFINITY) {
      const x = worst.x
      points.pop()
      let at = n
      while (at > 0 && (points[at - 1] as P).v > taken) at--
      points.splice(at, 0, { x: a, v: taken })
      a = x
      continue
    }
    for (let k = 1; k <= n; k++) {
      const point = points[k] as P
      for (let i = 0; i < n; i++) {
        const at = best.x[i] as number
        point.x[i] = at + shrink * ((point.x[i] as number) - at)
      }
      point.v = value(point.x)
    }
    points.sort((p, q) => p.v - q.v)
  }
  const [best] = points as [P]
  return { x: best.x, value: best.v, asked }
}

interface P {
  readonly x: Float64Array
  v: number
}
