/** A smooth function and its gradient. */
export interface Smooth {
  /** NaN and ∞ count as the worst. */
  value(x: Float64Array): number
  /** Writes the gradient at the point where the value was asked last. */
  gradient(x: Float64Array, out: Float64Array): void
}

export interface DescentOptions {
  /** Steps at most. */
  readonly most: number
  /** It ends with a step that gains less than this part of the value. */
  readonly flat: number
  /** What a step moves a coordinate by at most. */
  readonly reach: number
  /** Coordinates stay within ± this. */
  readonly far?: number
}

/** The least value of a smooth function near a point: BFGS, with steps that are shortened until they gain enough (Nocedal and Wright 2006, 6.1). */
export function descend(
  smooth: Smooth,
  from: Float64Array,
  { most, flat, reach, far = Number.POSITIVE_INFINITY }: DescentOptions,
): { readonly x: Float64Array; readonly value: number } {
  const n = from.length
  const value = (at: Float64Array): number => {
    const v = smooth.value(at)
    return Number.isNaN(v) ? Number.POSITIVE_INFINITY : v
  }
  let x: Float64Array = Float64Array.from(from)
  let best = value(x)
  if (n === 0 || !Number.isFinite(best)) return { x, value: best }
  let g: Float64Array = new Float64Array(n)
  smooth.gradient(x, g)
  let next: Float64Array = new Float64Array(n)
  let after: Float64Array = new Float64Array(n)
  const [way, step, turn, turned] = [0, 1, 2, 3].map(() => new Float64Array(n)) as [F, F, F, F]
  const inverse = new Float64Array(n * n)
  const reset = () => {
    inverse.fill(0)
    for (let i = 0; i < n; i++) inverse[i * n + i] = 1
  }
  reset()
  let fresh = true
  for (let round = 0; round < most; round++) {
    let [slope, widest] = [0, 0]
    for (let i = 0; i < n; i++) {
      let v = 0
      for (let j = 0; j < n; j++) v -= (inverse[i * n + j] as number) * (g[j] as number)
      way[i] = v
      slope += v * (g[i] as number)
      widest = Math.max(widest, Math.abs(v))
    }
    let found = best
    if (slope < 0)
      for (let length = Math.min(1, reach / widest); length > 1e-6; length *= 0.3) {
        for (let i = 0; i < n; i++) next[i] = Math.max(-far, Math.min(far, (x[i] as number) + length * (way[i] as number))) // biome-ignore format: one line
        found = value(next)
        if (found <= best + 1e-4 * length * slope) break
      }
    if (!(found < best)) {
      if (fresh) break
      reset()
      fresh = true
      continue
    }
    smooth.gradient(next, after)
    for (let i = 0; i < n; i++) {
      step[i] = (next[i] as number) - (x[i] as number)
      turn[i] = (after[i] as number) - (g[i] as number)
    }
    const gain = best - found
    ;[x, next, g, after] = [next, x, after, g]
    best = found
    fresh = false
    update(inverse, step, turn, turned)
    if (gain < flat * (Math.abs(best) + flat)) break
  }
  return { x, value: best }
}

type F = Float64Array

/** The inverse of the curvature after a step, along which the gradient has turned. */
function update(h: F, step: F, turn: F, turned: F): void {
  const n = step.length
  let along = 0
  for (let i = 0; i < n; i++) along += (step[i] as number) * (turn[i] as number)
  if (!(along > 1e-12)) return
  let across = 0
  for (let i = 0; i < n; i++) {
    let v = 0
    for (let j = 0; j < n; j++) v += (h[i * n + j] as number) * (turn[j] as number)
    turned[i] = v
    across += v * (turn[i] as number)
  }
  const c = (1 + across / along) / along
  for (let i = 0; i < n; i++) {
    const [s, t] = [step[i] as number, turned[i] as number]
    for (let j = 0; j < n; j++) h[i * n + j] = (h[i * n + j] as number) + c * s * (step[j] as number) - (t * (step[j] as number) + s * (turned[j] as number)) / along // biome-ignore format: one line
  }
}

const STEP = 1e-4

/** A function whose gradient is told by differences. */
export const byDifferences = (value: Smooth['value']): Smooth => ({
  value,
  gradient(x, out) {
    for (let i = 0; i < x.length; i++) {
      const own = x[i] as number
      x[i] = own + STEP
      const up = value(x)
      x[i] = own - STEP
      out[i] = (up - value(x)) / (2 * STEP)
      x[i] = own
    }
  },
})
