import type { DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { type Field, isDecimal, type Schema } from '../../plan/types.ts'
import type { Batch, Column } from '../batch.ts'
import { nestedValue } from './nested.ts'

/** DuckDB's chunks as batches: fixed-width columns are read where they lie, strings become dictionary codes. */
export function batchOfChunk(chunk: DuckDBDataChunk, schema: Schema, strings: StringCache): Batch {
  const rows = chunk.rowCount
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
  const values = chunk.getColumnValues(index).map((v) => nestedValue(v, type))
  return { kind: 'object', type, length: rows, validity, values }
}

/** DuckDB keeps a decimal of few digits in fewer bytes: those are widened to 64 bits. */
function scaled(vector: Parameters<typeof duckdb.vector_get_data>[0], rows: number, precision: number): BigInt64Array {
  const width = precision <= 4 ? 2 : precision <= 9 ? 4 : 8
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

/**
 * Reads DuckDB's 16-byte strings into codes over the words of one chunk. A string of up to twelve bytes lies in the
 * vector itself; its three words are the key of a table that lives as long as the relation, so a repeated value is
 * decoded once.
 */
export class StringCache {
  readonly #short = new Map<number, Map<number, string>>()

  read(data: Uint8Array, rows: number, validity: Uint8Array | null): Column {
    const words: string[] = []
    const codes = new Int32Array(rows)
    const index = new Map<string, number>()
    const heads = new Int32Array(data.buffer, data.byteOffset, rows * 4)
    const bytes = Buffer.from(data.buffer, data.byteOffset, rows * 16)
    let lastLength = -1
    let lastHead = 0
    let lastCode = 0
    for (let i = 0; i < rows; i++) {
      if (validity !== null && (((validity[i >> 3] ?? 0) >> (i & 7)) & 1) === 0) continue
      const length = heads[i * 4] as number
      const head = heads[i * 4 + 1] as number
      if (length <= 4 && length === lastLength && head === lastHead) {
        codes[i] = lastCode
        continue
      }
      const word = length <= 4 ? this.#shortWord(length, head, bytes, i) : longWord(data, bytes, i, length)
      let code = index.get(word)
      if (code === undefined) {
        code = words.length
        words.push(word)
        index.set(word, code)
      }
      codes[i] = code
      lastLength = length
      lastHead = head
      lastCode = code
    }
    return { kind: 'dictionary', type: 'string', length: rows, validity, codes, words }
  }

  #shortWord(length: number, head: number, bytes: Buffer, row: number): string {
    let table = this.#short.get(length)
    if (!table) this.#short.set(length, (table = new Map()))
    let word = table.get(head)
    if (word === undefined) {
      word = bytes.toString('utf8', row * 16 + 4, row * 16 + 4 + length)
      table.set(head, word)
    }
    return word
  }
}

function longWord(data: Uint8Array, bytes: Buffer, row: number, length: number): string {
  if (length <= 12) return bytes.toString('utf8', row * 16 + 4, row * 16 + 4 + length)
  return Buffer.from(
    duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + row * 16 + 8, length),
  ).toString('utf8')
}
