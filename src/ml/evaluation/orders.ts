import { GalleyError } from '../../base/errors.ts'
import { type Measures, sumsOf, termsOf } from './additive.ts'
import { averagePrecisionOf, descending, discounts, ndcgOf, type Ordered, orderedInto, precisionOf, reciprocalRankOf } from './order.ts' // biome-ignore format: one line
import type { Judged } from './rowTerms.ts'
import { FEWEST, type Judge } from './segments.ts'

/** How a model orders rows within groups that it has not seen: means over groups; plain JSON. Relevant are rows with a label above 0. */
export interface RankingReport {
  readonly goal: 'ranking'
  readonly rows: number
  readonly groups: number
  /** Groups without a relevant row: no order of them is better, and all means leave them out. */
  readonly irrelevant: number
  /** Groups in which all rows have one label above 0: every order of them is right, and their NDCG is 1 whatever the model says. */
  readonly alike: number
  /** NDCG of the first 5 and 10 places and of all; gains 2^label − 1. */
  readonly ndcg5: number | null
  readonly ndcg10: number | null
  readonly ndcg: number | null
  /** Mean average precision. */
  readonly map: number | null
  /** Mean reciprocal rank of the first relevant row. */
  readonly mrr: number | null
  /** Share of relevant rows in the first 5 and 10 places. */
  readonly precision5: number | null
  readonly precision10: number | null
  readonly reasons: Readonly<Record<string, string>>
}

const MEASURES = ['ndcg5', 'ndcg10', 'ndcg', 'map', 'mrr', 'precision5', 'precision10'] as const
export type OrderMeasure = (typeof MEASURES)[number]

/** Rows group by group: their scores and labels, the highest score first. */
export interface GroupOrder extends Ordered {
  readonly rows: Uint32Array
}

/**
 * Rows of each group, ordered by score. Groups are numbers from 0 on; of some rows, where they are named, only groups that have one.
 * @throws VALUE_INVALID when the lengths differ or a score is NaN
 */
export function orderedGroups(
  scores: Float64Array,
  labels: Float64Array,
  groups: Uint32Array,
  rows?: Uint32Array,
): GroupOrder[] {
  // biome-ignore format: one line
  if (scores.length !== labels.length || scores.length !== groups.length)
    throw new GalleyError('VALUE_INVALID', {
      what: `there are ${scores.length} scores, ${labels.length} labels and ${groups.length} groups`,
    })
  const all = rows ?? Uint32Array.from(scores.keys())
  const last = groups.reduce((most, group) => Math.max(most, group), 0)
  const starts = new Uint32Array(last + 2)
  for (const row of all) {
    if (Number.isNaN(scores[row]))
      throw new GalleyError('VALUE_INVALID', {
        what: `the score of row ${row} is NaN`,
        why: 'a feature is too large to compute with, or the model did not converge on it',
        fix: 'bring features to a sensible scale (a logarithm, a ratio), or reject rows whose values can not be true',
      })
    const after = (groups[row] as number) + 1
    starts[after] = (starts[after] as number) + 1
  }
  let most = 0
  for (let k = 0; k <= last; k++) {
    most = Math.max(most, starts[k + 1] as number)
    starts[k + 1] = (starts[k + 1] as number) + (starts[k] as number)
  }
  const next = starts.slice()
  const members = new Uint32Array(all.length)
  for (const row of all) {
    const group = groups[row] as number
    const place = next[group] as number
    members[place] = row
    next[group] = place + 1
  }
  const sort = descending(most)
  const room = { labels: new Float64Array(all.length), ends: new Uint32Array(all.length) }
  const found: GroupOrder[] = []
  for (let k = 0; k <= last; k++) {
    const [from, to] = [starts[k] as number, starts[k + 1] as number]
    if (from === to) continue
    const own = members.subarray(from, to)
    // rows of a group are in their order, so that ties by row are ties by place
    sort(own, scores, own.length)
    const place = { labels: room.labels.subarray(from, to), ends: room.ends.subarray(from, to) }
    found.push({ rows: own, ...orderedInto(own, scores, (row) => labels[row] as number, place) })
  }
  return found
}

