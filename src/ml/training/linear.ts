import { paced } from './pace.ts'

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
  for (const work = solving(h, g); ; ) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** The same, where others have a turn meanwhile. @throws CANCELLED */
export async function solveInTurns(h: Float64Array, g: Float64Array, signal: AbortSignal): Promise<Float64Array> {
  const pace = paced(signal)
  for (const work = solving(h, g); ; ) {
    const { done, value } = work.next()
    if (done) return value
    const turn = pace(value)
    if (turn) await turn
  }
}

/** Says after each column how many multiplications it took. */
function* solving(h: Float64Array, g: Float64Array): Generator<number, Float64Array, void> {
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
    yield j * (size - j)
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

/**
 * Eigenvalues of a symmetric matrix in descending order, each with its eigenvector of length 1, by Jacobi's rotations. Of a
 * vector and its opposite it gives the one whose largest component is positive.
 */
export function eigenSymmetric(matrix: readonly (readonly number[])[]): { value: number; vector: number[] }[] {
  const size = matrix.length
  const a = matrix.map((row) => [...row])
  const v = matrix.map((_, i) => matrix.map((_, j) => Number(i === j)))
  const at = (m: number[][], i: number, j: number): number => (m[i] as number[])[j] as number
  const turn = (m: number[][], i: number, j: number, k: number, l: number, s: number, tau: number): void => {
    const [g, h] = [at(m, i, j), at(m, k, l)]
    ;(m[i] as number[])[j] = g - s * (h + g * tau)
    ;(m[k] as number[])[l] = h + s * (g - h * tau)
  }
  for (let sweep = 0; sweep < 100; sweep++) {
    let off = 0
    let all = 0
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        const square = at(a, i, j) ** 2
        all += square
        if (i !== j) off += square
      }
    if (off <= 1e-30 * all) break
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) {
        const apq = at(a, p, q)
        if (apq === 0) continue
        const theta = (at(a, q, q) - at(a, p, p)) / (2 * apq)
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const c = 1 / Math.sqrt(t * t + 1)
        const s = t * c
        const tau = s / (1 + c)
        ;(a[p] as number[])[p] = at(a, p, p) - t * apq
        ;(a[q] as number[])[q] = at(a, q, q) + t * apq
        ;(a[p] as number[])[q] = 0
        for (let j = 0; j < p; j++) turn(a, j, p, j, q, s, tau)
        for (let j = p + 1; j < q; j++) turn(a, p, j, j, q, s, tau)
        for (let j = q + 1; j < size; j++) turn(a, p, j, q, j, s, tau)
        for (let j = 0; j < size; j++) turn(v, j, p, j, q, s, tau)
      }
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) (a[i] as number[])[j] = at(a, j, i)
  }
  return Array.from({ length: size }, (_, k) => {
    const vector = v.map((row) => row[k] as number)
    const largest = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0)
    return { value: at(a, k, k), vector: largest < 0 ? vector.map((x) => -x) : vector }
  }).sort((x, y) => y.value - x.value)
}
