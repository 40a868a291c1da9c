/**
 * The passes over rows of k-means. Rows know bounds of their distances (Hamerly 2010), so that most of them need no distance
 * computed; what comes out is what Lloyd's iteration gives.
 */
interface Arrays {
  /** Rows, centres, and candidates for the next centre of k-means++. */
  readonly x: Float64Array
  readonly centres: Float64Array
  readonly tried: Float64Array
  readonly labels: Int32Array
  /** At least the distance to the own centre, and at most that to any other. */
  readonly upper: Float64Array
  readonly lower: Float64Array
  /** Squared distances to the nearest centre so far, and with each candidate added. */
  readonly near: Float64Array
  /** A quarter of the squared distance of each candidate to each centre. */
  readonly gaps: Float64Array
  /** How far each centre moved; half the distance to its nearest neighbour. */
  readonly moved: Float64Array
  readonly half: Float64Array
  /** Sums of a block: k · d of rows, k counts, then labels that changed. */
  readonly sums: Float64Array
  /** A block's costs: of each candidate, or of the rows as they are. */
  readonly costs: Float64Array
}
export interface Sizes {
  readonly k: number
  readonly d: number
  readonly tries: number
}

/** Squared distance of the row that begins at `a` of x to the one at `b` of y. */
export function squared(x: Float64Array, a: number, y: Float64Array, b: number, d: number): number {
  let [s, t] = [0, 0]
  let j = 0
  for (; j + 1 < d; j += 2) {
    const u = (x[a + j] as number) - (y[b + j] as number)
    const v = (x[a + j + 1] as number) - (y[b + j + 1] as number)
    s += u * u
    t += v * v
  }
  if (j < d) {
    const u = (x[a + j] as number) - (y[b + j] as number)
    s += u * u
  }
  return s + t
}

/** The same where it is below `limit`; else something that is not. */
function squaredBelow(x: Float64Array, a: number, y: Float64Array, b: number, d: number, limit: number): number {
  let s = 0
  let j = 0
  while (j + 8 <= d) {
    for (const to = j + 8; j < to; j++) {
      const u = (x[a + j] as number) - (y[b + j] as number)
      s += u * u
    }
    if (s >= limit) return s
  }
  for (; j < d; j++) {
    const u = (x[a + j] as number) - (y[b + j] as number)
    s += u * u
  }
  return s
}

/**
 * The cost of the rows with each candidate added. One that is twice as far from a row's centre as the row itself is no
 * nearer to the row.
 */
function attempt(
  { x, tried, labels, near, gaps, costs }: Arrays,
  { k, d, tries }: Sizes,
  from: number,
  to: number,
  block: number,
): void {
  const at = block * tries
  costs.fill(0, at, at + tries)
  for (let i = from; i < to; i++) {
    const least = near[i] as number
    const own = labels[i] as number
    for (let t = 0; t < tries; t++) {
      const far = (gaps[t * k + own] as number) >= least
      const cost = far ? least : Math.min(least, squaredBelow(x, i * d, tried, t * d, d, least))
      costs[at + t] = (costs[at + t] as number) + cost
    }
  }
}

/** Takes the candidate `chosen` as centre number `c`; rows know the nearest one and how near it is. */
function take(
  { x, tried, labels, near, gaps, costs }: Arrays,
  { k, d, tries, chosen, c }: Sizes & { readonly chosen: number; readonly c: number },
  from: number,
  to: number,
  block: number,
): void {
  let cost = 0
  for (let i = from; i < to; i++) {
    const before = c === 0 ? Infinity : (near[i] as number)
    if (c === 0 || (gaps[chosen * k + (labels[i] as number)] as number) < before) {
      const found = squaredBelow(x, i * d, tried, chosen * d, d, before)
      if (found < before) {
        near[i] = found
        labels[i] = c
      }
    }
    cost += near[i] as number
  }
  costs[block * tries] = cost
}

/** Gives rows their nearest centre, whose sums they go into. `fresh`: no bounds are known. */
function assign(
  { x, centres, labels, upper, lower, moved, half, sums }: Arrays,
  { k, d, fresh, most, second, farthest }: Sizes & Readonly<Record<'fresh' | 'most' | 'second' | 'farthest', number>>,
  from: number,
  to: number,
  block: number,
): void {
  const at = block * (k * d + k + 1)
  sums.fill(0, at, at + k * d + k + 1)
  let changes = 0
  for (let i = from; i < to; i++) {
    const row = i * d
    let own = labels[i] as number
    let search = fresh === 1
    if (!search) {
      const low = (lower[i] as number) - (own === farthest ? second : most)
      const bound = Math.max(half[own] as number, low)
      let high = (upper[i] as number) + (moved[own] as number)
      if (high > bound) {
        high = Math.sqrt(squared(x, row, centres, own * d, d))
        search = high > bound
      }
      upper[i] = high
      lower[i] = low
    }
    if (search) {
      let [best, next, label] = [Infinity, Infinity, 0]
      for (let c = 0, centre = 0; c < k; c++, centre += d) {
        // what is not below the second best changes neither
        const s = squaredBelow(x, row, centres, centre, d, next)
        if (s < best) {
          next = best
          best = s
          label = c
        } else if (s < next) next = s
      }
      if (fresh === 1 || label !== own) changes++
      labels[i] = own = label
      upper[i] = Math.sqrt(best)
      lower[i] = Math.sqrt(next)
    }
    const sum = at + own * d
    for (let j = 0; j < d; j++) sums[sum + j] = (sums[sum + j] as number) + (x[row + j] as number)
    sums[at + k * d + own] = (sums[at + k * d + own] as number) + 1
  }
  sums[at + k * d + k] = changes
}

/** Squared distances to the own centre, and their sum. */
function measure(
  { x, centres, labels, near, costs }: Arrays,
  { d, tries }: Sizes,
  from: number,
  to: number,
  block: number,
): void {
  let cost = 0
  for (let i = from; i < to; i++) cost += near[i] = squared(x, i * d, centres, (labels[i] as number) * d, d)
  costs[block * tries] = cost
}

export const kernels = { attempt, take, assign, measure }
