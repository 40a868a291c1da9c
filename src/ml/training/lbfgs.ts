/** A function's value and gradient somewhere. */
export interface Slope {
  readonly loss: number
  readonly gradient: Float64Array
}

const HISTORY = 20

/**
 * The minimum of a smooth convex function, by L-BFGS (Liu and Nocedal, 1989) with halved steps; ends where no component of the gradient
 * exceeds `limit`, where it no longer descends, or after `most` steps.
 */
export async function minimise(
  start: Float64Array,
  evaluate: (at: Float64Array) => Promise<Slope>,
  { limit, most, step: stepped }: { limit: number; most: number; step(done: number): void },
): Promise<{ readonly at: Float64Array; readonly loss: number; readonly steps: number }> {
  const dot = (a: Float64Array, b: Float64Array): number => {
    let sum = 0
    for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
    return sum
  }
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = []
  let at = start
  let here = await evaluate(at)
  let steps = 0
  for (; steps < most; steps++) {
    if (here.gradient.every((g) => Math.abs(g) <= limit)) break
    const direction = here.gradient.map((g) => -g)
    const alphas: number[] = []
    for (const { s, y, rho } of pairs.toReversed()) {
      const alpha = rho * dot(s, direction)
      alphas.push(alpha)
      for (let i = 0; i < at.length; i++) direction[i] = (direction[i] as number) - alpha * (y[i] as number)
    }
    const last = pairs.at(-1)
    const scale = last
      ? 1 / (last.rho * dot(last.y, last.y))
      : 1 / Math.max(1e-300, Math.sqrt(dot(here.gradient, here.gradient)))
    for (let i = 0; i < at.length; i++) direction[i] = (direction[i] as number) * scale
    for (const { s, y, rho } of pairs) {
      const beta = rho * dot(y, direction)
      const alpha = alphas.pop() as number
      for (let i = 0; i < at.length; i++) direction[i] = (direction[i] as number) + (alpha - beta) * (s[i] as number)
    }
    const slope = dot(direction, here.gradient)
    let found: { next: Float64Array; there: Slope } | undefined
    // near the minimum a step changes less of the sum than rounding does
    const rounding = 1e-14 * Math.abs(here.loss)
    for (let t = 1, halvings = 0; halvings < 40 && slope < 0; halvings++, t /= 2) {
      const next = at.map((x, i) => x + t * (direction[i] as number))
      const there = await evaluate(next)
      if (there.loss <= here.loss + 1e-4 * t * slope + rounding) {
        found = { next, there }
        break
      }
    }
    stepped(steps + 1)
    if (!found) {
      if (pairs.length === 0) break
      pairs.length = 0
      continue
    }
    const { next, there } = found
    const s = next.map((x, i) => x - (at[i] as number))
    const y = there.gradient.map((g, i) => g - (here.gradient[i] as number))
    const curvature = dot(s, y)
    if (curvature > 1e-12 * dot(y, y) * 1e-6) pairs.push({ s, y, rho: 1 / curvature })
    if (pairs.length > HISTORY) pairs.shift()
    at = next
    here = there
  }
  return { at, loss: here.loss, steps }
}
