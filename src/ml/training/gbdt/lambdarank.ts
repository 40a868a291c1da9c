import { descending, discounts, gainOf, idealDcg, ndcgOf, orderedInto } from '../../evaluation/order.ts'
import type { Labelled } from './objectives.ts'

/** Rows group by group in the shared memory: those of group k are `members` from `starts[k]` up to `starts[k + 1]`. */
export interface Grouped {
  readonly groups: number
  readonly members: Uint32Array
  readonly starts: Uint32Array
}

/** Pairs count whose better placed row is among so many first places. */
const TRUNCATION = 30
/** Places by which early stopping judges. */
const JUDGED = 10

/** The groups of thread `me`, [first, end): whole ones, of about as many rows for each thread. */
export function groupsOf({ groups, starts }: Grouped, threads: number, me: number): [first: number, end: number] {
  const rows = starts[groups] as number
  const from = (thread: number): number => {
    const limit = Math.floor((rows * thread) / threads)
    let [low, high] = [0, groups]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((starts[middle] as number) < limit) low = middle + 1
      else high = middle
    }
    return low
  }
  return [from(me), from(me + 1)]
}

function longest({ starts }: Grouped, first: number, end: number): number {
  let most = 0
  for (let k = first; k < end; k++) most = Math.max(most, (starts[k + 1] as number) - (starts[k] as number))
  return most
}

/**
 * A function that gives the rows of groups [first, end) their gradients and hessians: LambdaRank with NDCG (Burges 2010, "From RankNet to
 * LambdaRank to LambdaMART: an overview"), as LightGBM's `lambdarank` has it: pairs of the first 30 places, each divided by the distance
 * of its scores, and a group's lambdas brought to log₂(1 + their sum); sigmoid 1. A group is computed by itself and in one order, so that
 * it does not matter which thread has it.
 */
export function lambdas(
  rows: Labelled,
  grouped: Grouped,
  [first, end]: readonly [number, number],
): (g: Float32Array, h: Float32Array) => void {
  const { members, starts } = grouped
  const { y, w, scores } = rows
  const most = longest(grouped, first, end)
  const discount = discounts(most)
  const sort = descending(most)
  const begin = first < end ? (starts[first] as number) : 0
  // as the last round left them, in which the next one finds them nearly right
  const orders = new Uint32Array(first < end ? (starts[end] as number) - begin : 0)
  const best = new Float64Array(end - first)
  const own = new Float64Array(most)
  for (let k = first; k < end; k++) {
    const [from, n] = [starts[k] as number, (starts[k + 1] as number) - (starts[k] as number)]
    for (let i = 0; i < n; i++) {
      orders[from - begin + i] = i
      own[i] = y[members[from + i] as number] as number
    }
    const ideal = idealDcg(own.subarray(0, n), discount, TRUNCATION)
    best[k - first] = ideal > 0 ? 1 / ideal : 0
  }
  const [s, label, gain, lambda, hessian] = Array.from({ length: 5 }, () => new Float64Array(most)) as [
    ...[Float64Array, Float64Array, Float64Array, Float64Array, Float64Array],
  ]
  /** Sums of a group whose scores and labels lie in order; gives the sum of all lambdas. */
  const pairs = (n: number, unit: number): number => {
    const apart = s[0] !== s[n - 1]
    let sum = 0
    for (let i = 0; i < n - 1 && i < TRUNCATION; i++) {
      const [score, rank, worth, place] = [s[i] as number, label[i] as number, gain[i] as number, discount[i] as number]
      for (let j = i + 1; j < n; j++) {
        const other = label[j] as number
        if (other === rank) continue
        const between = score - (s[j] as number)
        let delta = Math.abs(worth - (gain[j] as number)) * (place - (discount[j] as number)) * unit
        if (apart) delta /= 0.01 + between
        const higher = rank > other ? 1 : -1
        const p = 1 / (1 + Math.exp(higher * between))
        const step = delta * p
        const curve = step * (1 - p)
        lambda[i] = (lambda[i] as number) - higher * step
        lambda[j] = (lambda[j] as number) + higher * step
        hessian[i] = (hessian[i] as number) + curve
        hessian[j] = (hessian[j] as number) + curve
        sum += 2 * step
      }
    }
    return sum
  }
  return (g, h) => {
    for (let k = first; k < end; k++) {
      const from = starts[k] as number
      const n = (starts[k + 1] as number) - from
      const order = orders.subarray(from - begin, from - begin + n)
      for (let i = 0; i < n; i++) own[i] = scores[members[from + i] as number] as number
      sort(order, own, n)
      for (let i = 0; i < n; i++) {
        const at = order[i] as number
        s[i] = own[at] as number
        label[i] = y[members[from + at] as number] as number
        gain[i] = gainOf(label[i] as number)
      }
      lambda.fill(0, 0, n)
      hessian.fill(0, 0, n)
      const sum = pairs(n, best[k - first] as number)
      const norm = sum > 0 ? Math.log2(1 + sum) / sum : 1
      for (let i = 0; i < n; i++) {
        const row = members[from + (order[i] as number)] as number
        const weight = norm * (w[row] as number)
        g[row] = (lambda[i] as number) * weight
        h[row] = (hessian[i] as number) * weight
      }
    }
  }
}

/** A function that writes what each group of [first, end) lacks of an NDCG@10 of 1; NaN where no row of it is relevant. */
export function lacks(
  { y, scores }: Pick<Labelled, 'y' | 'scores'>,
  grouped: Grouped,
  [first, end]: readonly [number, number],
): (out: Float64Array) => void {
  const { members, starts } = grouped
  const most = longest(grouped, first, end)
  const discount = discounts(most)
  const sort = descending(most)
  const order = new Uint32Array(most)
  const own = new Float64Array(most)
  const room = { labels: new Float64Array(most), ends: new Uint32Array(most) }
  const best = Float64Array.from({ length: end - first }, (_, k) => {
    const rows = members.subarray(starts[first + k], starts[first + k + 1])
    return idealDcg(Float64Array.from(rows, (row) => y[row] as number), discount, JUDGED) // biome-ignore format: one line
  })
  return (out) => {
    for (let k = first; k < end; k++) {
      const from = starts[k] as number
      const n = (starts[k + 1] as number) - from
      for (let i = 0; i < n; i++) {
        order[i] = i
        own[i] = scores[members[from + i] as number] as number
      }
      sort(order, own, n)
      const labelOf = (place: number): number => y[members[from + place] as number] as number
      const ordered = orderedInto(order.subarray(0, n), own, labelOf, room)
      out[k] = 1 - (ndcgOf(ordered, discount, JUDGED, best[k - first]) ?? Number.NaN)
    }
  }
}
