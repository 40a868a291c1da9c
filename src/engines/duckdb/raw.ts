import duckdb, { type Vector } from '@duckdb/node-bindings'
import { isDecimal, type Type } from '../../plan/types.ts'
import type { FixedArray } from '../batch.ts'

/** What lies in DuckDB's vectors, read through the library's own functions, each of which gives a copy. */

/** Bytes that a value of a fixed-width type takes in a vector; decimals aside. */
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

/** Bytes that a value takes in a batch; undefined for texts, bytes, lists and structs. */
export const widthOf = (type: Type): number | undefined =>
  typeof type === 'string' ? WIDTH[type] : isDecimal(type) ? 8 : undefined

/** Arrow's bitmap, or null when every value is present. DuckDB gives no bitmap at all for such a vector. */
export function validityOf(vector: Vector, rows: number): Uint8Array | null {
  const bytes: Uint8Array | null = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8)
  if (!bytes) return null
  const whole = rows >> 3
  let present = true
  for (let i = 0; i < whole && present; i++) present = bytes[i] === 255
  for (let i = whole << 3; i < rows && present; i++) present = (((bytes[i >> 3] ?? 0) >> (i & 7)) & 1) === 1
  return present ? null : bytes.subarray(0, (rows + 7) >> 3)
}

/** The values of a fixed-width type; undefined for the others. */
export function fixedOf(vector: Vector, rows: number, type: Type): FixedArray | undefined {
  if (isDecimal(type)) return scaledOf(vector, rows, type.decimal[0])
  const width = widthOf(type)
  if (width === undefined) return undefined
  const data = duckdb.vector_get_data(vector, rows * width)
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

/** DuckDB keeps a decimal of few digits in fewer bytes: those are widened to 64 bits. */
function scaledOf(vector: Vector, rows: number, precision: number): BigInt64Array {
  const width = precision <= 4 ? 2 : precision <= 9 ? 4 : 8
  const { buffer, byteOffset } = duckdb.vector_get_data(vector, rows * width)
  if (width === 8) return new BigInt64Array(buffer, byteOffset, rows)
  const narrow = width === 2 ? new Int16Array(buffer, byteOffset, rows) : new Int32Array(buffer, byteOffset, rows)
  return BigInt64Array.from(narrow, BigInt)
}

/** Bytes of a text or blob: its length, then either all of it or four of them and where the whole lies. */
const STRING = 16
/** The most bytes that lie in the vector itself. */
export const MOST_INLINE = 12

/** The vector's texts or blobs, 16 bytes each. */
export const stringsOf = (vector: Vector, rows: number): Uint8Array => duckdb.vector_get_data(vector, rows * STRING)

/** The text of that row, of at most 12 bytes. */
export const shortText = (data: Uint8Array, row: number, length: number): string =>
  Buffer.from(data.buffer, data.byteOffset + row * STRING + 4, length).toString('utf8')

/** The text of that row, of more than 12 bytes. */
export const longText = (data: Uint8Array, row: number, length: number): string =>
  Buffer.from(longBytes(data, row, length)).toString('utf8')

const longBytes = (data: Uint8Array, row: number, length: number): Uint8Array =>
  duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + row * STRING + 8, length)

/** The bytes of that row's text or blob. */
export function bytesAt(data: Uint8Array, row: number): Uint8Array {
  const at = row * STRING
  const length = new DataView(data.buffer, data.byteOffset + at, 4).getInt32(0, true)
  return length > MOST_INLINE ? longBytes(data, row, length) : data.slice(at + 4, at + 4 + length)
}
