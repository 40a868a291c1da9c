import { chosen, randomsOf } from '../../../base/random.ts'
import type { LearnContext } from '../learner.ts'
import { unfit } from '../matrix.ts'
import type { Pairs } from '../pairs.ts'

/** Who likes what, and how much: of user u the items from `starts[u]` on, each once. */
export interface Interactions {
  readonly users: number
  readonly items: number
  readonly starts: Int32Array
  readonly item: Int32Array
  readonly weight: Float64Array
  /** When, of the last time; 0 where no time was named. */
  readonly at: Float64Array
}

/** Pairs as interactions: weights of a pair that comes again are added up; what has no weight above 0 is left out, and told. @throws TRAIN_DATA for none */
export function interactionsOf({ left, right, a, b, weight, at }: Pairs, ctx: LearnContext): Interactions {
  const places = Array.from({ length: left.length }, () => new Map<number, number>())
  const sums: number[] = []
  const times: number[] = []
  let without = 0
  for (let i = 0; i < a.length; i++) {
    const w = weight[i] as number
    if (!(w > 0)) {
      without++
      continue
    }
    const own = places[a[i] as number] as Map<number, number>
    const item = b[i] as number
    const place = own.get(item)
    if (place === undefined) {
      own.set(item, sums.push(w) - 1)
      times.push(at[i] as number)
    } else {
      sums[place] = (sums[place] as number) + w
      times[place] = Math.max(times[place] as number, at[i] as number)
    }
  }
  if (without > 0) ctx.say?.(`${without} rows whose weight is not above 0 are left out`)
  if (sums.length === 0) throw unfit('there are no preferences to learn from', 'no row has a weight above 0', 'a weight says how much somebody likes something') // biome-ignore format: one line
  return packed(left.length, right.length, places.map((own) => [...own].map(([item, p]) => [item, sums[p] as number, times[p] as number] as const))) // biome-ignore format: one line
}

type Entry = readonly [item: number, weight: number, at: number]
function packed(users: number, items: number, entries: readonly (readonly Entry[])[]): Interactions {
  const starts = new Int32Array(users + 1)
  for (const [u, own] of entries.entries()) starts[u + 1] = (starts[u] as number) + own.length
  const n = starts[users] as number
  const [item, weight, at] = [new Int32Array(n), new Float64Array(n), new Float64Array(n)]
  for (const [u, own] of entries.entries())
    for (const [i, [a, w, t]] of own.toSorted((x, y) => x[0] - y[0]).entries()) {
      const place = (starts[u] as number) + i
      item[place] = a
      weight[place] = w
      at[place] = t
    }
  return { users, items, starts, item, weight, at }
}

/** The same by items: who likes each. */
export function transposed({
  users,
  items,
  starts,
  item,
  weight,
}: Interactions): Pick<Interactions, 'starts' | 'item' | 'weight'> {
  const to = new Int32Array(items + 1)
  for (const i of item) to[i + 1] = (to[i + 1] as number) + 1
  for (let i = 0; i < items; i++) to[i + 1] = (to[i + 1] as number) + (to[i] as number)
  const next = to.slice(0, -1)
  const [who, much] = [new Int32Array(item.length), new Float64Array(item.length)]
  for (let u = 0; u < users; u++)
    for (let p = starts[u] as number; p < (starts[u + 1] as number); p++) {
      const i = item[p] as number
      const place = next[i] as number
      next[i] = place + 1
      who[place] = u
      much[place] = weight[p] as number
    }
  return { starts: to, item: who, weight: much }
}

/** Sets aside a share of what each user likes: the latest where times are known, else by chance; of two items one, of one none. */
export function heldOut(x: Interactions, share: number, seed: number, timed: boolean) {
  const random = randomsOf(seed, 0x68656c64)
  const rest: Entry[][] = []
  const held: (readonly number[])[] = []
  for (let u = 0; u < x.users; u++) {
    const [from, to] = [x.starts[u] as number, x.starts[u + 1] as number]
    const n = to - from
    const count = n < 2 || share === 0 ? 0 : Math.min(n - 1, Math.max(1, Math.floor(n * share)))
    const places = Array.from({ length: n }, (_, i) => from + i)
    const out = new Set(
      timed
        ? places.toSorted((p, q) => (x.at[q] as number) - (x.at[p] as number) || p - q).slice(0, count)
        : chosen(count, n, random).map((i) => from + i),
    )
    rest.push(
      places.flatMap((p) => (out.has(p) ? [] : [[x.item[p] as number, x.weight[p] as number, x.at[p] as number]])),
    )
    held.push([...out].map((p) => x.item[p] as number))
  }
  return { rest: packed(x.users, x.items, rest), held }
}
