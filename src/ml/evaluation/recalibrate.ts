import { CLIP } from './metrics.ts'
import type { Ranking } from './ranking.ts'

/** Scores made to mean what they say: how, and with which numbers. Plain JSON. */
export type Recalibration =
  | { readonly by: 'platt'; readonly slope: number; readonly shift: number }
  | { readonly by: 'isotonic'; readonly scores: readonly number[]; readonly rates: readonly number[] }

const logOdds = (p: number): number => {
  const kept = Math.min(Math.max(p, CLIP), 1 - CLIP)
  return Math.log(kept) - Math.log1p(-kept)
}
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))

/**
 * Platt's (1999) scaling of log odds: P = 1 / (1 + exp(−(slope · logit(score) + shift))), by Newton's method with halved steps, and with his
 * targets (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2) in the place of 1 and 0. null where a class has no rows.
 */
export function platt({ rows, positives, scores, positivesAt, negativesAt }: Ranking): Recalibration | null {
  const negatives = rows - positives
  if (positives === 0 || negatives === 0) return null
  const [yes, no] = [(positives + 1) / (positives + 2), 1 / (negatives + 2)]
  const x = scores.map(logOdds)
  const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))
  const loss = (a: number, b: number): number => {
    let sum = 0
    for (let i = 0; i < x.length; i++) {
      const z = a * (x[i] as number) + b
      const [p, n] = [positivesAt[i] as number, negativesAt[i] as number]
      sum += (p + n) * softplus(z) - (p * yes + n * no) * z
    }
    return sum
  }
  let [a, b] = [0, Math.log((positives + 1) / (negatives + 1))]
  let now = loss(a, b)
  for (let round = 0; round < 100; round++) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-12, 0, 1e-12]
    for (let i = 0; i < x.length; i++) {
      const xi = x[i] as number
      const n = (positivesAt[i] as number) + (negativesAt[i] as number)
      const p = sigmoid(a * xi + b)
      const residual = n * p - (positivesAt[i] as number) * yes - (negativesAt[i] as number) * no
      const weight = n * p * (1 - p)
      ga += residual * xi
      gb += residual
      haa += weight * xi * xi
      hab += weight * xi
      hbb += weight
    }
    const determinant = haa * hbb - hab * hab
    if (!(determinant > 0)) break
    const [da, db] = [(hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant]
    let step = 1
    let next = loss(a - da, b - db)
    while (next > now && step > 1e-10) {
      step /= 2
      next = loss(a - step * da, b - step * db)
    }
    if (next > now) break
    a -= step * da
    b -= step * db
    const gained = now - next
    now = next
    if (gained <= 1e-14 * Math.max(1, Math.abs(now))) break
  }
  return { by: 'platt', slope: a, shift: b }
}

/** The nearest rates that never fall as scores rise: pool adjacent violators (Ayer et al. 1955). null without rows. */
export function isotonic({ rows, scores, positivesAt, negativesAt }: Ranking): Recalibration | null {
  if (rows === 0) return null
  const blocks: { rate: number; rows: number; first: number; last: number }[] = []
  for (let i = 0; i < scores.length; i++) {
    const n = (positivesAt[i] as number) + (negativesAt[i] as number)
    if (n === 0) continue
    let block = { rate: (positivesAt[i] as number) / n, rows: n, first: i, last: i }
    for (let last = blocks.at(-1); last && last.rate >= block.rate; last = blocks.at(-1)) {
      blocks.pop()
      const all = last.rows + block.rows
      block = { rate: (last.rate * last.rows + block.rate * block.rows) / all, rows: all, first: last.first, last: block.last } // biome-ignore format: one line
    }
    blocks.push(block)
  }
  const points = blocks.flatMap(({ rate, first, last }) =>
    (first === last ? [first] : [first, last]).map((i) => ({ score: scores[i] as number, rate })),
  )
  return { by: 'isotonic', scores: points.map((p) => p.score), rates: points.map((p) => p.rate) }
}

/** Scores as a recalibration gives them: isotonic ones between its points in a line, beyond them as at the nearest. */
export function recalibrated(how: Recalibration, scores: Float64Array): Float64Array {
  if (how.by === 'platt') return scores.map((p) => sigmoid(how.slope * logOdds(p) + how.shift))
  const { scores: xs, rates } = how
  return scores.map((p) => {
    let [low, high] = [0, xs.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((xs[middle] as number) <= p) low = middle + 1
      else high = middle
    }
    if (low === 0) return rates[0] as number
    const [x0, y0] = [xs[low - 1] as number, rates[low - 1] as number]
    if (low === xs.length) return y0
    const share = (p - x0) / ((xs[low] as number) - x0)
    return y0 + share * ((rates[low] as number) - y0)
  })
}

/** Murphy's (1973) parts of the Brier score over bins: reliability − resolution + uncertainty, and what is within bins (Stephenson et al. 2008). */
export interface BrierParts {
  readonly reliability: number
  readonly resolution: number
  readonly uncertainty: number
  /** Brier score − (reliability − resolution + uncertainty): 0 where all scores of a bin are equal. */
  readonly within: number
}

/** null without rows. */
export function brierParts(
  bins: readonly { readonly rows: number; readonly meanScore: number; readonly rate: number }[],
  brier: number | null,
): BrierParts | null {
  const rows = bins.reduce((n, b) => n + b.rows, 0)
  if (rows === 0 || brier === null) return null
  const rate = bins.reduce((sum, b) => sum + b.rows * b.rate, 0) / rows
  const mean = (of: (b: (typeof bins)[number]) => number) => bins.reduce((sum, b) => sum + b.rows * of(b), 0) / rows
  const reliability = mean((b) => (b.meanScore - b.rate) ** 2)
  const resolution = mean((b) => (b.rate - rate) ** 2)
  const uncertainty = rate * (1 - rate)
  return { reliability, resolution, uncertainty, within: brier - (reliability - resolution + uncertainty) }
}
