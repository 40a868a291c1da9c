import { corrected } from '../analysis/statistics/corrections.ts'
import { normal, normalQuantile, twoSided } from '../analysis/statistics/distributions/continuous.ts'
import type { Interval } from './interval.ts'
import { type By, type Level, levelsOf } from './levels.ts'

/** A metric of some rows and the variance of its estimate; null where they are too few to tell. */
export interface Judge {
  readonly metric: string
  /** Whether lower is better. */
  readonly least: boolean
  of(rows: Uint32Array): { readonly value: number; readonly variance: number } | null
}

export interface Segment {
  readonly name: string | null
  readonly others?: true
  readonly rows: number
  readonly metric: Interval
  /** The metric of all other rows. */
  readonly rest: number | null
  /** That it differs from the rest by chance, two-sided, corrected (Holm) for all segments of all columns. */
  readonly p: number | null
  /** Worse than the rest with the confidence that was asked for, all segments together. */
  readonly worse: boolean
}
export interface Segments {
  readonly column: string
  readonly metric: string
  readonly segments: readonly Segment[]
}

/** Fewer rows than this are told, and not judged. */
export const FEWEST = 30

const gather = (values: Float64Array, rows: Uint32Array) => Float64Array.from(rows, (i) => values[i] as number)

/** AUC with DeLong's variance, from scores that are sorted once; both classes need five rows. */
export function aucJudge(scores: Float64Array, labels: Uint8Array): Judge {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  return { metric: 'auc', least: false, of: (rows) => aucOf(order, scores, labels, rows) }
}

/** AUC and its variance of some rows, in one pass over all: how each is placed among those of the other class. */
function aucOf(
  order: Uint32Array,
  scores: Float64Array,
  labels: Uint8Array,
  rows: Uint32Array,
): ReturnType<Judge['of']> {
  // biome-ignore format: one line
  const asked = new Uint8Array(labels.length)
  let positives = 0
  for (const i of rows) {
    asked[i] = 1
    positives += labels[i] as number
  }
  const negatives = rows.length - positives
  if (positives < 5 || negatives < 5) return null
  // placements of both classes, and their squares
  let [yes, yesSquares, no, noSquares] = [0, 0, 0, 0]
  let [yesBelow, noBelow] = [0, 0]
  for (let from = 0; from < order.length; ) {
    const score = scores[order[from] as number] as number
    let [yesHere, noHere, to] = [0, 0, from]
    for (; to < order.length && scores[order[to] as number] === score; to++) {
      const i = order[to] as number
      if (asked[i] === 0) continue
      if (labels[i] === 1) yesHere++
      else noHere++
    }
    const ofYes = (noBelow + noHere / 2) / negatives
    const ofNo = 1 - (yesBelow + yesHere / 2) / positives
    yes += yesHere * ofYes
    yesSquares += yesHere * ofYes * ofYes
    no += noHere * ofNo
    noSquares += noHere * ofNo * ofNo
    yesBelow += yesHere
    noBelow += noHere
    from = to
  }
  const spread = (sum: number, squares: number, n: number) => Math.max(0, squares - (sum * sum) / n) / (n - 1)
  const variance = spread(yes, yesSquares, positives) / positives + spread(no, noSquares, negatives) / negatives
  return { value: yes / positives, variance }
}

/** The mean of a loss a row, or its root (`rmse`: of squares). */
export const lossJudge = (metric: string, losses: Float64Array, root = false): Judge => ({
  metric,
  least: true,
  of(rows) {
    const own = gather(losses, rows)
    if (own.length < 2) return null
    const mean = own.reduce((a, b) => a + b, 0) / own.length
    const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / (own.length - 1) / own.length
    return root ? { value: Math.sqrt(mean), variance: mean > 0 ? variance / (4 * mean) : 0 } : { value: mean, variance }
  },
})

/** A metric by the levels of columns. Segments of one column share no rows, those of two columns may. */
export function bySegments(
  columns: Readonly<Record<string, By>>,
  judge: Judge,
  rows: number,
  confidence = 0.95,
): Segments[] {
  const z = normalQuantile((1 + confidence) / 2)
  const all = Object.entries(columns).map(([column, by]) => ({ column, levels: levelsOf(by) }))
  const judged = all.flatMap(({ column, levels }) =>
    levels.map((level) => ({ column, level, ...beside(judge, level, rows) })),
  )
  const ps = corrected(
    judged.map((s) => s.p),
    'holm',
  )
  const told = judged.map(({ column, level, own, rest, p: _, worse }, i): Segment & { column: string } => {
    const half = own ? z * Math.sqrt(Math.max(0, own.variance)) : 0
    const p = ps[i] ?? null
    const [lowest, highest] = judge.least ? [0, Number.POSITIVE_INFINITY] : [0, 1]
    return {
      column,
      name: level.name,
      ...(level.others ? { others: true as const } : {}),
      rows: level.rows.length,
      metric: {
        value: own?.value ?? null,
        low: own ? Math.max(lowest, own.value - half) : null,
        high: own ? Math.min(highest, own.value + half) : null,
        method: judge.metric === 'auc' ? 'delong' : 'normal',
      },
      rest,
      p,
      worse: worse && p !== null && p < 1 - confidence,
    }
  })
  return all.map(({ column }) => ({
    ...{ column, metric: judge.metric },
    segments: told.filter((s) => s.column === column).map(({ column: _, ...s }) => s),
  }))
}

function beside(judge: Judge, level: Level, rows: number) {
  const inside = new Uint8Array(rows)
  for (const i of level.rows) inside[i] = 1
  const outside = Uint32Array.from(inside.keys()).filter((i) => inside[i] === 0)
  const own = level.rows.length < FEWEST ? null : judge.of(level.rows)
  const rest = outside.length < FEWEST ? null : judge.of(outside)
  if (!own || !rest) return { own, rest: rest?.value ?? null, p: null, worse: false }
  const [difference, error] = [own.value - rest.value, Math.sqrt(own.variance + rest.variance)]
  const p = error > 0 ? twoSided(normal(difference / error)) : null
  return { own, rest: rest.value, p, worse: judge.least ? difference > 0 : difference < 0 }
}
