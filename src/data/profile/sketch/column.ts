import type { Column as Values } from '../../../engines/batch.ts'
import { DistinctSketch } from './distinct.ts'
import { FrequentValues } from './frequent.ts'
import { Grid } from './grid.ts'

/** What one pass over a column of many different values finds out. */
export class WideColumn {
  count = 0
  nan = 0
  infinite = 0
  zeros = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  /** Whether each value was greater than the one before: none then stands twice. */
  increasing = true
  readonly distinct = new DistinctSketch()
  readonly frequent: FrequentValues | undefined
  readonly grid: Grid
  readonly #origin: number
  #sum = 0
  #squares = 0
  #last = Number.NEGATIVE_INFINITY

  /** @param origin where values are told apart best @param repeats whether the most frequent ones are looked for */
  constructor(origin: number, withTarget: boolean, repeats: boolean) {
    this.#origin = origin
    this.grid = new Grid(origin, withTarget)
    this.frequent = repeats ? new FrequentValues() : undefined
  }

  /** @param y the target of each row, NaN where it has none */
  take(column: Values, y: Float64Array | undefined): void {
    if (column.kind !== 'fixed') return
    const { values, length, validity } = column
    const float = values instanceof Float64Array
    const wide = values instanceof BigInt64Array
    const words = float || wide ? new Int32Array(values.buffer, values.byteOffset, length * 2) : undefined
    const { distinct, frequent, grid } = this
    const origin = this.#origin
    let [sum, squares, last, increasing] = [0, 0, this.#last, this.increasing]
    for (let i = 0; i < length; i++) {
      if (validity !== null && (((validity[i >> 3] as number) >> (i & 7)) & 1) === 0) continue
      this.count++
      let low: number
      let high: number
      let x: number
      if (words !== undefined) {
        low = words[i * 2] as number
        high = words[i * 2 + 1] as number
        x = float ? ((values as Float64Array)[i] as number) : high * 4294967296 + (low >>> 0)
        if (x === 0) high = low = 0 // −0 is 0
      } else {
        x = values[i] as number
        low = x | 0
        high = low >> 31
      }
      if (Number.isNaN(x)) {
        this.nan++
        increasing = false
        distinct.add(-1, -1)
        continue
      }
      distinct.add(low, high)
      if (x <= last) increasing = false
      last = x
      if (x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY) {
        this.infinite++
        continue
      }
      if (x === 0) this.zeros++
      if (x < this.min) this.min = x
      if (x > this.max) this.max = x
      const d = x - origin
      sum += d
      squares += d * d
      grid.add(x, y === undefined ? Number.NaN : (y[i] as number))
      frequent?.add(x)
    }
    // a batch by itself, then into the whole: the error stays that of a few thousand additions
    this.#sum += sum
    this.#squares += squares
    this.#last = last
    this.increasing = increasing
  }

  get finite(): number {
    return this.count - this.nan - this.infinite
  }

  get mean(): number | null {
    return this.finite === 0 ? null : this.#origin + this.#sum / this.finite
  }

  /** Of a sample (n − 1). */
  get stddev(): number | null {
    const n = this.finite
    if (n < 2) return null
    const variance = (this.#squares - (this.#sum * this.#sum) / n) / (n - 1)
    return Number.isFinite(variance) ? Math.sqrt(Math.max(0, variance)) : null
  }
}
