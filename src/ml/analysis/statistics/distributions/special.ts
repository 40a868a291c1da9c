/** Beyond this many steps a series or fraction is taken as it is; they need about √a of them. */
const STEPS = 200_000
const EPSILON = 1e-16

/** δ(n) = ln Γ(n+1) − (n+½) ln n + n − ½ ln 2π. Series of Stirling; below 16 by δ(n) = δ(n+1) + (n+½) ln(1+1/n) − 1. */
export function stirling(n: number): number {
  let shift = 0
  while (n < 16) {
    shift += (n + 0.5) * Math.log1p(1 / n) - 1
    n++
  }
  const s = 1 / (n * n)
  return shift + (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188 - (691 / 360360) * s) * s) * s) * s) * s) / n
}

/** ln Γ(x) for x > 0. */
export const lnGamma = (x: number): number =>
  (x + 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + stirling(x) - Math.log(x)

/** x ln(x/m) + m − x without cancellation (Loader 2000, "Fast and accurate computation of binomial probabilities"). */
export function deviance(x: number, m: number): number {
  if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x
  const v = (x - m) / (x + m)
  let sum = (x - m) * v
  let term = 2 * x * v
  for (let j = 3; ; j += 2) {
    term *= v * v
    const next = sum + term / j
    if (next === sum || Number.isNaN(next)) return next
    sum = next
  }
}

/** m^x e^−m / Γ(x+1), x ≥ 0 not necessarily whole (Loader 2000). */
export function poissonTerm(x: number, m: number): number {
  if (m === 0) return x === 0 ? 1 : 0
  if (x === 0) return Math.exp(-m)
  return Math.exp(-stirling(x) - deviance(x, m)) / Math.sqrt(2 * Math.PI * x)
}

/** Γ(n+1)/(Γ(x+1)Γ(n−x+1)) p^x q^(n−x), p + q = 1 (Loader 2000). */
export function binomialTerm(x: number, n: number, p: number, q: number): number {
  if (p === 0) return x === 0 ? 1 : 0
  if (q === 0) return x === n ? 1 : 0
  if (x === 0) return Math.exp(p < 0.1 ? n * Math.log1p(-p) : n * Math.log(q))
  if (x === n) return Math.exp(q < 0.1 ? n * Math.log1p(-q) : n * Math.log(p))
  const y = n - x
  const log = stirling(n) - stirling(x) - stirling(y) - deviance(x, n * p) - deviance(y, n * q)
  return Math.exp(log) * Math.sqrt(n / (2 * Math.PI * x * y))
}

/** A value and what is missing to 1, both to full relative accuracy where they are small. */
export interface Tails {
  readonly lower: number
  readonly upper: number
}

/** Regularised incomplete gamma, P(a, x) and Q(a, x): DLMF 8.11.4 below a + 1, else the continued fraction 8.9.2. */
export function gammaTails(a: number, x: number): Tails {
  if (x <= 0) return { lower: 0, upper: 1 }
  if (x === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 }
  const front = poissonTerm(a, x)
  if (x < a + 1) {
    let term = 1
    let sum = 1
    for (let n = 1; n < STEPS; n++) {
      term *= x / (a + n)
      sum += term
      if (term < sum * EPSILON) break
    }
    const lower = Math.min(1, front * sum)
    return { lower, upper: 1 - lower }
  }
  const fraction = lentz(x + 1 - a, (n) => [-n * (n - a), x + 2 * n + 1 - a])
  const upper = Math.min(1, (front * a) / fraction)
  return { lower: 1 - upper, upper }
}

/** Regularised incomplete beta, I_x(a, b) and 1 − I; `y` = 1 − x, given so that it is exact. The continued fraction DLMF 8.17.22. */
export function betaTails(a: number, b: number, x: number, y: number): Tails {
  if (x <= 0) return { lower: 0, upper: 1 }
  if (y <= 0) return { lower: 1, upper: 0 }
  if (x > (a + 1) / (a + b + 2)) {
    const { lower, upper } = betaTails(b, a, y, x)
    return { lower: upper, upper: lower }
  }
  // x^a y^b / B(a, b) of terms that keep their digits for large a and b
  const front = (b / (a + b)) * binomialTerm(a, a + b, x, y)
  const fraction = lentz(1, (n) => {
    const m = n >> 1
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    return [n % 2 === 0 ? even : odd, 1]
  })
  const lower = Math.min(1, front / fraction)
  return { lower, upper: 1 - lower }
}

/** b₀ + a₁/(b₁ + a₂/(b₂ + …)) by the method of Lentz as Thompson and Barnett (1986) changed it. */
function lentz(b0: number, at: (n: number) => readonly [a: number, b: number]): number {
  const tiny = 1e-300
  let f = b0 === 0 ? tiny : b0
  let c = f
  let d = 0
  for (let n = 1; n < STEPS; n++) {
    const [a, b] = at(n)
    d = b + a * d
    d = 1 / (d === 0 ? tiny : d)
    c = b + a / c
    if (c === 0) c = tiny
    f *= c * d
    if (Math.abs(c * d - 1) < EPSILON * 2) break
  }
  return f
}

/** How often a bracket is doubled at most. */
const WIDENED = 60

/**
 * Where an increasing function is zero, within brackets that are widened as needed: the method of Brent's family by bisection and
 * secants (Illinois), to the last digits.
 */
export function root(
  f: (x: number) => number,
  from: number,
  to: number,
  ends: { min?: number; max?: number } = {},
): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = ends
  let [low, high] = [from, to]
  for (let k = 0, width = high - low; k < WIDENED && low > min && f(low) > 0; k++, width *= 2)
    low = Math.max(min, low - width)
  for (let k = 0, width = high - low; k < WIDENED && high < max && f(high) < 0; k++, width *= 2)
    high = Math.min(max, high + width)
  let [atLow, atHigh] = [f(low), f(high)]
  if (Number.isNaN(atLow + atHigh)) return Number.NaN
  if (atLow >= 0) return low
  if (atHigh <= 0) return high
  for (let i = 0, side = 0; i < 300; i++) {
    const secant = high - (atHigh * (high - low)) / (atHigh - atLow)
    const inside = secant > low && secant < high && i % 4 !== 3
    const x = inside ? secant : low + (high - low) / 2
    if (x === low || x === high) return x
    const y = f(x)
    if (y === 0) return x
    if (y < 0) {
      ;[low, atLow] = [x, y]
      if (side === -1) atHigh /= 2
      side = -1
    } else {
      ;[high, atHigh] = [x, y]
      if (side === 1) atLow /= 2
      side = 1
    }
    if (Math.abs(high - low) <= 2e-16 * Math.max(Math.abs(low), Math.abs(high))) break
  }
  return low + (high - low) / 2
}
