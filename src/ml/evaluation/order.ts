/** Runs of this many are sorted by insertion, then merged. */
const RUN = 16

/**
 * A function that sorts the first `n` places of `order` by score, the highest first, equal scores by place. It begins with the order that
 * it is given, so that one which is nearly right costs little.
 */
export function descending(most: number): (order: Uint32Array, scores: Float64Array, n: number) => void {
  const room = new Uint32Array(most)
  return (order, scores, n) => {
    const before = (a: number, b: number): boolean => {
      const [x, y] = [scores[a] as number, scores[b] as number]
      return x > y || (x === y && a < b)
    }
    for (let from = 0; from < n; from += RUN) {
      const to = Math.min(n, from + RUN)
      for (let i = from + 1; i < to; i++) {
        const own = order[i] as number
        let at = i
        for (; at > from && before(own, order[at - 1] as number); at--) order[at] = order[at - 1] as number
        order[at] = own
      }
    }
    for (let width = RUN; width < n; width *= 2)
      for (let from = 0; from + width < n; from += 2 * width) {
        const [middle, to] = [from + width, Math.min(n, from + 2 * width)]
        if (before(order[middle - 1] as number, order[middle] as number)) continue
        room.set(order.subarray(from, middle))
        let [left, right] = [0, middle]
        for (let at = from; left < width; at++) {
          if (right < to && before(order[right] as number, room[left] as number)) order[at] = order[right++] as number
          else order[at] = room[left++] as number
        }
      }
  }
}

/** What a place is worth: 1 ÷ log₂(place + 2), places from 0 on. */
export function discounts(places: number): Float64Array {
  return Float64Array.from({ length: places }, (_, i) => 1 / Math.log2(i + 2))
}

/** What a relevance is worth: 2^label − 1. */
export const gainOf = (label: number): number => 2 ** label - 1

/** Labels of a group, ordered by score from the highest on: `ends` has where each run of equal scores ends. */
export interface Ordered {
  readonly labels: Float64Array
  readonly ends: Uint32Array
}

/** The best DCG that these labels can have in the first `k` places. */
export function idealDcg(labels: Float64Array, discount: Float64Array, k = labels.length): number {
  const sorted = labels.slice().sort()
  let sum = 0
  for (let i = 0; i < Math.min(k, sorted.length); i++)
    sum += gainOf(sorted[sorted.length - 1 - i] as number) * (discount[i] as number)
  return sum
}

/**
 * NDCG of the first `k` places (Järvelin and Kekäläinen 2002, with gains 2^label − 1 as Burges et al. 2005 have them). Rows of one score
 * share their places: it is the mean over all orders of them (McSherry and Najork 2008). null where no row is relevant.
 */
export function ndcgOf(
  { labels, ends }: Ordered,
  discount: Float64Array,
  k = labels.length,
  ideal = idealDcg(labels, discount, k),
): number | null {
  if (ideal === 0) return null
  let sum = 0
  let from = 0
  for (const to of ends) {
    if (from >= k) break
    let [gains, places] = [0, 0]
    for (let i = from; i < to; i++) {
      gains += gainOf(labels[i] as number)
      if (i < k) places += discount[i] as number
    }
    sum += (gains * places) / (to - from)
    from = to
  }
  return sum / ideal
}

/** Share of the first `k` places that relevant rows (of a label above 0) have; of fewer rows than `k` the other places count as not relevant. */
export function precisionOf({ labels, ends }: Ordered, k: number): number {
  let sum = 0
  let from = 0
  for (const to of ends) {
    if (from >= k) break
    sum += (relevantIn(labels, from, to) * (Math.min(k, to) - from)) / (to - from)
    from = to
  }
  return sum / k
}

/** The mean, over relevant rows, of the precision at the place of each; over all orders of rows of one score. null where no row is relevant. */
export function averagePrecisionOf({ labels, ends }: Ordered): number | null {
  let [sum, found, from] = [0, 0, 0]
  for (const to of ends) {
    const [rows, own] = [to - from, relevantIn(labels, from, to)]
    for (let i = 0; own > 0 && i < rows; i++) {
      const before = rows === 1 ? 0 : (i * (own - 1)) / (rows - 1)
      sum += ((own / rows) * (found + 1 + before)) / (from + i + 1)
    }
    found += own
    from = to
  }
  return found === 0 ? null : sum / found
}

/** 1 ÷ the place, from 1 on, of the first relevant row; the mean over all orders of rows of one score. null where no row is relevant. */
export function reciprocalRankOf({ labels, ends }: Ordered): number | null {
  let from = 0
  for (const to of ends) {
    const own = relevantIn(labels, from, to)
    if (own > 0) {
      let [sum, none] = [0, 1]
      for (let i = from; i < to && none > 0; i++) {
        const here = Math.min(1, own / (to - i))
        sum += (none * here) / (i + 1)
        none *= 1 - here
      }
      return sum
    }
    from = to
  }
  return null
}

function relevantIn(labels: Float64Array, from: number, to: number): number {
  let n = 0
  for (let i = from; i < to; i++) n += Number((labels[i] as number) > 0)
  return n
}

/** Puts labels and where runs of equal scores end into the room of a group, in `order`; gives both as far as they go. */
export function orderedInto(
  order: Uint32Array,
  scores: Float64Array,
  labelOf: (place: number) => number,
  room: { readonly labels: Float64Array; readonly ends: Uint32Array },
): Ordered {
  const n = order.length
  let runs = 0
  for (let i = 0; i < n; i++) {
    const place = order[i] as number
    room.labels[i] = labelOf(place)
    if (i + 1 === n || scores[place] !== scores[order[i + 1] as number]) room.ends[runs++] = i + 1
  }
  return { labels: room.labels.subarray(0, n), ends: room.ends.subarray(0, runs) }
}
