import { betaTails, gammaTails, root, type Tails } from './special.ts'

const flipped = ({ lower, upper }: Tails): Tails => ({ lower: upper, upper: lower })

/** P(Z ≤ z) and P(Z > z) of the standard normal: half of Q(½, z²/2). */
export function normal(z: number): Tails {
  if (Number.isNaN(z)) return { lower: Number.NaN, upper: Number.NaN }
  if (z < 0) return flipped(normal(-z))
  const { upper } = gammaTails(0.5, (z * z) / 2)
  return { lower: 1 - upper / 2, upper: upper / 2 }
}

/** Where the standard normal has `p` below it: Wichura (1988), AS 241, PPND16. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN
  const q = p - 0.5
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q
    return (q * horner(CENTRE_A, r)) / horner(CENTRE_B, r)
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p))
  const z = r <= 5 ? horner(TAIL_C, r - 1.6) / horner(TAIL_D, r - 1.6) : horner(FAR_E, r - 5) / horner(FAR_F, r - 5)
  return q < 0 ? -z : z
}

/** P(T ≤ t) and P(T > t) of Student's t; DLMF 8.17 in betas. */
export function student(t: number, df: number): Tails {
  if (df === Number.POSITIVE_INFINITY) return normal(t)
  if (t < 0) return flipped(student(-t, df))
  if (t === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 }
  const square = t * t
  const x = square === Number.POSITIVE_INFINITY ? 0 : df / (df + square)
  const { lower } = betaTails(df / 2, 0.5, x, square === Number.POSITIVE_INFINITY ? 1 : square / (df + square))
  return { lower: 1 - lower / 2, upper: lower / 2 }
}

/** P(F ≤ f) and P(F > f). */
export function fisherF(f: number, df1: number, df2: number): Tails {
  if (f <= 0) return { lower: 0, upper: 1 }
  if (f === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 }
  if (df2 === Number.POSITIVE_INFINITY) return chiSquare(f * df1, df1)
  const all = df2 + df1 * f
  return betaTails(df1 / 2, df2 / 2, (df1 * f) / all, df2 / all)
}

export const chiSquare = (x: number, df: number): Tails => gammaTails(df / 2, x / 2)

/** Two-sided p of a statistic whose distribution is symmetric. */
export const twoSided = (tails: Tails): number => Math.min(1, 2 * Math.min(tails.lower, tails.upper))

/** Above which `p` of Student's t lies, p ≤ ½: for a two-sided interval of confidence c, p = (1 − c)/2. */
export function studentUpper(p: number, df: number): number {
  if (p === 0.5) return 0
  if (df === Number.POSITIVE_INFINITY) return -normalQuantile(p)
  return -root((x) => Math.log(student(x, df).lower / p), normalQuantile(p) * 1.5 - 1, normalQuantile(p) + 0.1)
}

const horner = (coefficients: readonly number[], x: number): number => {
  let y = 0
  for (let i = coefficients.length - 1; i >= 0; i--) y = y * x + (coefficients[i] as number)
  return y
}

const CENTRE_A = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
]
const CENTRE_B = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852546,
]
const TAIL_C = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
]
const TAIL_D = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
]
const FAR_E = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
]
const FAR_F = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
  1.421511758316446e-7, 2.0442631033899397e-15,
]
