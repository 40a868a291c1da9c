/** Σ aᵢ·bᵢ over the first `n`; four sums side by side, so that one need not wait for another. */
export function dot(a: Float64Array, b: Float32Array, n: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let i = 0
  for (; i + 3 < n; i += 4) {
    s0 += (a[i] as number) * (b[i] as number)
    s1 += (a[i + 1] as number) * (b[i + 1] as number)
    s2 += (a[i + 2] as number) * (b[i + 2] as number)
    s3 += (a[i + 3] as number) * (b[i + 3] as number)
  }
  for (; i < n; i++) s0 += (a[i] as number) * (b[i] as number)
  return s0 + s1 + (s2 + s3)
}

/** Adds factor · x to the first `n` of `out`. */
export function addScaled(out: Float64Array, x: Float32Array, factor: number, n: number): void {
  for (let i = 0; i < n; i++) out[i] = (out[i] as number) + factor * (x[i] as number)
}

/**
 * Solves H x = g for a symmetric positive semi-definite H, given by its lower triangle, by Cholesky's factorisation. A
 * pivot that vanishes (a column that repeats others, without a penalty) leaves its unknown at zero.
 */
export function solveSymmetric(h: Float64Array, g: Float64Array): Float64Array {
  const size = g.length
  const l = new Float64Array(size * size)
  const x = Float64Array.from(g)
  const at = (i: number, j: number): number => l[i * size + j] as number
  for (let j = 0; j < size; j++) {
    const whole = h[j * size + j] as number
    let pivot = whole
    for (let k = 0; k < j; k++) pivot -= at(j, k) ** 2
    if (!(pivot > whole * 1e-12)) continue
    const root = Math.sqrt(pivot)
    l[j * size + j] = root
    for (let i = j + 1; i < size; i++) {
      let sum = h[i * size + j] as number
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k)
      l[i * size + j] = sum / root
    }
  }
  for (let i = 0; i < size; i++) {
    let sum = x[i] as number
    for (let k = 0; k < i; k++) sum -= at(i, k) * (x[k] as number)
    x[i] = at(i, i) === 0 ? 0 : sum / at(i, i)
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = x[i] as number
    for (let k = i + 1; k < size; k++) sum -= at(k, i) * (x[k] as number)
    x[i] = at(i, i) === 0 ? 0 : sum / at(i, i)
  }
  return x
}
