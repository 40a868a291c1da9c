import { normal } from './continuous.ts'
import { betaTails, gammaTails, poissonTerm, root } from './special.ts'

/** Beyond this mean a sum has too many terms, and the statistic says all by itself. */
const LARGEST = 1e8

/** Sums weight(j)·term(j) from the largest weight outwards, until the rest can't be seen. */
function mixture(mean: number, term: (j: number, weight: number) => number): number {
  if (!(mean < LARGEST)) return Number.NaN
  const middle = Math.floor(mean)
  let sum = 0
  for (const step of [1, -1])
    for (let j = step === 1 ? middle : middle - 1; j >= 0; j += step) {
      const weight = poissonTerm(j, mean)
      sum += term(j, weight)
      if (!(weight >= 1e-18)) break
    }
  return sum
}

/** P(F ≤ f) of the noncentral F: Poisson(λ/2) weights of central ones (Johnson, Kotz and Balakrishnan 1995, ch. 30). */
export function noncentralF(f: number, df1: number, df2: number, lambda: number): number {
  if (f <= 0) return 0
  const all = df2 + df1 * f
  return mixture(lambda / 2, (j, w) => w * betaTails(df1 / 2 + j, df2 / 2, (df1 * f) / all, df2 / all).lower)
}

/** P(X ≤ x) of the noncentral χ² (the same source, ch. 29). */
export function noncentralChiSquare(x: number, df: number, lambda: number): number {
  if (x <= 0) return 0
  return mixture(lambda / 2, (j, w) => w * gammaTails(df / 2 + j, x / 2).lower)
}

/** P(T ≤ t) of the noncentral t: Lenth (1989), AS 243, summed from its largest terms. To 1e-13 absolute. */
export function noncentralT(t: number, df: number, delta: number): number {
  if (t < 0) return 1 - noncentralT(-t, df, -delta)
  const below = normal(-delta).lower
  if (t === 0) return below
  const square = t * t
  const [x, y] = [square / (df + square), df / (df + square)]
  const m = (delta * delta) / 2
  if (m === 0) return below + betaTails(0.5, df / 2, x, y).lower / 2
  const sum = mixture(m, (j, w) => {
    // e^−m m^(j+½) / Γ(j+3/2), the weight of the odd terms
    const odd = poissonTerm(j + 0.5, m) * Math.sign(delta)
    return w * betaTails(j + 0.5, df / 2, x, y).lower + odd * betaTails(j + 1, df / 2, x, y).lower
  })
  return Math.min(1, Math.max(0, below + sum / 2))
}

/** The noncentralities of which a statistic is not unlikely: where `cdf(λ)` is 1 − (1−c)/2 and (1−c)/2. */
export function noncentralInterval(
  cdf: (lambda: number) => number,
  confidence: number,
  about: number,
  least = Number.NEGATIVE_INFINITY,
): readonly [low: number, high: number] {
  const tail = (1 - confidence) / 2
  const [from, to] = [Math.max(least, about - 2), Math.max(least + 1, about + 2)]
  // the distribution function falls with λ
  const at = (p: number) => root((l) => p - cdf(l), from, to, { min: least })
  return [at(1 - tail), at(tail)]
}
