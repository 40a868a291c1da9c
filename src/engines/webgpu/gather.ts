import type { Schema } from '../../plan/types.ts'
import type { Batch, Column, FixedArray } from '../batch.ts'
import { asDictionary } from '../row/columns.ts'
import { type Rep, repOf, wordsOf } from './wgsl/reps.ts'

/** A column of a segment as the device will hold it. */
export interface DeviceColumn {
  readonly rep: Rep
  /** One or two words a row; for bools a bit. */
  readonly words: Uint32Array
  /** A bit a row, 1 = present; null when no value is missing. */
  readonly validity: Uint32Array | null
}
export interface Segment {
  readonly rows: number
  readonly columns: readonly DeviceColumn[]
}

/** The words of all text columns of a run, each under one code. */
export class Dictionary {
  readonly list: string[] = []
  readonly #codes = new Map<string, number>()

  constructor(first: readonly string[]) {
    for (const word of first) this.code(word)
  }

  code(word: string): number {
    let code = this.#codes.get(word)
    if (code === undefined) {
      code = this.list.push(word) - 1
      this.#codes.set(word, code)
    }
    return code
  }
}

/** Rows that are computed together at most: so many that a readback more or less does not matter. */
const MOST = 1 << 22
/** Bytes for the small buffers beside a segment's: sizes, places, sums of blocks. */
const SMALL_BUFFERS = 1 << 17
/** Fewer than these are not worth a dispatch. */
const FEWEST = 1 << 10

/** What a row takes on the device while its segment is computed, in words: in each buffer, the largest first. */
export interface RowWords {
  readonly largest: number
  readonly all: number
}

/** Rows of a segment, such that no buffer is larger than the device's largest and all of them stay within the budget. */
export function segmentRows({ largest, all }: RowWords, largestBuffer: number, budget: number): number {
  const left = budget - SMALL_BUFFERS
  const fit = Math.floor(Math.min(largestBuffer / (largest * 4), left / (all * 4)))
  // a power of two, as the slots of a hash table are
  return Math.min(MOST, Math.max(FEWEST, 2 ** Math.floor(Math.log2(Math.max(1, fit)))))
}

export const bitWords = (rows: number): number => (rows + 31) >>> 5
/** Words that `rows` values take. */
export const lengthOf = (rep: Rep, rows: number): number => (rep === 'bool' ? bitWords(rows) : wordsOf(rep) * rows)

interface Growing {
  readonly rep: Rep
  words: Uint32Array
  validity: Uint32Array | null
}

/** Cuts batches into segments of at most `most` rows, as the device will hold them. */
export async function* segments(
  batches: AsyncIterable<Batch>,
  schema: Schema,
  words: Dictionary,
  most: number,
): AsyncGenerator<Segment> {
  let rows = 0
  let columns: Growing[] = []
  const begin = () => {
    rows = 0
    columns = schema.map((f) => ({ rep: repOf(f.type) as Rep, words: new Uint32Array(1024), validity: null }))
  }
  const end = (): Segment => ({
    rows,
    columns: columns.map(({ rep, words: own, validity }) => ({
      rep,
      words: own.subarray(0, lengthOf(rep, rows)),
      validity: validity?.subarray(0, bitWords(rows)) ?? null,
    })),
  })
  begin()
  for await (const batch of batches) {
    const encoded = schema.map((_, i) => encode(batch.columns[i] as Column, words))
    for (let from = 0; from < batch.rows; ) {
      const n = Math.min(batch.rows - from, most - rows)
      for (const [i, column] of encoded.entries()) append(columns[i] as Growing, rows, column, from, n)
      rows += n
      from += n
      if (rows < most) continue
      yield end()
      begin()
    }
  }
  if (rows > 0) yield end()
}

/** A column as fixed-width values: texts as their codes in the run's dictionary. */
interface Encoded {
  readonly values: FixedArray | Uint32Array
  readonly validity: Uint8Array | null
}

function encode(column: Column, words: Dictionary): Encoded {
  if (column.kind === 'fixed') return column
  if (column.kind === 'object') throw new TypeError('the device holds no such column')
  const { codes, words: own, validity } = asDictionary(column)
  const known = Uint32Array.from(own, (word) => words.code(word))
  const values = new Uint32Array(codes.length)
  for (let i = 0; i < values.length; i++) values[i] = known[codes[i] as number] ?? 0
  return { values, validity }
}

function append(to: Growing, at: number, { values, validity }: Encoded, from: number, n: number): void {
  to.words = grown(to.words, lengthOf(to.rep, at + n))
  if (to.rep === 'bool') for (let i = 0; i < n; i++) setBit(to.words, at + i, values[from + i] !== 0)
  else {
    const width = wordsOf(to.rep)
    to.words.set(new Uint32Array(values.buffer, values.byteOffset + from * width * 4, n * width), at * width)
  }
  if (validity === null && to.validity === null) return
  if (to.validity === null) to.validity = new Uint32Array(bitWords(at + n)).fill(0xffffffff)
  to.validity = grown(to.validity, bitWords(at + n))
  for (let i = 0; i < n; i++) {
    const row = from + i
    setBit(to.validity, at + i, validity === null || (((validity[row >> 3] as number) >> (row & 7)) & 1) === 1)
  }
}

function grown(words: Uint32Array, length: number): Uint32Array {
  if (words.length >= length) return words
  const larger = new Uint32Array(Math.max(length, words.length * 2))
  larger.set(words)
  return larger
}

function setBit(words: Uint32Array, bit: number, on: boolean): void {
  const mask = 1 << (bit & 31)
  words[bit >>> 5] = on ? (words[bit >>> 5] as number) | mask : (words[bit >>> 5] as number) & ~mask
}
