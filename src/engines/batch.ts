import { GalleyError } from '../base/errors.ts'
import { ownValue } from '../base/own.ts'
import type { RecordValue } from '../plan/record.ts'
import { type Field, type Schema, type Type, typeName } from '../plan/types.ts'

/**
 * The columnar unit that engines hand over, in Arrow's layout but for one thing: a bool takes a byte, not a bit.
 *
 * | type                                               | values                                  |
 * |----------------------------------------------------|-----------------------------------------|
 * | bool                                               | Uint8Array, 0 or 1                      |
 * | int32, date (days since 1970)                      | Int32Array                              |
 * | int64, timestamp, local timestamp, duration (µs), decimal (scaled) | BigInt64Array           |
 * | float32, float64                                   | Float32Array, Float64Array              |
 * | string                                             | `utf8` (offsets + bytes) or `dictionary` (codes + words) |
 * | bytes, list, struct                                | `object`: one JavaScript value a row    |
 *
 * A value under a null is unspecified. A batch is owned by the engine and valid until the next pull.
 */
export type Column = FixedColumn | Utf8Column | DictionaryColumn | ObjectColumn

interface ColumnBase {
  readonly type: Type
  readonly length: number
  /** Arrow validity bitmap, least significant bit first, 1 = present; null when no value is missing. */
  readonly validity: Uint8Array | null
}

export type FixedArray = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array

export interface FixedColumn extends ColumnBase {
  readonly kind: 'fixed'
  readonly values: FixedArray
}
export interface Utf8Column extends ColumnBase {
  readonly kind: 'utf8'
  /** length + 1 offsets into `bytes`. */
  readonly offsets: Int32Array
  readonly bytes: Uint8Array
}
export interface DictionaryColumn extends ColumnBase {
  readonly kind: 'dictionary'
  readonly codes: Uint8Array | Uint16Array | Uint32Array | Int32Array
  readonly words: readonly string[]
}
export interface ObjectColumn extends ColumnBase {
  readonly kind: 'object'
  readonly values: readonly unknown[]
}

export interface Batch {
  readonly schema: Schema
  readonly rows: number
  /** In schema order. */
  readonly columns: readonly Column[]
}

/** One value as JavaScript holds it: bigint for 64-bit integers, instants, durations and decimals; null when missing. */
export type Value = RecordValue

export function isValid(validity: Uint8Array | null, row: number): boolean {
  return validity === null || (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1
}

// a text may begin with U+FEFF, which is a character like any other here
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The value of one row; for tests, previews and slow paths. */
export function valueAt(column: Column, row: number): Value {
  if (!isValid(column.validity, row)) return null
  switch (column.kind) {
    case 'fixed': {
      const value = column.values[row] ?? 0
      return column.type === 'bool' ? value !== 0 : value
    }
    case 'utf8':
      return decoder.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]))
    case 'dictionary':
      return column.words[column.codes[row] ?? 0] ?? null
    case 'object':
      return column.values[row] as Value
  }
}

/**
 * Copies a numeric column into `out` from `at` on, as float64 with NaN where it is missing.
 * 64-bit integers beyond 2⁵³ lose their low bits; bool gives 0 and 1; instants give microseconds.
 */
export function copyFloat64(column: Column, out: Float64Array, at: number): void {
  if (column.kind !== 'fixed')
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `a ${typeName(column.type)} column is not a number`,
      fix: 'encode it (for instance with targetEncode) or leave it out',
    })
  const { values, length, validity } = column
  if (values instanceof BigInt64Array) {
    const words = new Int32Array(values.buffer, values.byteOffset, length * 2)
    for (let i = 0; i < length; i++)
      out[at + i] = (words[i * 2 + 1] as number) * 4294967296 + ((words[i * 2] as number) >>> 0)
  } else {
    for (let i = 0; i < length; i++) out[at + i] = values[i] as number
  }
  if (validity !== null) for (let i = 0; i < length; i++) if (!isValid(validity, i)) out[at + i] = Number.NaN
}

/** Bytes a batch holds, for ledgers. */
export function batchBytes(batch: Batch): number {
  let bytes = 0
  for (const column of batch.columns) {
    bytes += column.validity?.byteLength ?? 0
    if (column.kind === 'fixed') bytes += column.values.byteLength
    else if (column.kind === 'utf8') bytes += column.offsets.byteLength + column.bytes.byteLength
    else if (column.kind === 'dictionary') bytes += column.codes.byteLength
    else bytes += column.values.length * 8
  }
  return bytes
}

/** A batch of JavaScript values, for tests and small tables. Rows are records keyed by column name. */
export function batchOf(schema: Schema, rows: readonly Readonly<Record<string, Value>>[]): Batch {
  return {
    schema,
    rows: rows.length,
    columns: schema.map((field) =>
      columnOf(
        field,
        rows.map((r) => ownValue(r, field.name) ?? null),
      ),
    ),
  }
}

export function columnOf(field: Field, values: readonly Value[]): Column {
  const { type } = field
  const length = values.length
  let validity: Uint8Array | null = null
  if (values.includes(null)) {
    validity = new Uint8Array((length + 7) >> 3)
    for (let i = 0; i < length; i++) if (values[i] !== null) validity[i >> 3] = (validity[i >> 3] ?? 0) | (1 << (i & 7))
  }
  if (type === 'string') {
    const words = [...new Set(values.filter((v): v is string => typeof v === 'string'))]
    const index = new Map(words.map((word, i) => [word, i]))
    return {
      kind: 'dictionary',
      type,
      length,
      validity,
      words,
      codes: Int32Array.from(values, (v) => index.get(v as string) ?? 0),
    }
  }
  const array = fixedArray(type, length)
  if (array === undefined) return { kind: 'object', type, length, validity, values }
  for (let i = 0; i < length; i++) {
    const value = values[i]
    if (value === null || value === undefined) continue
    if (array instanceof BigInt64Array) array[i] = BigInt(value as bigint | number)
    else array[i] = Number(value)
  }
  return { kind: 'fixed', type, length, validity, values: array }
}

/** The typed array that holds `length` values of a fixed-width type, or undefined for the others. */
export function fixedArray(type: Type, length: number): FixedArray | undefined {
  if (typeof type === 'object') return 'decimal' in type ? new BigInt64Array(length) : undefined
  switch (type) {
    case 'bool':
      return new Uint8Array(length)
    case 'int32':
    case 'date':
      return new Int32Array(length)
    case 'int64':
    case 'timestamp':
    case 'local timestamp':
    case 'duration':
      return new BigInt64Array(length)
    case 'float32':
      return new Float32Array(length)
    case 'float64':
      return new Float64Array(length)
    default:
      return undefined
  }
}

/** A batch that outlives the next pull. */
export const owned = (batch: Batch): Batch => ({
  ...batch,
  columns: batch.columns.map(
    (c): Column =>
      c.kind === 'fixed'
        ? { ...c, values: c.values.slice() as typeof c.values, validity: c.validity?.slice() ?? null }
        : c,
  ),
})
