import {
  type Batch as ArrowBatch,
  Column as ArrowColumn,
  batchType,
  Table,
  type TypedArray,
  tableToIPC,
} from '@uwdata/flechette'
import { ownValue } from '../../base/own.ts'
import { isDecimal, isList, isStruct, type Type } from '../../plan/types.ts'
import { type Batch, type Column, columnOf, isValid, type ObjectColumn, type Value } from '../batch.ts'
import type { Relation } from '../engine.ts'
import type { Ledger } from '../ledger.ts'
import { arrowFields, arrowType } from './types.ts'

const STAGE = 'arrow'
/** What ends a stream: no message, of length 0. */
const END = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0])

/**
 * A relation as an Arrow IPC stream, batch by batch: pieces of bytes to be written in order. Numbers and times are
 * written from where they lie; what has another layout in Arrow (bools, texts, decimals, nested values) is copied once, and
 * counted. A piece is valid until the next one is asked for.
 */
export async function* ipcStream(
  relation: Relation,
  ledger: Ledger,
  columns?: readonly string[],
): AsyncGenerator<Uint8Array> {
  const schema = columns
    ? columns.map((name) => relation.schema.find((f) => f.name === name)).filter((f) => f !== undefined)
    : relation.schema
  const fields = arrowFields(schema)
  const message = (children: ArrowColumn<unknown>[]): Uint8Array[] => {
    const pieces: Uint8Array[] = []
    const sink = {
      write: (bytes: Uint8Array) => void (bytes.byteLength > 0 && pieces.push(bytes)),
      pad: (bytes: number) => void (bytes > 0 && pieces.push(new Uint8Array(bytes))),
      finish: () => null,
    }
    tableToIPC(new Table({ fields, metadata: null }, children), { sink, format: 'stream' })
    return pieces
  }
  const head = message(fields.map((f) => new ArrowColumn<unknown>([], f.type)))
  const headBytes = sizeOf(head) - END.byteLength
  const give = function* (pieces: readonly Uint8Array[], from: number, to: number): Generator<Uint8Array> {
    let at = 0
    for (const piece of pieces) {
      const [begin, end] = [Math.max(0, from - at), Math.min(piece.byteLength, to - at)]
      at += piece.byteLength
      if (begin >= end) continue
      ledger.add(STAGE, 'bytesOut', end - begin)
      yield piece.subarray(begin, end)
    }
  }
  yield* give(head, 0, headBytes)
  for await (const batch of relation.batches(schema.map((f) => f.name))) {
    if (batch.rows === 0) continue
    const { columns: children, copied } = arrowColumns(batch)
    ledger.add(STAGE, 'copied', copied)
    // each message repeats the schema, which a stream says once
    const pieces = message(children)
    yield* give(pieces, headBytes, sizeOf(pieces) - END.byteLength)
  }
  yield* give([END], 0, END.byteLength)
}

const sizeOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((n, p) => n + p.byteLength, 0)

/** A batch's columns in Arrow's layout, and the bytes that had to be copied for it. */
function arrowColumns(batch: Batch): { columns: ArrowColumn<unknown>[]; copied: number } {
  let copied = 0
  const columns = batch.columns.map((column) => {
    const made = arrowBatch(column)
    copied += made.copied
    return new ArrowColumn<unknown>([made.batch])
  })
  return { columns, copied }
}

interface Layout {
  readonly values?: TypedArray
  readonly offsets?: Int32Array
  readonly children?: readonly ArrowBatch<unknown>[]
  readonly copied: number
}

function arrowBatch(column: Column): { batch: ArrowBatch<unknown>; copied: number } {
  const type = arrowType(column.type)
  const { copied, children, ...arrays } = column.kind === 'object' ? nested(column) : layout(column)
  const Made = batchType(type, {}) as typeof ArrowBatch
  const batch = new Made<unknown>({
    type,
    length: column.length,
    nullCount: missing(column),
    validity: column.validity ?? new Uint8Array(0),
    ...arrays,
    ...(children ? { children: [...children] } : {}),
  })
  return { batch, copied }
}

/** Lists are their items in one column with offsets, structs a column a field, bytes one after another. */
function nested({ type, values, validity, length }: ObjectColumn): Layout {
  const there = values.map((v, i) => (isValid(validity, i) ? (v as Value) : null))
  const column = (own: Type, items: readonly Value[]) =>
    arrowBatch(columnOf({ name: '', type: own, nullable: true }, items))
  if (isStruct(type)) {
    const fields = type.struct.map(([name, own]) =>
      column(
        own,
        there.map((v) => ownValue(v as Readonly<Record<string, Value>> | null, name) ?? null),
      ),
    )
    return { children: fields.map((f) => f.batch), copied: fields.reduce((n, f) => n + f.copied, length * 8) }
  }
  const offsets = new Int32Array(length + 1)
  const items = there.map((v) => (v ?? []) as Uint8Array | readonly Value[])
  for (let i = 0; i < length; i++) offsets[i + 1] = (offsets[i] as number) + (items[i]?.length ?? 0)
  if (isList(type)) {
    const { batch, copied } = column(type.list, (items as (readonly Value[])[]).flat())
    return { offsets, children: [batch], copied: copied + offsets.byteLength }
  }
  const bytes = Buffer.concat(there.map((v) => (v ?? new Uint8Array()) as Uint8Array))
  return { offsets, values: bytes, copied: bytes.byteLength + offsets.byteLength }
}

function layout(column: Exclude<Column, ObjectColumn>): Layout {
  if (column.kind === 'utf8')
    return { offsets: column.offsets.subarray(0, column.length + 1), values: column.bytes, copied: 0 }
  if (column.kind === 'dictionary') return texts(column)
  const { values, length, type } = column
  if (type === 'bool') return bits(values as Uint8Array, length)
  if (isDecimal(type)) return wide(values as BigInt64Array, length)
  return { values: values.subarray(0, length), copied: 0 }
}

function bits(values: Uint8Array, length: number): Layout {
  const packed = new Uint8Array((length + 7) >> 3)
  for (let i = 0; i < length; i++) if (values[i]) packed[i >> 3] = (packed[i >> 3] as number) | (1 << (i & 7))
  return { values: packed, copied: packed.byteLength }
}

function wide(values: BigInt64Array, length: number): Layout {
  const words = new BigUint64Array(length * 2)
  for (let i = 0; i < length; i++) {
    const value = values[i] as bigint
    words[i * 2] = BigInt.asUintN(64, value)
    words[i * 2 + 1] = value < 0n ? 0xffff_ffff_ffff_ffffn : 0n
  }
  return { values: words, copied: words.byteLength }
}

const encoder = new TextEncoder()

/** Each word is encoded once, then its bytes stand wherever its code does. */
function texts({ codes, words, validity, length }: Extract<Column, { kind: 'dictionary' }>): Layout {
  const encoded = words.map((word) => encoder.encode(word))
  const offsets = new Int32Array(length + 1)
  let size = 0
  for (let i = 0; i < length; i++) {
    if (isValid(validity, i)) size += (encoded[codes[i] as number] as Uint8Array).byteLength
    offsets[i + 1] = size
  }
  const values = new Uint8Array(size)
  for (let i = 0; i < length; i++)
    if (isValid(validity, i)) values.set(encoded[codes[i] as number] as Uint8Array, offsets[i] as number)
  return { offsets, values, copied: offsets.byteLength + size }
}

function missing({ validity, length }: Column): number {
  if (validity === null) return 0
  let count = 0
  for (let i = 0; i < length; i++) if (!isValid(validity, i)) count++
  return count
}
