import type { DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { type Field, isDecimal, type Schema } from '../../plan/types.ts'
import type { Batch, Column } from '../batch.ts'
import { nestedValue } from './nested.ts'

/**
 * DuckDB's chunks as batches. The library gives the bytes of a vector as a copy of its own: fixed-width columns are views
 * of it, strings become dictionary codes.
 */
export function batchOfChunk(
  chunk: DuckDBDataChunk,
  schema: Schema,
  strings: StringCache,
  rows: number = chunk.rowCount,
): Batch {
  return { schema, rows, columns: schema.map((field, i) => columnOfVector(chunk, i, rows, field, strings)) }
}

/** Bytes a value of a fixed-width type takes in a DuckDB vector. */
const WIDTH: Partial<Record<string, number>> = {
  bool: 1,
  int32: 4,
  date: 4,
  float32: 4,
  int64: 8,
  float64: 8,
  timestamp: 8,
  'local timestamp': 8,
  duration: 8,
}

/** Bytes that a result may take to be fetched whole. */
const WHOLE_BYTES = 64 * 2 ** 20

/** Whether so many rows take few enough bytes to be fetched whole; text, lists and structs may have any length. */
export function fitsWhole(schema: Schema, rows: number): boolean {
  let width = 0
  for (const { type } of schema)
    width += typeof type === 'string' ? (WIDTH[type] ?? Infinity) : isDecimal(type) ? 8 : Infinity
  return rows * width <= WHOLE_BYTES
}

function columnOfVector(
  chunk: DuckDBDataChunk,
  index: number,
  rows: number,
  field: Field,
  strings: StringCache,
): Column {
  const { type } = field
  const width = typeof type === 'string' ? WIDTH[type] : undefined
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, index)
  const validity = bitmap(duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8), rows)
  if (width !== undefined) {
    const data = duckdb.vector_get_data(vector, rows * width)
    return { kind: 'fixed', type, length: rows, validity, values: view(type as string, data, rows) }
  }
  if (type === 'string') return strings.read(duckdb.vector_get_data(vector, rows * 16), rows, validity)
  if (isDecimal(type))
    return { kind: 'fixed', type, length: rows, validity, values: scaled(vector, rows, type.decimal[0]) }
  const values = chunk
    .getColumnValues(index)
    .slice(0, rows)
    .map((v) => nestedValue(v, type))
  return { kind: 'object', type, length: rows, validity, values }
}

/** Decimals of up to so many digits take fewer than 64 bits in DuckDB. */
const NARROW_DIGITS = 9

/** DuckDB keeps a decimal of few digits in fewer bytes: those are widened to 64 bits. */
function scaled(vector: Parameters<typeof duckdb.vector_get_data>[0], rows: number, precision: number): BigInt64Array {
  const width = precision <= 4 ? 2 : precision <= NARROW_DIGITS ? 4 : 8
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, rows * width)
  if (width === 8) return new BigInt64Array(buffer, byteOffset, rows)
  const narrow = width === 2 ? new Int16Array(buffer, byteOffset, rows) : new Int32Array(buffer, byteOffset, rows)
  return BigInt64Array.from(narrow, BigInt)
}

/** Arrow's bitmap, or null when every value is present. DuckDB gives no bitmap at all for such a vector. */
function bitmap(bytes: Uint8Array | null | undefined, rows: number): Uint8Array | null {
  if (!bytes) return null
  const whole = rows >> 3
  let present = true
  for (let i = 0; i < whole && present; i++) present = bytes[i] === 255
  for (let i = whole << 3; i < rows && present; i++) present = (((bytes[i >> 3] ?? 0) >> (i & 7)) & 1) === 1
  return present ? null : bytes.subarray(0, (rows + 7) >> 3)
}

function view(type: string, data: Uint8Array, rows: number) {
  const { buffer, byteOffset } = data
  switch (type) {
    case 'bool':
      return data
    case 'int32':
    case 'date':
      return new Int32Array(buffer, byteOffset, rows)
    case 'float32':
      return new Float32Array(buffer, byteOffset, rows)
    case 'float64':
      return new Float64Array(buffer, byteOffset, rows)
    default:
      return new BigInt64Array(buffer, byteOffset, rows)
  }
}

/** A table of so many short strings is full: it is begun anew, so that a column of ever new ones doesn't grow it. */
const MOST_SHORT = 65_536

/** Places of the table, a power of two. */
const PLACES = MOST_SHORT * 2

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
  readonly #table = new Int32Array(PLACES * PLACE)
  #known: string[] = []
  #chunk = 0

  read(data: Uint8Array, rows: number, validity: Uint8Array | null): Column {
    if (this.#known.length + rows > MOST_SHORT) this.#clear()
    const chunk = ++this.#chunk
    const [table, known] = [this.#table, this.#known]
    const words: string[] = []
    const codes = new Int32Array(rows)
    const long = new Map<string, number>()
    const heads = new Int32Array(data.buffer, data.byteOffset, rows * 4)
    for (let i = 0; i < rows; i++) {
      if (validity !== null && (((validity[i >> 3] as number) >> (i & 7)) & 1) === 0) continue
      const at = i * 4
      const length = heads[at] as number
      if (length > 12) {
        codes[i] = codeOf(longWord(data, i, length), words, long)
        continue
      }
      const a = heads[at + 1] as number
      const b = heads[at + 2] as number
      const c = heads[at + 3] as number
      const mixed = (Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca6b) + Math.imul(c, 0xc2b2ae35) + length) | 0
      let p = ((mixed ^ (mixed >>> 15)) & (PLACES - 1)) * PLACE
      while (
        table[p + 1] !== a ||
        table[p] !== length ||
        table[p + 2] !== b ||
        table[p + 3] !== c ||
        table[p + 4] === 0
      ) {
        if (table[p + 4] === 0) {
          table.set(heads.subarray(at, at + 4), p)
          table[p + 4] = known.push(shortWord(data, i, length))
          break
        }
        p = (p + PLACE) & (PLACES * PLACE - 1)
      }
      if (table[p + 5] !== chunk) {
        table[p + 5] = chunk
        table[p + 6] = words.push(known[(table[p + 4] as number) - 1] as string) - 1
      }
      codes[i] = table[p + 6] as number
    }
    return { kind: 'dictionary', type: 'string', length: rows, validity, codes, words }
  }

  #clear(): void {
    this.#table.fill(0)
    this.#known = []
  }
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

function shortWord(data: Uint8Array, row: number, length: number): string {
  const at = data.byteOffset + row * 16 + 4
  return Buffer.from(data.buffer, at, length).toString('utf8')
}

function longWord(data: Uint8Array, row: number, length: number): string {
  return Buffer.from(
    duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + row * 16 + 8, length),
  ).toString('utf8')
}
