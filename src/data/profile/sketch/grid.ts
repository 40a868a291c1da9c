/** Buckets of a power of two: a bucket is at most 2⁻¹⁰ of its distance from the origin wide. */
const PER_OCTAVE = 1024
const BITS = 10
/** Sign and exponent of a double. */
const OCTAVES = 4096

/** A bucket that holds values: `from ≤ x < to`, or `from < x ≤ to` below the origin. */
export interface Bucket {
  readonly from: number
  readonly to: number
  readonly n: number
  /** Values with a target, and its sum over them. */
  readonly ny: number
  readonly sy: number
}

/**
 * Counts doubles into buckets that are the finer the nearer they are to an origin: the first bits of x − origin are the bucket
 * (as in DDSketch, Masson and others 2019, with powers of two and ten bits). Counts do not depend on the order of the values.
 */
export class Grid {
  readonly #origin: number
  readonly #pages = new Int32Array(OCTAVES).fill(-1)
  #counts = new Uint32Array(PER_OCTAVE * 8)
  #ny: Uint32Array | undefined
  #sy: Float64Array | undefined
  #used = 0
  readonly #double = new Float64Array(1)
  readonly #words = new Uint32Array(this.#double.buffer)

  constructor(origin: number, withTarget: boolean) {
    this.#origin = origin
    if (!withTarget) return
    this.#ny = new Uint32Array(this.#counts.length)
    this.#sy = new Float64Array(this.#counts.length)
  }

  /** @param x finite @param y the target; NaN where there is none */
  add(x: number, y = Number.NaN): void {
    this.#double[0] = x - this.#origin
    const high = this.#words[1] as number
    let page = this.#pages[high >>> 20] as number
    if (page < 0) page = this.#open(high >>> 20)
    const at = page * PER_OCTAVE + ((high >>> (20 - BITS)) & (PER_OCTAVE - 1))
    this.#counts[at] = (this.#counts[at] as number) + 1
    if (this.#sy === undefined || Number.isNaN(y)) return
    const ny = this.#ny as Uint32Array
    ny[at] = (ny[at] as number) + 1
    this.#sy[at] = (this.#sy[at] as number) + y
  }

  #open(octave: number): number {
    const page = this.#used++
    this.#pages[octave] = page
    if (this.#used * PER_OCTAVE > this.#counts.length) {
      const grown = <T extends Uint32Array | Float64Array>(into: T, from: T): T => {
        into.set(from)
        return into
      }
      const size = this.#counts.length * 2
      this.#counts = grown(new Uint32Array(size), this.#counts)
      if (this.#ny) this.#ny = grown(new Uint32Array(size), this.#ny)
      if (this.#sy) this.#sy = grown(new Float64Array(size), this.#sy)
    }
    return page
  }

  /** Those that hold values, in order. */
  buckets(): Bucket[] {
    const found: Bucket[] = []
    for (let octave = 0; octave < OCTAVES; octave++) {
      const page = this.#pages[octave] as number
      if (page < 0) continue
      for (let k = 0; k < PER_OCTAVE; k++) {
        const at = page * PER_OCTAVE + k
        const n = this.#counts[at] as number
        if (n === 0) continue
        const near = this.#edge(octave, k)
        const far = this.#edge(octave, k + 1)
        const [from, to] = near <= far ? [near, far] : [far, near]
        found.push({ from, to, n, ny: this.#ny?.[at] ?? 0, sy: this.#sy?.[at] ?? 0 })
      }
    }
    return found.sort((a, b) => a.from - b.from)
  }

  /** Where a bucket begins, seen from the origin. */
  #edge(octave: number, k: number): number {
    const high = octave * PER_OCTAVE + k
    this.#words[0] = 0
    this.#words[1] = (high << (20 - BITS)) >>> 0
    const x = this.#double[0] as number
    return Number.isFinite(x) ? x + this.#origin : octave < OCTAVES / 2 ? Number.MAX_VALUE : -Number.MAX_VALUE
  }
}

/**
 * A quantile from sorted buckets: each one's values are taken to be spread evenly over it. `error` is the bucket's width: no
 * value of that rank is farther away.
 */
export function quantileIn(
  buckets: readonly Bucket[],
  n: number,
  p: number,
  min: number,
  max: number,
): { value: number; error: number } {
  const rank = p * (n - 1)
  let seen = 0
  for (const b of buckets) {
    if (seen + b.n > rank) {
      const [from, to] = [Math.max(min, b.from), Math.min(max, b.to)]
      return {
        value: Math.min(max, Math.max(min, from + (to - from) * Math.min(1, (rank - seen + 0.5) / b.n))),
        error: to - from,
      }
    }
    seen += b.n
  }
  return { value: max, error: 0 }
}
