import {
  type Batch as ArrowBatch,
  type Column as ArrowColumn,
  type Field as ArrowField,
  type DataType,
  type Table,
  TimeUnit,
  Type as TypeId,
  tableFromIPC,
} from '@uwdata/flechette'
import { asGalleyError, GalleyError } from '../../base/errors.ts'
import { type Field, isDecimal, isList, isStruct, type Schema, type Type } from '../../plan/types.ts'
import { type Batch, type Column, columnOf, fixedArray, isValid, type Value } from '../batch.ts'
import type { Ledger } from '../ledger.ts'
import { broken, checkLengths } from './lengths.ts'
import { fieldOf, MICROS } from './types.ts'
import { verifyIpc } from './verify.ts'

const STAGE = 'arrow'

/** A batch of codes, and the words of all batches so far. */
type DictionaryBatch = ArrowBatch<unknown> & { readonly dictionary: ArrowColumn<unknown> }

/** What an IPC stream or file holds: its schema, and its batches as views of the given bytes where the layouts are alike. */
export interface IpcTable {
  readonly schema: Schema
  readonly rows: number
  batches(): Iterable<Batch>
}

/**
 * Reads an Arrow IPC stream or file that is in memory. Numbers and times in µs are views of `bytes`; what has another layout
 * (bools, narrow integers, decimals, other units of time, dictionaries, nested values) is copied, and counted.
 * Of bytes that are broken or made to harm, every count, offset and length is held to what is there.
 *
 * @throws SOURCE_BROKEN for bytes that are no Arrow IPC, a type that has no counterpart, a value that does not fit
 */
export function readIpc(bytes: Uint8Array, ledger: Ledger): IpcTable {
  verifyIpc(bytes)
  const table = guarded('the bytes are not Arrow IPC', () =>
    tableFromIPC(bytes, { useBigInt: true, useDecimalInt: true, useDate: false }),
  )
  if (table.schema.fields.length === 0) throw broken('the bytes are not Arrow IPC', 'they name no columns')
  ledger.add(STAGE, 'bytesIn', bytes.byteLength)
  const schema = table.schema.fields.map((f) => {
    const own = fieldOf(f)
    if (own) return own
    throw broken(`the column '${f.name}' has a type that Galley has not`, `Arrow's type ${f.type.typeId}`)
  })
  const count = table.children[0]?.data.length ?? 0
  return {
    schema,
    rows: table.numRows,
    *batches() {
      for (let i = 0; i < count; i++) yield guarded(`batch ${i} can't be read`, () => batchAt(table, i, schema, ledger))
    },
  }
}

function batchAt(table: Table, i: number, schema: Schema, ledger: Ledger): Batch {
  const rows = table.children[0]?.data[i]?.length ?? 0
  const columns = schema.map((f, c) => {
    const from = table.children[c]?.data[i] as ArrowBatch<unknown>
    checkLengths(from, table.schema.fields[c]?.type as DataType, rows)
    const { column, copied } = columnOfBatch(from, table.schema.fields[c]?.type as DataType, f)
    ledger.add(STAGE, 'copied', copied)
    return column
  })
  return { schema, rows, columns }
}

/** Which of a batch's values are there; null when all are. */
function validityOf({ nullCount, validity, length }: ArrowBatch<unknown>): Uint8Array | null {
  if (nullCount === 0 || !validity || validity.byteLength === 0) return null
  return (validity as Uint8Array).subarray(0, (length + 7) >> 3)
}

function columnOfBatch(from: ArrowBatch<unknown>, type: DataType, f: Field): { column: Column; copied: number } {
  const { length } = from
  const validity = validityOf(from)
  const shared = directValues(from, type)
  if (shared) return { column: { kind: 'fixed', type: f.type, length, validity, values: shared as never }, copied: 0 }
  if (type.typeId === TypeId.Utf8) {
    const { offsets, values } = from as unknown as { offsets: Int32Array; values: Uint8Array }
    return { column: { kind: 'utf8', type: 'string', length, validity, offsets, bytes: values }, copied: 0 }
  }
  const into = fixedArray(f.type, length)
  const read = (row: number): Value => readValue(from, type, f.type, row)
  if (into === undefined) {
    const column = columnOf(
      f,
      Array.from({ length }, (_, row) => read(row)),
    )
    return { column, copied: column.kind === 'dictionary' ? column.codes.byteLength : length * 8 }
  }
  for (let row = 0; row < length; row++) {
    const value = read(row)
    if (value === null) continue
    if (into instanceof BigInt64Array) into[row] = value as bigint
    else into[row] = Number(value)
  }
  return { column: { kind: 'fixed', type: f.type, length, validity, values: into }, copied: into.byteLength }
}

