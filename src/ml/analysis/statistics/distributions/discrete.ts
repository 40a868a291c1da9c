import { betaTails, binomialTerm, root, type Tails } from './special.ts'

/** P(X ≤ k) and P(X > k) of `n` trials. */
export function binomial(k: number, n: number, p: number): Tails {
  if (k < 0) return { lower: 0, upper: 1 }
  if (k >= n) return { lower: 1, upper: 0 }
  const { lower, upper } = betaTails(k + 1, n - k, p, 1 - p)
  return { lower: upper, upper: lower }
}

export const binomialMass = (k: number, n: number, p: number): number => binomialTerm(k, n, p, 1 - p)

/** Clopper and Pearson's (1934) interval of a share. */
export function shareInterval(k: number, n: number, confidence: number): readonly [low: number, high: number] {
  const tail = (1 - confidence) / 2
  const ends = { min: 0, max: 1 }
  const low =
    k === 0 ? 0 : root((p) => Math.log(Math.max(1e-320, betaTails(k, n - k + 1, p, 1 - p).lower) / tail), 0, 1, ends)
  const high =
    k === n ? 1 : root((p) => -Math.log(Math.max(1e-320, betaTails(k + 1, n - k, p, 1 - p).upper) / tail), 0, 1, ends)
  return [low, high]
}

/** P(k marked of `drawn`, from `marked` and `others`): Loader's binomials, of which the p cancels. */
export function hypergeometricMass(k: number, marked: number, others: number, drawn: number): number {
  if (k < Math.max(0, drawn - others) || k > Math.min(drawn, marked)) return 0
  const all = marked + others
  if (drawn === 0 || drawn === all) return 1
  const p = drawn / all
  const q = (all - drawn) / all
  return (binomialTerm(k, marked, p, q) * binomialTerm(drawn - k, others, p, q)) / binomialTerm(drawn, all, p, q)
}
