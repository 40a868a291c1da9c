import { randomsOf } from '../../base/random.ts'
import { shareInterval } from '../analysis/statistics/distributions/discrete.ts'
import { calibrate } from './calibration.ts'
import { confusionAt } from './confusion.ts'
import { expanded, type Interval, percentile } from './interval.ts'
import { auc, averagePrecision } from './metrics.ts'
import type { Ranking } from './ranking.ts'
import { DRAWN_SINGLY, poisson, type Resampling, resampling } from './resample.ts'

/** Distinct scores that are told apart where rows are drawn together. */
const MOST_GROUPS = 1024

export type RankedMetric = (ranking: Ranking) => number | null

/** What a ranking tells at a threshold, by the names of `Report`. */
export const rankedMetrics = (threshold: number): Readonly<Record<string, RankedMetric>> => ({
  auc,
  averagePrecision,
  calibrationError: (r) => calibrate(r).error,
  accuracy: (r) => confusionAt(r, threshold).accuracy,
  precision: (r) => confusionAt(r, threshold).precision,
  recall: (r) => confusionAt(r, threshold).recall,
  f1: (r) => confusionAt(r, threshold).f1,
})

/** Neighbouring scores put together, each group under its lowest score; a group begins anew at each of `cuts`. */
export function coarse(ranking: Ranking, cuts: readonly number[] = []): Ranking {
  const { rows, scores, positivesAt, negativesAt } = ranking
  if (scores.length <= MOST_GROUPS) return ranking
  const size = rows / MOST_GROUPS
  const at = [...cuts].sort((a, b) => a - b)
  const most = MOST_GROUPS + at.length + 1
  const made = { scores: new Float64Array(most), positives: new Uint32Array(most), negatives: new Uint32Array(most) }
  let [groups, seen, cut] = [0, 0, 0]
  let full = 0
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number
    let begins = i === 0 || seen >= full
    while (cut < at.length && score >= (at[cut] as number)) {
      begins = true
      cut++
    }
    if (begins && groups < most) {
      made.scores[groups++] = score
      full = Math.max(full, (Math.floor(seen / size) + 1) * size)
    }
    const g = groups - 1
    made.positives[g] = (made.positives[g] as number) + (positivesAt[i] as number)
    made.negatives[g] = (made.negatives[g] as number) + (negativesAt[i] as number)
    seen += (positivesAt[i] as number) + (negativesAt[i] as number)
  }
  return {
    ...{ rows, positives: ranking.positives, scores: made.scores.subarray(0, groups) },
    positivesAt: made.positives.subarray(0, groups),
    negativesAt: made.negatives.subarray(0, groups),
  }
}

/** Which score and class each row is of: twice the place of its score, and 1 more where it is no positive one. */
function ownersOf({ rows, positivesAt, negativesAt }: Ranking): Uint32Array {
  const owners = new Uint32Array(rows)
  let i = 0
  for (let g = 0; g < positivesAt.length; g++) {
    for (let n = positivesAt[g] as number; n > 0; n--) owners[i++] = 2 * g
    for (let n = negativesAt[g] as number; n > 0; n--) owners[i++] = 2 * g + 1
  }
  return owners
}

/**
 * What each resample of labelled scores gives: rankings as any other, valid until the next one. Rows are drawn whatever their class, as they came: how many are positive is
 * chance as well, and precision hangs on it. One by one where they are few, else how often each distinct score is drawn, which is a Poisson number (Chamandy et al. 2012);
 * a million rows are put into 1,024 groups of neighbouring scores first. @throws CANCELLED
 */
export async function resampledRankings(
  ranking: Ranking,
  how: Resampling & { readonly cuts?: readonly number[] },
  each: (resampled: Ranking, resample: number) => void,
): Promise<void> {
  const many = ranking.rows > DRAWN_SINGLY
  const from = many ? coarse(ranking, how.cuts) : ranking
  const { scores, rows } = from
  const owners = many ? undefined : ownersOf(from)
  const [positivesAt, negativesAt] = [new Uint32Array(scores.length), new Uint32Array(scores.length)]
  const put = (of: Ranking['positivesAt'], out: Uint32Array, random: () => number): number =>
    of.reduce((sum, n, g) => sum + (out[g] = poisson(n, random)), 0)
  // streams of their own, so that what is drawn of other things of the same seed is something else
  const seed = Math.floor(randomsOf(how.seed, 0x72616e6b)() * 2 ** 32)
  await resampling({ ...how, seed }, (random, r) => {
    if (!owners) {
      const positives = put(from.positivesAt, positivesAt, random)
      const negatives = put(from.negativesAt, negativesAt, random)
      return each({ rows: positives + negatives, positives, scores, positivesAt, negativesAt }, r)
    }
    positivesAt.fill(0)
    negativesAt.fill(0)
    let positives = 0
    for (let i = 0; i < rows; i++) {
      const owner = owners[Math.floor(random() * rows)] as number
      const out = owner % 2 === 0 ? positivesAt : negativesAt
      out[owner >> 1] = (out[owner >> 1] as number) + 1
      positives += 1 - (owner % 2)
    }
    each({ rows, positives, scores, positivesAt, negativesAt }, r)
  })
}

/** Shares of rows as counts, which have exact bounds: resamples of rows that were all decided rightly know nothing else. */
function sharesAt(ranking: Ranking, threshold: number): Readonly<Record<string, readonly [part: number, of: number]>> {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = confusionAt(ranking, threshold)
  return {
    accuracy: [truePositives + trueNegatives, ranking.rows],
    precision: [truePositives, truePositives + falsePositives],
    recall: [truePositives, truePositives + falseNegatives],
  }
}

/** Intervals of what a ranking tells at a threshold: exact ones of shares of rows (Clopper and Pearson 1934), percentiles of the rest. @throws CANCELLED */
export async function rankedIntervals(
  ranking: Ranking,
  threshold: number,
  how: Resampling,
): Promise<Readonly<Record<string, Interval>>> {
  const metrics = Object.entries(rankedMetrics(threshold))
  const found = metrics.map(() => new Float64Array(how.resamples))
  await resampledRankings(ranking, { ...how, cuts: [threshold] }, (r, at) => {
    for (const [m, [, of]] of metrics.entries()) (found[m] as Float64Array)[at] = of(r) ?? Number.NaN
  })
  const shares = sharesAt(ranking, threshold)
  const wide = expanded(how.confidence, ranking.rows)
  return Object.fromEntries(
    metrics.map(([name, of], m) => {
      const value = of(ranking)
      const [part, whole] = shares[name] ?? [0, 0]
      if (value === null || whole === 0) return [name, percentile(value, found[m] as Float64Array, wide)]
      const [low, high] = shareInterval(part, whole, how.confidence)
      return [name, { value, low, high, method: 'exact' as const }]
    }),
  )
}
