const STEP = 1e-4
const MOST = 100
const FLAT = 1e-8

/** The least value of a smooth function near a point, each coordinate within ±`far`: BFGS with differences for a gradient (Nocedal and Wright 2006, 6.1). */
export function descend(
  f: (x: Float64Array) => number,
  from: Float64Array,
  far: number,
): { readonly x: Float64Array; readonly value: number } {
  const n = from.length
  const value = (x: Float64Array): number => {
    const v = f(x)
    return Number.isNaN(v) ? Number.POSITIVE_INFINITY : v
  }
  let x: Float64Array = Float64Array.from(from)
  let best = value(x)
  if (n === 0 || !Number.isFinite(best)) return { x, value: best }
  const gradient = (at: Float64Array): Float64Array => {
    const g = new Float64Array(n)
    for (let i = 0; i < n; i++) {
      const own = at[i] as number
      at[i] = own + STEP
      const up = value(at)
      at[i] = own - STEP
      g[i] = (up - value(at)) / (2 * STEP)
      at[i] = own
    }
    return g
  }
  let g = gradient(x)
  const inverse = new Float64Array(n * n)
  const reset = () => {
    inverse.fill(0)
    for (let i = 0; i < n; i++) inverse[i * n + i] = 1
  }
  reset()
  let fresh = true
  for (let round = 0; round < MOST; round++) {
    const way = new Float64Array(n)
    let slope = 0
    for (let i = 0; i < n; i++) {
      let v = 0
      for (let j = 0; j < n; j++) v -= (inverse[i * n + j] as number) * (g[j] as number)
      way[i] = v
      slope += v * (g[i] as number)
    }
    if (!(slope < 0)) {
      if (fresh) break
      reset()
      fresh = true
      continue
    }
    // a step of more than 1 leaves the part of the hyperbolic tangent that is not flat
    let length = Math.min(1, 1 / Math.max(...way.map(Math.abs)))
    let next = x
    let found = best
    for (; length > 1e-6; length *= 0.3) {
      const by = length
      next = x.map((v, i) => Math.max(-far, Math.min(far, v + by * (way[i] as number))))
      found = value(next)
      if (found <= best + 1e-4 * by * slope) break
    }
    if (!(found < best)) {
      if (fresh) break
      reset()
      fresh = true
      continue
    }
    const after = gradient(next)
    const s = next.map((v, i) => v - (x[i] as number))
    const d = after.map((v, i) => v - (g[i] as number))
    const gain = best - found
    x = next
    best = found
    g = after
    fresh = false
    update(inverse, s, d, n)
    if (gain < FLAT * (Math.abs(best) + FLAT)) break
  }
  return { x, value: best }
}

function update(h: Float64Array, s: Float64Array, d: Float64Array, n: number): void {
  let sd = 0
  for (let i = 0; i < n; i++) sd += (s[i] as number) * (d[i] as number)
  if (!(sd > 1e-12)) return
  const hd = new Float64Array(n)
  let dhd = 0
  for (let i = 0; i < n; i++) {
    let v = 0
    for (let j = 0; j < n; j++) v += (h[i * n + j] as number) * (d[j] as number)
    hd[i] = v
    dhd += v * (d[i] as number)
  }
  const c = (1 + dhd / sd) / sd
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      h[i * n + j] = (h[i * n + j] as number) + c * (s[i] as number) * (s[j] as number) - ((hd[i] as number) * (s[j] as number) + (s[i] as number) * (hd[j] as number)) / sd // biome-ignore format: one line
}
