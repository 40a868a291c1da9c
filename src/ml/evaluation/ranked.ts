import { randomsOf } from '../../base/random.ts'
import { calibrate } from './calibration.ts'
import { confusionAt } from './confusion.ts'
import { type Interval, percentile } from './interval.ts'
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

/**
 * Draws rows of each class as often as it has rows: one by one where these are few, else how often each distinct score is drawn,
 * which is a Poisson number (Chamandy et al. 2012).
 */
function drawn(
  counts: Uint32Array,
  rows: number,
  owners: Uint32Array | undefined,
  random: () => number,
  out: Uint32Array,
): number {
  // biome-ignore format: one line
  out.fill(0)
  if (owners) {
    for (let i = 0; i < rows; i++) {
      const group = owners[Math.floor(random() * rows)] as number
      out[group] = (out[group] as number) + 1
    }
    return rows
  }
  let all = 0
  for (let g = 0; g < counts.length; g++) all += out[g] = poisson(counts[g] as number, random)
  return all
}

function ownersOf(counts: Uint32Array, rows: number): Uint32Array | undefined {
  if (rows > DRAWN_SINGLY) return undefined
  const owners = new Uint32Array(rows)
  for (let g = 0, i = 0; g < counts.length; g++) for (let n = counts[g] as number; n > 0; n--) owners[i++] = g
  return owners
}

/**
 * What each resample of labelled scores gives, stratified by class: rankings as any other, valid until the next one.
 * A million rows are put into 1,024 groups of neighbouring scores first. @throws CANCELLED
 */
export async function resampledRankings(
  ranking: Ranking,
  how: Resampling & { readonly cuts?: readonly number[] },
  each: (resampled: Ranking, resample: number) => void,
): Promise<void> {
  const from = ranking.rows > DRAWN_SINGLY ? coarse(ranking, how.cuts) : ranking
  const { positives, scores } = from
  const negatives = from.rows - positives
  const owners = [ownersOf(from.positivesAt, positives), ownersOf(from.negativesAt, negatives)]
  const out = [new Uint32Array(scores.length), new Uint32Array(scores.length)] as const
  // streams of their own, so that what is drawn of other things of the same seed is something else
  const own = { ...how, seed: randomsOf(how.seed, 0x72616e6b)() * 2 ** 32 }
  await resampling({ ...own, seed: Math.floor(own.seed) }, (random, r) => {
    const yes = drawn(from.positivesAt, positives, owners[0], random, out[0])
    const no = drawn(from.negativesAt, negatives, owners[1], random, out[1])
    each({ rows: yes + no, positives: yes, scores, positivesAt: out[0], negativesAt: out[1] }, r)
  })
}

/** Percentile intervals of what a ranking tells at a threshold. @throws CANCELLED */
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
  return Object.fromEntries(
    metrics.map(([name, of], m) => [name, percentile(of(ranking), found[m] as Float64Array, how.confidence)]),
  )
}