/** What the order of a group is worth by each measure; undefined where no row is relevant. */
function worthOf(order: Ordered, discount: Float64Array): Readonly<Record<OrderMeasure, number>> | undefined {
  const map = averagePrecisionOf(order)
  if (map === null) return undefined
  const ndcg = (k?: number) => ndcgOf(order, discount, k) as number
  return {
    ...{ ndcg5: ndcg(5), ndcg10: ndcg(10), ndcg: ndcg(), map, mrr: reciprocalRankOf(order) as number },
    ...{ precision5: precisionOf(order, 5), precision10: precisionOf(order, 10) },
  }
}

const placesOf = (orders: readonly GroupOrder[]) => discounts(orders.reduce((n, o) => Math.max(n, o.rows.length), 0))

/** Terms of groups, so that resamples draw groups and not rows: those of a group without a relevant row are 0. */
export function orderTerms(scores: Float64Array, labels: Float64Array, groups: Uint32Array): Judged {
  const orders = orderedGroups(scores, labels, groups)
  const discount = placesOf(orders)
  const terms = termsOf(orders.length, 1 + MEASURES.length, (k, out) => {
    const worth = worthOf(orders[k] as GroupOrder, discount)
    if (!worth) return
    out[0] = 1
    for (const [m, name] of MEASURES.entries()) out[1 + m] = worth[name]
  })
  const measures: Measures = Object.fromEntries(
    MEASURES.map((name, m) => [name, (s: Float64Array) => ((s[0] as number) > 0 ? (s[1 + m] as number) / (s[0] as number) : null)]), // biome-ignore format: one line
  )
  return { terms, measures }
}

/**
 * Reports on scores within groups: higher scores come first. Rows of one score share their places, as scikit-learn's `ndcg_score` has it.
 * @throws VALUE_INVALID when the lengths differ or a score is NaN
 * @example
 * evaluateOrders(Float64Array.of(0.9, 0.2, 0.5), Float64Array.of(0, 1, 2), Uint32Array.of(0, 0, 0)).mrr // 0.5
 */
export function evaluateOrders(scores: Float64Array, labels: Float64Array, groups: Uint32Array): RankingReport {
  const { terms, measures } = orderTerms(scores, labels, groups)
  const sums = sumsOf(terms)
  const judged = sums[0] ?? 0
  const means = Object.fromEntries(MEASURES.map((name) => [name, measures[name]?.(sums) ?? null])) as Record<OrderMeasure, number | null> // biome-ignore format: one line
  const why = terms.rows === 0 ? 'there are no rows' : 'no group has a relevant row'
  return {
    ...{ goal: 'ranking', rows: labels.length, groups: terms.rows, irrelevant: terms.rows - judged },
    alike: alikeOf(labels, groups),
    ...means,
    reasons: judged === 0 ? Object.fromEntries(MEASURES.map((name) => [name, why])) : {},
  }
}

function alikeOf(labels: Float64Array, groups: Uint32Array): number {
  const first = new Map<number, number>()
  for (const [i, group] of groups.entries()) {
    const label = labels[i] as number
    const known = first.get(group) ?? label
    first.set(group, known === label ? label : 0)
  }
  return [...first.values()].filter((label) => label > 0).length
}

/**
 * NDCG@10 of the groups of some rows, each group ordered among these rows alone; null of fewer than 30 groups with a relevant row,
 * unless `least` says how few are enough.
 */
export const orderJudge = (scores: Float64Array, labels: Float64Array, groups: Uint32Array, least = FEWEST): Judge => ({
  metric: 'ndcg10',
  least: false,
  of(rows) {
    const orders = orderedGroups(scores, labels, groups, rows)
    const discount = placesOf(orders)
    const worths = orders.flatMap((order) => ndcgOf(order, discount, 10) ?? [])
    const n = worths.length
    if (n < least || n === 0) return null
    const value = worths.reduce((a, b) => a + b, 0) / n
    const variance = n < 2 ? 0 : worths.reduce((a, b) => a + (b - value) ** 2, 0) / (n - 1) / n
    return { value, variance }
  },
})
