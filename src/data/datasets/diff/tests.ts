/** Two-sample tests over counts: how surely two distributions differ, and by how much. */

/**
 * The probability of a distance at least this large between the distribution functions of two samples of n and m values of one
 * distribution (Kolmogorov–Smirnov, asymptotic with Stephens' correction; Press et al., Numerical Recipes, §14.3).
 */
export function ksProbability(distance: number, n: number, m: number): number {
  if (n === 0 || m === 0) return 1
  const effective = Math.sqrt((n * m) / (n + m))
  const lambda = (effective + 0.12 + 0.11 / effective) * distance
  if (lambda < 0.2) return 1 // the series does not converge there; the true value is 1 to 12 digits
  let sum = 0
  for (let j = 1; j <= 100; j++) {
    const term = 2 * (j % 2 === 1 ? 1 : -1) * Math.exp(-2 * j * j * lambda * lambda)
    sum += term
    if (Math.abs(term) < 1e-12) break
  }
  return Math.min(1, Math.max(0, sum))
}

/** The largest distance between the distribution functions of two histograms over the same bins, 0 to 1. */
export function ksDistance(a: readonly number[], b: readonly number[]): number {
  const [n, m] = [total(a), total(b)]
  if (n === 0 || m === 0) return 0
  let [x, y, largest] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    x += (a[i] ?? 0) / n
    y += (b[i] ?? 0) / m
    largest = Math.max(largest, Math.abs(x - y))
  }
  return largest
}

/**
 * Pearson's χ² test of homogeneity of two histograms over the same categories: bins that both have none of do not count
 * (Press et al., Numerical Recipes, §14.3, `chstwo`).
 */
export function chiSquare(a: readonly number[], b: readonly number[]): { statistic: number; probability: number } {
  const [n, m] = [total(a), total(b)]
  if (n === 0 || m === 0) return { statistic: 0, probability: 1 }
  let statistic = 0
  let freedom = -1
  const [s, t] = [Math.sqrt(m / n), Math.sqrt(n / m)]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0]
    if (x + y === 0) continue
    freedom++
    statistic += (s * x - t * y) ** 2 / (x + y)
  }
  return { statistic, probability: freedom > 0 ? upperGamma(freedom / 2, statistic / 2) : 1 }
}

/** Population stability index over bins (Siddiqi 2006): Σ (q − p) ln(q / p); half a value is added to a bin, so that empty ones have a share. */
export function stabilityIndex(a: readonly number[], b: readonly number[]): number {
  const [n, m] = [total(a) + a.length / 2, total(b) + b.length / 2]
  return a.reduce((sum, x, i) => {
    const [p, q] = [(x + 0.5) / n, ((b[i] ?? 0) + 0.5) / m]
    return sum + (q - p) * Math.log(q / p)
  }, 0)
}

const total = (counts: readonly number[]): number => counts.reduce((x, y) => x + y, 0)

/** The regularised upper incomplete gamma function Q(a, x) by its series or continued fraction (Press et al., Numerical Recipes, §6.2). */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; n < 10_000 && term > sum * 1e-15; n++) sum += term *= x / (a + n)
    return Math.max(0, 1 - sum * front)
  }
  const tiny = 1e-300
  let b = x + 1 - a
  let c = 1 / tiny
  let d = 1 / b
  let h = d
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - a)
    b += 2
    d = an * d + b
    if (Math.abs(d) < tiny) d = tiny
    c = b + an / c
    if (Math.abs(c) < tiny) c = tiny
    d = 1 / d
    h *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return Math.min(1, front * h)
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** ln Γ(x) for x > 0 (Lanczos, g = 7, n = 9). */
function logGamma(x: number): number {
  const [first = 0, ...rest] = LANCZOS
  const sum = rest.reduce((s, c, i) => s + c / (x + i), first)
  const t = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum)
}
