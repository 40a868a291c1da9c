import type { Type } from '../../plan/types.ts'
import { type Column, type DictionaryColumn, type FixedArray, fixedArray, type Utf8Column } from '../batch.ts'

/** A text column as codes over words: as it is, or its distinct values found by hashing their bytes. */
export function asDictionary(column: Column): DictionaryColumn {
  if (column.kind === 'dictionary') return column
  if (column.kind === 'utf8') return encode(column)
  const words: string[] = []
  const index = new Map<string, number>()
  const codes = new Int32Array(column.length)
  for (let i = 0; i < column.length; i++) codes[i] = intern(index, words, String(column.values[i]))
  return { kind: 'dictionary', type: column.type, length: column.length, validity: column.validity, codes, words }
}

/** The code of a word, which is added when it is new. */
export function intern(index: Map<string, number>, words: string[], word: string): number {
  let code = index.get(word)
  if (code === undefined) {
    code = words.length
    words.push(word)
    index.set(word, code)
  }
  return code
}

const decoder = new TextDecoder()

function encode(column: Utf8Column): DictionaryColumn {
  const { offsets, bytes, length, validity } = column
  const codes = new Int32Array(length)
  const words: string[] = []
  /** Rows at which each word was first seen. */
  const firsts: number[] = []
  let mask = 1023
  let slots = new Int32Array(mask + 1).fill(-1)
  const hashOf = (row: number): number => {
    let h = 0x811c9dc5
    const end = offsets[row + 1] as number
    for (let p = offsets[row] as number; p < end; p++) h = Math.imul(h ^ (bytes[p] as number), 0x01000193)
    return h ^ (h >>> 15)
  }
  const same = (a: number, b: number): boolean => {
    let p = offsets[a] as number
    let q = offsets[b] as number
    const end = offsets[a + 1] as number
    if (end - p !== (offsets[b + 1] as number) - q) return false
    while (p < end) if (bytes[p++] !== bytes[q++]) return false
    return true
  }
  for (let row = 0; row < length; row++) {
    if (validity !== null && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0) continue
    let slot = hashOf(row) & mask
    let code = slots[slot] as number
    while (code >= 0 && !same(row, firsts[code] as number)) {
      slot = (slot + 1) & mask
      code = slots[slot] as number
    }
    if (code < 0) {
      code = words.length
      words.push(decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])))
      firsts.push(row)
      slots[slot] = code
      if (words.length * 2 > mask) {
        mask = mask * 2 + 1
        slots = new Int32Array(mask + 1).fill(-1)
        for (let c = 0; c < firsts.length; c++) {
          let s = hashOf(firsts[c] as number) & mask
          while ((slots[s] as number) >= 0) s = (s + 1) & mask
          slots[s] = c
        }
      }
    }
    codes[row] = code
  }
  return { kind: 'dictionary', type: column.type, length, validity, codes, words }
}

/** A bitmap of `rows` bits that are all set; shared and grown, never written. */
export function allValid(rows: number): Uint8Array {
  const bytes = (rows + 7) >> 3
  if (ones.length < bytes) ones = new Uint8Array(Math.max(bytes, ones.length * 2)).fill(255)
  return ones
}
let ones = new Uint8Array(1024).fill(255)

/** The bitmap's bytes for `rows` rows, or null when none of them is missing. */
export function trimmed(bitmap: Uint8Array, rows: number): Uint8Array | null {
  const whole = rows >> 3
  let all = 255
  for (let i = 0; i < whole; i++) all &= bitmap[i] as number
  const rest = (1 << (rows & 7)) - 1
  if (all === 255 && ((bitmap[whole] ?? 0) & rest) === rest) return null
  return bitmap.subarray(0, (rows + 7) >> 3)
}

/** An array for a fixed-width type that is made once and grows; what it gives is valid until it is asked again. */
export function recycled(type: Type | 'codes'): (rows: number) => FixedArray {
  let held: FixedArray | undefined
  return (rows) => {
    if (held === undefined || held.length < rows) held = make(type, Math.max(rows, (held?.length ?? 0) * 2))
    return held
  }
}
const make = (type: Type | 'codes', rows: number): FixedArray =>
  (type === 'codes' ? undefined : fixedArray(type, rows)) ?? new Int32Array(rows)

/** The rows of a column that `picked` names, in its order; fixed-width values go to `held`. */
export function gather(
  column: Column,
  picked: Int32Array,
  rows: number,
  held: (rows: number) => FixedArray = recycled(column.kind === 'fixed' ? column.type : 'codes'),
): Column {
  let validity: Uint8Array | null = null
  if (column.validity !== null) {
    const from = column.validity
    const to = new Uint8Array((rows + 7) >> 3)
    for (let o = 0; o < rows; o++) {
      const i = picked[o] as number
      to[o >> 3] = (to[o >> 3] as number) | ((((from[i >> 3] as number) >> (i & 7)) & 1) << (o & 7))
    }
    validity = trimmed(to, rows)
  }
  const base = { type: column.type, length: rows, validity }
  switch (column.kind) {
    case 'fixed': {
      const to = held(rows)
      if (to instanceof BigInt64Array && column.values instanceof BigInt64Array)
        pickLong(column.values, to, picked, rows)
      else pick(column.values as Float64Array, to as Float64Array, picked, rows)
      return { ...base, kind: 'fixed', values: to.subarray(0, rows) }
    }
    case 'dictionary': {
      const to = held(rows) as Int32Array
      for (let o = 0; o < rows; o++) to[o] = column.codes[picked[o] as number] as number
      return { ...base, kind: 'dictionary', codes: to.subarray(0, rows), words: column.words }
    }
    case 'utf8':
      return { ...base, kind: 'utf8', ...pickText(column, picked, rows) }
    case 'object':
      return {
        ...base,
        kind: 'object',
        values: Array.from({ length: rows }, (_, o) => column.values[picked[o] as number]),
      }
  }
}

function pick(from: Float64Array, to: Float64Array, picked: Int32Array, rows: number): void {
  for (let o = 0; o < rows; o++) to[o] = from[picked[o] as number] as number
}

/** As pairs of 32 bits, which makes no bigint. */
function pickLong(from: BigInt64Array, to: BigInt64Array, picked: Int32Array, rows: number): void {
  const a = new Int32Array(from.buffer, from.byteOffset, from.length * 2)
  const b = new Int32Array(to.buffer, to.byteOffset, to.length * 2)
  for (let o = 0; o < rows; o++) {
    const i = (picked[o] as number) * 2
    b[o * 2] = a[i] as number
    b[o * 2 + 1] = a[i + 1] as number
  }
}

function pickText(column: Utf8Column, picked: Int32Array, rows: number): { offsets: Int32Array; bytes: Uint8Array } {
  const offsets = new Int32Array(rows + 1)
  for (let o = 0; o < rows; o++) {
    const i = picked[o] as number
    offsets[o + 1] = (offsets[o] as number) + (column.offsets[i + 1] as number) - (column.offsets[i] as number)
  }
  const bytes = new Uint8Array(offsets[rows] as number)
  for (let o = 0; o < rows; o++) {
    const i = picked[o] as number
    bytes.set(column.bytes.subarray(column.offsets[i], column.offsets[i + 1]), offsets[o])
  }
  return { offsets, bytes }
}
