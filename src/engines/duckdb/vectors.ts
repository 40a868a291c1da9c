import type { DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { type Field, isDecimal, type Schema } from '../../plan/types.ts'
import type { Batch, Column } from '../batch.ts'
import { nestedValue } from './nested.ts'

/** DuckDB's chunks as batches: fixed-width columns are read where they lie, strings become dictionary codes. */
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

/** Bytes of a batch that are copies of what lies in DuckDB's vectors: codes of texts, widened decimals, nested values. */
export function copiedBytes({ columns }: Batch): number {
  let bytes = 0
  for (const c of columns)
    if (c.kind === 'dictionary') bytes += c.codes.byteLength
    else if (c.kind === 'object') bytes += c.length * 8
    else if (c.kind === 'fixed' && isDecimal(c.type) && c.type.decimal[0] <= NARROW_DIGITS) bytes += c.values.byteLength
  return bytes
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

/**
 * Reads DuckDB's 16-byte strings into codes over the words of one chunk. A string of up to twelve bytes lies in the
 * vector itself: its length and three words of bytes (zero beyond the string) are the key of a hash table that lives as
 * long as the relation, so a repeated value is decoded once, and finding it again makes no JavaScript string.
 */
export class StringCache {
  /** Open addressing over ids + 1; 0 is free. */
  readonly #slots = new Int32Array(MOST_SHORT * 4)
  readonly #heads = new Int32Array(MOST_SHORT * 4)
  #words: string[] = []
  /** The chunk in which an id was last seen, and its code there. */
  readonly #seen = new Int32Array(MOST_SHORT)
  readonly #code = new Int32Array(MOST_SHORT)
  #chunk = 0

  read(data: Uint8Array, rows: number, validity: Uint8Array | null): Column {
    const words: string[] = []
    const codes = new Int32Array(rows)
    const long = new Map<string, number>()
    const heads = new Int32Array(data.buffer, data.byteOffset, rows * 4)
    const bytes = Buffer.from(data.buffer, data.byteOffset, rows * 16)
    if (this.#words.length + rows > MOST_SHORT) this.#clear()
    this.#chunk++
    for (let i = 0; i < rows; i++) {
      if (validity !== null && (((validity[i >> 3] as number) >> (i & 7)) & 1) === 0) continue
      const length = heads[i * 4] as number
      if (length > 12) {
        const word = longWord(data, i, length)
        let code = long.get(word)
        if (code === undefined) {
          code = words.push(word) - 1
          long.set(word, code)
        }
        codes[i] = code
        continue
      }
      const id = this.#short(heads, bytes, i, length)
      if (this.#seen[id] !== this.#chunk) {
        this.#seen[id] = this.#chunk
        this.#code[id] = words.push(this.#words[id] as string) - 1
      }
      codes[i] = this.#code[id] as number
    }
    return { kind: 'dictionary', type: 'string', length: rows, validity, codes, words }
  }

  #short(heads: Int32Array, bytes: Buffer, row: number, length: number): number {
    const own = this.#heads
    const at = row * 4
    const a = heads[at + 1] as number
    const b = heads[at + 2] as number
    const c = heads[at + 3] as number
    const mask = this.#slots.length - 1
    let hash = Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ length, 0x9e3779b1)
    hash ^= hash >>> 15
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = (this.#slots[slot] as number) - 1
      if (id < 0) {
        const added = this.#words.push(bytes.toString('utf8', row * 16 + 4, row * 16 + 4 + length)) - 1
        own.set(heads.subarray(at, at + 4), added * 4)
        this.#slots[slot] = added + 1
        return added
      }
      const k = id * 4
      if (own[k] === length && own[k + 1] === a && own[k + 2] === b && own[k + 3] === c) return id
    }
  }

  #clear(): void {
    this.#slots.fill(0)
    this.#seen.fill(0)
    this.#words = []
  }
}

function longWord(data: Uint8Array, row: number, length: number): string {
  return Buffer.from(
    duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + row * 16 + 8, length),
  ).toString('utf8')
}
