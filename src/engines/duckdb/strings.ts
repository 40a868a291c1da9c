import type { Column } from '../batch.ts'
import { longText, MOST_INLINE, shortText } from './raw.ts'

/** A table of so many short strings is full: it is begun anew, so that a column of ever new ones doesn't grow it. */
const MOST_SHORT = 65_536

/** Places that a table begins with, a power of two: one that is small stays in the processor's own memory. */
const FIRST = 8192

/**
 * Words a place takes: DuckDB's four of the string, its number among those known (from 1 on; 0 where the place is free), the
 * chunk in which it was last seen, and its code there.
 */
const PLACE = 8

/**
 * Reads DuckDB's 16-byte strings into codes over the words of one chunk. A string of up to twelve bytes lies in the
 * vector itself: its length and three words of bytes (zero beyond the string) are the key of a hash table that lives as
 * long as the relation, so a repeated value is decoded once, and finding it again makes no JavaScript string.
 */
export class StringCache {
  /** Open addressing. */
  #table = new Int32Array(FIRST * PLACE)
  #known: string[] = []
  #chunk = 0

  read(data: Uint8Array, rows: number, validity: Uint8Array | null): Column {
    if (this.#known.length + rows > MOST_SHORT) this.#clear()
    const chunk = ++this.#chunk
    let table = this.#table
    let mask = table.length - 1
    const known = this.#known
    const words: string[] = []
    const codes = new Int32Array(rows)
    const long = new Map<string, number>()
    const heads = new Int32Array(data.buffer, data.byteOffset, rows * 4)
    for (let i = 0; i < rows; i++) {
      if (validity !== null && (((validity[i >> 3] as number) >> (i & 7)) & 1) === 0) continue
      const at = i * 4
      const length = heads[at] as number
      if (length > MOST_INLINE) {
        codes[i] = codeOf(longText(data, i, length), words, long)
        continue
      }
      const a = heads[at + 1] as number
      const b = heads[at + 2] as number
      const c = heads[at + 3] as number
      let p = placeOf(length, a, b, c) & mask
      while (
        table[p + 1] !== a ||
        table[p] !== length ||
        table[p + 2] !== b ||
        table[p + 3] !== c ||
        table[p + 4] === 0
      ) {
        if (table[p + 4] === 0) {
          table.set(heads.subarray(at, at + 4), p)
          table[p + 4] = known.push(shortText(data, i, length))
          break
        }
        p = (p + PLACE) & mask
      }
      if (known.length * PLACE * 2 > table.length) {
        table = this.#grow()
        mask = table.length - 1
        i--
        continue
      }
      if (table[p + 5] !== chunk) {
        table[p + 5] = chunk
        table[p + 6] = words.push(known[(table[p + 4] as number) - 1] as string) - 1
      }
      codes[i] = table[p + 6] as number
    }
    return { kind: 'dictionary', type: 'string', length: rows, validity, codes, words }
  }

  /** Twice the places. */
  #grow(): Int32Array<ArrayBuffer> {
    const from = this.#table
    const table = new Int32Array(from.length * 2)
    for (let at = 0; at < from.length; at += PLACE) {
      if (from[at + 4] === 0) continue
      const [length = 0, a = 0, b = 0, c = 0] = from.subarray(at, at + 4)
      let p = placeOf(length, a, b, c) & (table.length - 1)
      while (table[p + 4] !== 0) p = (p + PLACE) & (table.length - 1)
      table.set(from.subarray(at, at + PLACE), p)
    }
    this.#table = table
    return table
  }

  #clear(): void {
    this.#table.fill(0)
    this.#known = []
  }
}

/** Where a string's place would be in a table without end. */
function placeOf(length: number, a: number, b: number, c: number): number {
  const mixed = (Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca6b) + Math.imul(c, 0xc2b2ae35) + length) | 0
  return Math.imul(mixed ^ (mixed >>> 15), PLACE)
}

/** The code of a word among the chunk's, which it joins when it is new. */
function codeOf(word: string, words: string[], codes: Map<string, number>): number {
  let code = codes.get(word)
  if (code === undefined) {
    code = words.push(word) - 1
    codes.set(word, code)
  }
  return code
}
