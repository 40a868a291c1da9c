/** Adds factor · row to `g` and weight · row rowᵀ to the lower triangle of the row-major square matrix `h`. */
export function addOuter(g: Float64Array, h: Float64Array, row: Float64Array, factor: number, weight: number): void {
  const size = row.length
  for (let a = 0; a < size; a++) {
    const value = row[a] as number
    g[a] = (g[a] as number) + factor * value
    const scaled = weight * value
    const at = a * size
    for (let b = 0; b <= a; b++) h[at + b] = (h[at + b] as number) + scaled * (row[b] as number)
  }
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
