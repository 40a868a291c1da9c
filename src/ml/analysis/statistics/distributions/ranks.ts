import type { Tails } from './special.ts'

/**
 * P(U ≤ u) and P(U ≥ u) of the Mann–Whitney statistic without ties, `u` whole, by their recursion (1947): the largest value is of the
 * first sample in m of m + n orders. Only sums of shares, so small ones keep their digits; time grows with (m·n)².
 */
export function mannWhitneyExact(u: number, m: number, n: number): Tails {
  // shares[i]: of U for i values of the first sample and, at the end of each round, j of the second
  let shares = Array.from({ length: m + 1 }, () => Float64Array.of(1))
  for (let j = 1; j <= n; j++) {
    const next = [Float64Array.of(1)]
    for (let i = 1; i <= m; i++) {
      const mine = new Float64Array(i * j + 1)
      const fewer = next[i - 1] as Float64Array
      const before = shares[i] as Float64Array
      for (const [k, share] of fewer.entries()) mine[k + j] = (share * i) / (i + j)
      for (const [k, share] of before.entries()) mine[k] = (mine[k] as number) + (share * j) / (i + j)
      next.push(mine)
    }
    shares = next
  }
  return tailsOf(shares[m] as Float64Array, u)
}

/** P(W ≤ w) and P(W ≥ w) of Wilcoxon's signed ranks 1…n without ties: counts of subsets (Wilcoxon 1945). */
export function signedRanksExact(w: number, n: number): Tails {
  const top = (n * (n + 1)) / 2
  const shares = new Float64Array(top + 1)
  shares[0] = 1
  for (let i = 1, reach = 0; i <= n; i++) {
    reach += i
    for (let j = reach; j >= 0; j--) shares[j] = ((shares[j] as number) + (j >= i ? (shares[j - i] as number) : 0)) / 2
  }
  return tailsOf(shares, w)
}

/** Of a symmetric distribution: the far side is summed from its own end. */
function tailsOf(shares: Float64Array, at: number): Tails {
  let lower = 0
  let upper = 0
  for (let j = 0; j <= at && j < shares.length; j++) lower += shares[j] as number
  for (let j = shares.length - 1; j >= at; j--) upper += shares[j] as number
  return { lower: Math.min(1, lower), upper: Math.min(1, upper) }
}

/**
 * P(D ≥ d) of the two-sample Kolmogorov–Smirnov statistic, d = k / (m·n / gcd): the share of lattice paths that leave the band
 * (Hodges 1957), counted outside so that small shares keep their digits. Time grows with m·n.
 */
export function kolmogorovExact(d: number, m: number, n: number): number {
  const limit = Math.round(d * m * n)
  if (limit <= 0) return 1
  // p[j]: the probability that a path through (i, j) has left the band before, or there
  const out = new Float64Array(n + 1)
  for (let i = 0; i <= m; i++)
    for (let j = 0; j <= n; j++) {
      const away = Math.abs(i * n - j * m) >= limit
      if (away) out[j] = 1
      else if (i === 0 && j === 0) out[0] = 0
      else {
        // of paths to (i, j), i/(i+j) come from (i−1, j)
        const left = i === 0 ? 0 : (i / (i + j)) * (out[j] as number)
        const below = j === 0 ? 0 : (j / (i + j)) * (out[j - 1] as number)
        out[j] = left + below
      }
    }
  return Math.min(1, out[n] as number)
}

/** P(K > x) of Kolmogorov's limit (1933); by the theta function's other series where x is small. */
export function kolmogorovLimit(x: number): number {
  if (x <= 0) return 1
  if (x < 0.82) {
    let sum = 0
    for (let k = 1; k < 100; k++) {
      const term = Math.exp((-((2 * k - 1) ** 2) * Math.PI ** 2) / (8 * x * x))
      sum += term
      if (term < 1e-18 * sum) break
    }
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum
  }
  let sum = 0
  for (let k = 1; k < 100; k++) {
    const term = Math.exp(-2 * k * k * x * x)
    sum += k % 2 === 1 ? term : -term
    if (term < 1e-18 * sum) break
  }
  return Math.min(1, 2 * sum)
}
