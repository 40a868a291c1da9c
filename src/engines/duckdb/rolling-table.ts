import { type Batch, type Column, isValid } from '../batch.ts'
import { sortByTime } from './sort.ts'

/** One key's events: their positions, and where the last probe fell, since the next one mostly falls nearby. */
export interface Range {
  readonly start: number
  readonly end: number
  low: number
  high: number
}

/** A window's events, sorted by key and time, with running totals of its exact aggregates (counts, sums of integers). */
export interface WindowTable {
  readonly over: number
  readonly ranges: ReadonlyMap<string, Range>
  /** µs, ascending within a key. */
  readonly times: Float64Array
  /** Running totals before each position, one array a column; null where the position itself counts. */
  readonly totals: readonly (Float64Array | null)[]
}

/** Positions are exact in 32 bits, sorted with their times. */
const MOST_EVENTS = 2 ** 31

/** What a window's events look like to `buildWindow`: key, µs, then one column for each total. */
export interface WindowEvents {
  readonly over: number
  /** `rows`: every event counts one; `present`: those with a value; `sum`: the value itself. */
  readonly columns: readonly ('rows' | 'present' | 'sum')[]
}

/** The sum of absolute values is too large for running totals in doubles: the caller takes another way. */
export class TooLarge extends Error {}

/** Growing typed arrays, filled batch by batch. */
class Events {
  codes = new Int32Array(1 << 16)
  times = new Float64Array(1 << 16)
  readonly values: Float64Array[]
  readonly keys = new Map<string, number>()
  length = 0

  constructor(columns: number) {
    this.values = Array.from({ length: columns }, () => new Float64Array(1 << 16))
  }

  add(batch: Batch, kinds: WindowEvents['columns']): void {
    while (this.codes.length < this.length + batch.rows) this.#grow()
    const [key, time] = batch.columns as [Column, Column]
    if (key.kind !== 'dictionary' || time.kind !== 'fixed') throw new TypeError('a window needs a text key and a time')
    const words = Int32Array.from(key.words, (word) => {
      let code = this.keys.get(word)
      if (code === undefined) this.keys.set(word, (code = this.keys.size))
      return code
    })
    const micros = new Int32Array(time.values.buffer, time.values.byteOffset, batch.rows * 2)
    for (let i = 0; i < batch.rows; i++) {
      this.codes[this.length + i] = words[key.codes[i] as number] as number
      this.times[this.length + i] = (micros[i * 2 + 1] as number) * 4294967296 + ((micros[i * 2] as number) >>> 0)
    }
    let at = 2
    kinds.forEach((kind, c) => {
      if (kind === 'rows') return
      const column = batch.columns[at++] as Column
      const out = this.values[c] as Float64Array
      const values = column.kind === 'fixed' ? column.values : undefined
      for (let i = 0; i < batch.rows; i++)
        out[this.length + i] = !isValid(column.validity, i) ? 0 : kind === 'present' ? 1 : Number(values?.[i] ?? 0)
    })
    this.length += batch.rows
  }

  #grow(): void {
    const double = <T extends Int32Array | Float64Array>(old: T, next: T): T => {
      next.set(old as never)
      return next
    }
    const size = this.codes.length * 2
    this.codes = double(this.codes, new Int32Array(size))
    this.times = double(this.times, new Float64Array(size))
    this.values.forEach((v, i) => {
      this.values[i] = double(v, new Float64Array(size))
    })
  }
}

/** Sorts a stream of events into a table. Events without key or time must have been left out. @throws TooLarge */
export async function buildWindow(batches: AsyncIterable<Batch>, spec: WindowEvents): Promise<WindowTable> {
  const events = new Events(spec.columns.length)
  for await (const batch of batches) events.add(batch, spec.columns)
  const { length, codes, times } = events
  if (length >= MOST_EVENTS) throw new TooLarge('more events than positions in 31 bits')
  const starts = new Int32Array(events.keys.size + 1)
  for (let i = 0; i < length; i++) starts[(codes[i] as number) + 1] = (starts[(codes[i] as number) + 1] as number) + 1
  for (let k = 0; k < events.keys.size; k++) starts[k + 1] = (starts[k + 1] as number) + (starts[k] as number)
  const order = new Uint32Array(length)
  const next = starts.slice()
  for (let i = 0; i < length; i++) {
    const code = codes[i] as number
    const at = next[code] as number
    order[at] = i
    next[code] = at + 1
  }
  for (let k = 0; k < events.keys.size; k++) sortByTime(order, times, starts[k] as number, starts[k + 1] as number)
  const sorted = new Float64Array(length)
  for (let i = 0; i < length; i++) sorted[i] = times[order[i] as number] as number
  const totals = spec.columns.map((kind, c) => {
    if (kind === 'rows') return null
    const values = events.values[c] as Float64Array
    const out = new Float64Array(length + 1)
    let magnitude = 0
    for (let i = 0; i < length; i++) {
      const v = values[order[i] as number] as number
      magnitude += Math.abs(v)
      out[i + 1] = (out[i] as number) + v
    }
    if (magnitude > Number.MAX_SAFE_INTEGER) throw new TooLarge('the sums may not be exact in doubles')
    return out
  })
  const ranges = new Map(
    [...events.keys].map(([key, code]): [string, Range] => {
      const [start, end] = [starts[code] as number, starts[code + 1] as number]
      return [key, { start, end, low: start, high: start }]
    }),
  )
  return { over: spec.over, ranges, times: sorted, totals }
}