/** The values array itself, where its layout is a column's own. */
function directValues(from: ArrowBatch<unknown>, type: DataType): ArrayBufferView | undefined {
  const { values } = from
  switch (type.typeId) {
    case TypeId.Int:
      return values instanceof Int32Array || values instanceof BigInt64Array ? values : undefined
    case TypeId.Float:
    case TypeId.Date:
      return values
    case TypeId.Timestamp:
    case TypeId.Duration:
      return type.unit === TimeUnit.MICROSECOND ? values : undefined
    default:
      return undefined
  }
}

/** Words that were read, by their codes: each is read once, however often it is there. */
const read = new WeakMap<ArrowColumn<unknown>, Map<number, Value>>()

/** One value as Galley holds it; what is nested is read part by part, since the library gives times in it as milliseconds. */
function readValue(from: ArrowBatch<unknown>, type: DataType, own: Type, row: number): Value {
  if (!isValid(validityOf(from), row)) return null
  if (type.typeId === TypeId.Dictionary) {
    const { dictionary, values } = from as DictionaryBatch
    const code = Number((values as Int32Array)[row])
    const part = dictionary.data.findIndex((_, i) => code < (dictionary.offsets[i + 1] as number))
    const words = dictionary.data[part]
    if (!words || code < 0) throw broken('a code has no word', `${code} of ${dictionary.length}`)
    let known = read.get(dictionary)
    if (!known) read.set(dictionary, (known = new Map()))
    let word = known.get(code)
    if (word === undefined) {
      word = readValue(words, type.dictionary, own, code - (dictionary.offsets[part] as number))
      known.set(code, word)
    }
    return word
  }
  if (isList(own)) {
    const child = from.children[0] as ArrowBatch<unknown>
    const item = (type as Extract<DataType, { children: ArrowField[] }>).children[0] as ArrowField
    const [begin, end] = boundsOf(from, type, row)
    if (begin < 0 || end > child.length)
      throw broken('a list lies outside of its items', `${begin} to ${end} of ${child.length}`)
    return Array.from({ length: end - begin }, (_, i) => readValue(child, item.type, own.list, begin + i))
  }
  if (isStruct(own)) {
    const fields = (type as Extract<DataType, { children: ArrowField[] }>).children
    return Object.fromEntries(
      own.struct.map(([name, t], i) => [
        name,
        readValue(from.children[i] as ArrowBatch<unknown>, fields[i]?.type as DataType, t, row),
      ]),
    )
  }
  if (own === 'timestamp' || own === 'local timestamp' || own === 'duration')
    return micros((from.values as BigInt64Array)[row] as bigint, (type as { unit: number }).unit)
  if (own === 'date') return (from.values as Int32Array)[row] as number
  const raw = from.value(row)
  if (own === 'int64' || isDecimal(own)) return fits(BigInt(raw as bigint))
  return own === 'bytes' ? Uint8Array.from(raw as Uint8Array) : (raw as Value)
}

function boundsOf(from: ArrowBatch<unknown>, type: DataType, row: number): [number, number] {
  if (type.typeId === TypeId.FixedSizeList) return [row * type.stride, (row + 1) * type.stride]
  const { offsets } = from
  return [Number(offsets[row]), Number(offsets[row + 1])]
}

const micros = (value: bigint, unit: number): bigint => {
  const factor = MICROS[unit]
  if (factor !== undefined) return fits(BigInt(value) * factor)
  if (value % 1000n !== 0n)
    throw broken('a time does not fit', `${value} ns is between two microseconds, the finest that Galley keeps`)
  return value / 1000n
}

function fits(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value
  throw broken('a number does not fit', `${value} needs more than 64 bits`)
}

/** Whatever a broken file makes the library throw is the file's fault. */
function guarded<T>(what: string, f: () => T): T {
  try {
    return f()
  } catch (error) {
    if (error instanceof GalleyError) throw error
    throw new GalleyError('SOURCE_BROKEN', {
      what,
      why: asGalleyError(error).why ?? String((error as Error).message),
      fix: 'write it again as an Arrow IPC stream or file, uncompressed',
      cause: error,
    })
  }
}
