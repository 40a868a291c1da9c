import type { Column as Values } from '../../../engines/batch.ts'
import { DistinctSketch } from '../../profile/sketch/distinct.ts'
import { type RankLevels, RankSketch } from '../../profile/sketch/ranks.ts'
import type { Kind } from '../../profile/types.ts'

/** What a sketch of a column holds, as plain data. Moments and ranks are of finite numbers, and of times in µs (dates in days). */
export interface ColumnSketch {
  readonly kind: Kind
  /** Values that are not null. */
  readonly count: number
  readonly nan: number
  readonly infinite: number
  /** Null where there is no finite value. */
  readonly min: number | null
  readonly max: number | null
  readonly mean: number
  /** The sum of squares about the mean. */
  readonly squares: number
  readonly distinct: Uint8Array
  readonly ranks: RankLevels
}

/**
 * Sketches a column's values, and sketches of its parts into one of the whole. Numbers count as the same whatever their type, so that a column that
 * became wider goes on.
 */
export class ColumnSketcher {
  readonly kind: Kind
  #count = 0
  #nan = 0
  #infinite = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY
  #mean = 0
  #squares = 0
  readonly #distinct = new DistinctSketch()
  readonly #ranks = new RankSketch()
  readonly #double = new Float64Array(1)
  readonly #words = new Int32Array(this.#double.buffer)

  constructor(kind: Kind) {
    this.kind = kind
  }

  /** Texts come as their hashes; of lists and structs values are only counted. */
  take(column: Values): void {
    if (column.kind !== 'fixed') return
    const { values, length, validity } = column
    const longs =
      values instanceof BigInt64Array ? new Int32Array(values.buffer, values.byteOffset, length * 2) : undefined
    const ordered = this.kind === 'number' || this.kind === 'time'
    const finite = new Float64Array(ordered ? length : 0)
    let n = 0
    for (let i = 0; i < length; i++) {
      if (validity !== null && (((validity[i >> 3] as number) >> (i & 7)) & 1) === 0) continue
      this.#count++
      if (this.kind === 'other') continue
      const wide = longs && (longs[i * 2 + 1] as number) * 2 ** 32 + ((longs[i * 2] as number) >>> 0)
      const x = wide ?? (values[i] as number)
      // a whole number beyond 2⁵³ by all of its bits, others as doubles
      if (longs && !Number.isSafeInteger(x)) this.#distinct.add(longs[i * 2] as number, longs[i * 2 + 1] as number)
      else this.#tell(x)
      if (!ordered) continue
      if (Number.isNaN(x)) this.#nan++
      else if (!Number.isFinite(x)) this.#infinite++
      else {
        if (x < this.#min) this.#min = x
        if (x > this.#max) this.#max = x
        this.#ranks.add(x)
        finite[n++] = x
      }
    }
    if (n > 0) this.#add(n, ...momentsOf(finite.subarray(0, n)), this.#ranks.n - n)
  }

  merge(part: ColumnSketch): void {
    const before = this.#ranks.n
    this.#count += part.count
    this.#nan += part.nan
    this.#infinite += part.infinite
    if (part.min !== null && part.min < this.#min) this.#min = part.min
    if (part.max !== null && part.max > this.#max) this.#max = part.max
    this.#distinct.merge(part.distinct)
    this.#ranks.merge(part.ranks)
    this.#add(part.ranks.n, part.mean, part.squares, before)
  }

  sketch(): ColumnSketch {
    const some = this.#ranks.n > 0
    return {
      ...{ kind: this.kind, count: this.#count, nan: this.#nan, infinite: this.#infinite },
      ...{ min: some ? this.#min : null, max: some ? this.#max : null, mean: this.#mean, squares: this.#squares },
      ...{ distinct: this.#distinct.registers, ranks: this.#ranks.levels() },
    }
  }

  #tell(x: number): void {
    this.#double[0] = x === 0 ? 0 : x // −0 is 0
    const none = Number.isNaN(x)
    this.#distinct.add(none ? -1 : (this.#words[0] as number), none ? -1 : (this.#words[1] as number))
  }

  /** Takes moments of `n` values into those of the `before` that were there (Chan, Golub and LeVeque 1979). */
  #add(n: number, mean: number, squares: number, before: number): void {
    if (n === 0) return
    const all = before + n
    const d = mean - this.#mean
    this.#mean = before === 0 ? mean : this.#mean + d * (n / all)
    this.#squares += squares + d * d * before * (n / all)
  }
}

/** The mean of some values, and the sum of squares about it: in two passes, so that what lies far from zero keeps its digits. */
function momentsOf(values: Float64Array): [mean: number, squares: number] {
  const origin = values[0] as number
  let sum = 0
  for (const x of values) sum += x - origin
  const mean = origin + sum / values.length
  let squares = 0
  for (const x of values) squares += (x - mean) ** 2
  return [mean, squares]
}
