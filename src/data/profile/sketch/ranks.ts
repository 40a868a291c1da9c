/** Values that the topmost level holds. */
const ROOM = 1024
/** What a level may hold of that of the one above it. */
const SHRINK = 2 / 3
/** A level holds so many at least. */
const LEAST = 8

/**
 * How far a rank may be off, as a share of all values, in 99 of 100 questions: 2.296 / k^0.9021 (the fit of Apache DataSketches for sketches
 * of this kind). Up to `ROOM` values it is exact.
 */
export const RANK_ERROR = 0.0045

/** A quantile sketch as plain data: each level's values stand for twice as many as those of the level below. */
export interface RankLevels {
  readonly n: number
  readonly levels: readonly Float64Array[]
}

/**
 * Ranks and quantiles of any number of values from some 3,000 of them (KLL, Karnin, Lang and Liberty 2016). The error is one of
 * ranks, wherever the values lie; sketches of parts merge into one of the whole with the same error. The coins are drawn from a fixed seed: the
 * same values in the same order give the same sketch.
 */
export class RankSketch {
  n = 0
  #levels: number[][] = [[]]
  #held = 0
  #room = LEAST
  #coin = 0x9e3779b9

  constructor() {
    this.#room = this.#capacity()
  }

  /** @param x finite */
  add(x: number): void {
    this.#levels[0]?.push(x)
    this.n++
    if (++this.#held > this.#room) this.#compress()
  }

  /** Takes another sketch's values in. */
  merge({ n, levels }: RankLevels): void {
    while (this.#levels.length < levels.length) this.#levels.push([])
    for (const [h, values] of levels.entries()) for (const x of values) this.#levels[h]?.push(x)
    this.n += n
    this.#held = this.#levels.reduce((sum, level) => sum + level.length, 0)
    this.#room = this.#capacity()
    while (this.#held > this.#room) this.#compress()
  }

  levels(): RankLevels {
    return { n: this.n, levels: this.#levels.map((level) => Float64Array.from(level).sort()) }
  }

  #roomOf(level: number): number {
    return Math.max(LEAST, Math.ceil(ROOM * SHRINK ** (this.#levels.length - 1 - level)))
  }

  #capacity(): number {
    return this.#levels.reduce((sum, _, h) => sum + this.#roomOf(h), 0)
  }

  /** Halves the lowest level that holds too many: every other of its values, in order, goes up. */
  #compress(): void {
    const h = Math.max(
      0,
      this.#levels.findIndex((level, at) => level.length > this.#roomOf(at)),
    )
    if (h + 1 === this.#levels.length) this.#levels.push([])
    const sorted = Float64Array.from(this.#levels[h] as number[]).sort()
    const above = this.#levels[h + 1] as number[]
    const coin = this.#toss()
    // one of an odd number stays where it is
    const pairs = sorted.length >> 1
    for (let i = 0; i < pairs; i++) above.push(sorted[2 * i + coin] as number)
    this.#levels[h] = sorted.length % 2 === 1 ? [sorted.at(-1) as number] : []
    this.#held -= pairs
    this.#room = this.#capacity()
  }

  /** 0 or 1, by xorshift. */
  #toss(): number {
    let c = this.#coin
    c ^= c << 13
    c ^= c >>> 17
    c ^= c << 5
    this.#coin = c
    return (c >>> 16) & 1
  }
}

/** The values of a sketch in order, and of how many values each is the last. */
export interface Ranked {
  readonly n: number
  readonly values: Float64Array
  readonly upTo: Float64Array
  /** As a share of all values; 0 where all are there. */
  readonly error: number
}

export function ranked({ n, levels }: RankLevels): Ranked {
  const all = levels.flatMap((level, h) => Array.from(level, (x) => [x, 2 ** h] as const))
  all.sort(([a], [b]) => a - b)
  const upTo = new Float64Array(all.length)
  let seen = 0
  for (const [i, [, weight]] of all.entries()) upTo[i] = seen += weight
  return { n, values: Float64Array.from(all, ([x]) => x), upTo, error: levels.length > 1 ? RANK_ERROR : 0 }
}

/** How many values are no greater than `x`, about. */
export function rankOf({ values, upTo }: Ranked, x: number): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) <= x) low = middle + 1
    else high = middle
  }
  return low === 0 ? 0 : (upTo[low - 1] as number)
}

/** The value that a share `p` of all is no greater than; null of no values. */
export function quantileOf({ n, values, upTo }: Ranked, p: number): number | null {
  if (n === 0) return null
  const rank = Math.max(1, Math.ceil(p * n))
  let [low, high] = [0, values.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((upTo[middle] as number) >= rank) high = middle
    else low = middle + 1
  }
  return values[low] as number
}
