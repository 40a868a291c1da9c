import { sum } from '../moments.ts'

export interface Fit {
  readonly coefficients: Float64Array
  readonly residuals: Float64Array
  readonly rss: number
  /** (X′X)⁻¹, row by row. */
  readonly inverse: readonly Float64Array[]
  readonly n: number
  readonly k: number
}

/** A column whose share that others do not explain is less than this follows from them. */
const DEPENDENT = 1e-10

/**
 * Least squares by Householder's QR (Golub and Van Loan, ch. 5). Gives the place of a column that follows from those before it instead,
 * if there is one.
 */
export function leastSquares(
  columns: readonly ArrayLike<number>[],
  y: ArrayLike<number>,
): Fit | { readonly dependent: number } {
  const n = y.length
  const k = columns.length
  // scaled to a length of 1, so that units do not matter
  const sizes = columns.map((c) => Math.sqrt(sum(c, (v) => v * v)))
  const q = columns.map((c, j) => Float64Array.from({ length: n }, (_, i) => (c[i] as number) / (sizes[j] as number)))
  const right = Float64Array.from({ length: n }, (_, i) => y[i] as number)
  const r = Array.from({ length: k }, () => new Float64Array(k))
  for (let j = 0; j < k; j++) {
    const v = q[j] as Float64Array
    let norm = 0
    for (let i = j; i < n; i++) norm += (v[i] as number) ** 2
    norm = Math.sqrt(norm)
    if (!(norm > DEPENDENT)) return { dependent: j }
    const alpha = (v[j] as number) > 0 ? -norm : norm
    v[j] = (v[j] as number) - alpha
    const beta = norm * norm + Math.abs(alpha) * (Math.abs(v[j] as number) - norm)
    const reflect = (column: Float64Array) => {
      let dot = 0
      for (let i = j; i < n; i++) dot += (v[i] as number) * (column[i] as number)
      const factor = dot / beta
      for (let i = j; i < n; i++) column[i] = (column[i] as number) - factor * (v[i] as number)
    }
    for (let l = j + 1; l < k; l++) reflect(q[l] as Float64Array)
    reflect(right)
    const row = r[j] as Float64Array
    row[j] = alpha
    for (let l = j + 1; l < k; l++) row[l] = (q[l] as Float64Array)[j] as number
  }
  const up = upperInverse(r)
  const scaled = up.map((row) => sum(row, (v, l) => v * (right[l] as number)))
  const coefficients = Float64Array.from(scaled, (b, j) => b / (sizes[j] as number))
  const residuals = Float64Array.from(
    { length: n },
    (_, i) => (y[i] as number) - sum(coefficients, (b, j) => b * ((columns[j] as ArrayLike<number>)[i] as number)),
  )
  const inverse = up.map((a, i) =>
    Float64Array.from(
      up,
      (b, j) => sum(a, (v, l) => v * (b[l] as number)) / ((sizes[i] as number) * (sizes[j] as number)),
    ),
  )
  return { coefficients, residuals, rss: sum(residuals, (e) => e * e), inverse, n, k }
}

function upperInverse(r: readonly Float64Array[]): Float64Array[] {
  const k = r.length
  const out = Array.from({ length: k }, () => new Float64Array(k))
  for (let j = 0; j < k; j++)
    for (let i = j; i >= 0; i--) {
      let v = i === j ? 1 : 0
      for (let l = i + 1; l <= j; l++)
        v -= ((r[i] as Float64Array)[l] as number) * ((out[l] as Float64Array)[j] as number)
      ;(out[i] as Float64Array)[j] = v / ((r[i] as Float64Array)[i] as number)
    }
  return out
}
