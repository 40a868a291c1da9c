import { Type as TypeId } from '@uwdata/flechette'
import type { GalleyError } from '../../base/errors.ts'
import { broken, Flat, type Found } from './flat.ts'

/** How deep fields may lie in one another. */
const MOST_DEPTH = 64
/** Times their bytes that texts in the metadata may be of in all: writers may name the same one twice. */
const TEXTS = 4
const MAGIC = 'ARROW1'
/** Bytes of a field node, a buffer's place and a block of a file. */
const NODE = 16
const BLOCK = 24

/** Kinds of messages. */
const SCHEMA = 1
const DICTIONARY = 2
const RECORDS = 3

/**
 * Follows the metadata of an Arrow IPC stream or file as the library will, and refuses what leads outside of the bytes, back, or
 * to more than they can hold: the library believes every count and offset. Entries of all lists together are at most as many
 * as there are bytes, so that lists which are shared again and again are refused too.
 *
 * @throws SOURCE_BROKEN
 */
export function verifyIpc(bytes: Uint8Array): void {
  const found: Found = { bytes, left: bytes.byteLength, texts: TEXTS * bytes.byteLength, fields: 0 }
  if (isMagic(bytes)) verifyFile(found)
  else for (let at: number | undefined = 0; at !== undefined; ) at = verifyMessage(found, at)
}

const isMagic = (bytes: Uint8Array): boolean =>
  bytes.length >= MAGIC.length && [...MAGIC].every((c, i) => bytes[i] === c.charCodeAt(0))

function verifyFile(found: Found): void {
  const whole = new Flat(found.bytes, found)
  const end = found.bytes.length - MAGIC.length - 4
  if (end < MAGIC.length || !isMagic(found.bytes.subarray(end + 4)))
    throw broken(
      `it was cut: a file that begins with ${MAGIC} ends with it, and this one, of ${found.bytes.length} bytes, does not`,
    )
  const footer = whole.table(end - whole.int32(end))
  const schema = footer.at(6)
  if (schema === undefined) throw broken('its footer names no columns')
  verifySchema(whole, schema, found)
  const [dictionaries, records] = [whole.list(footer.at(8), BLOCK), whole.list(footer.at(10), BLOCK)]
  // the library looks for the dictionaries before each batch
  if (dictionaries.length * records.length > found.bytes.length * 64)
    throw broken(`${dictionaries.length} dictionaries and ${records.length} batches in ${found.bytes.length} bytes`)
  for (const at of [...dictionaries, ...records]) verifyMessage(found, whole.int64(at))
  verifyNotes(whole, footer.at(12))
}

const cut = (what: string, size: number, from: number, { length }: Uint8Array): GalleyError =>
  broken(`it was cut, or is damaged: ${what} of ${size} bytes at ${from}, and there are ${length} bytes`)

/** One message; gives where the next one begins, or undefined after the last. */
function verifyMessage(found: Found, at: number): number | undefined {
  const { bytes } = found
  const whole = new Flat(bytes, found)
  // a stream may end without its end mark
  if (at >= bytes.length) return undefined
  let from = at + 4
  let size = whole.int32(at)
  if (size === -1) {
    if (from >= bytes.length) return undefined
    size = whole.int32(from)
    from += 4
  }
  if (size === 0) return undefined
  if (size < 0 || from + size > bytes.length) throw cut('metadata', size, from, bytes)
  const head = new Flat(bytes.subarray(from, from + size), found)
  const message = head.table(0)
  from += size
  const content = message.at(8)
  if (content === undefined) return from
  const body = message.int64(10, 0)
  if (body < 0 || from + body > bytes.length) throw cut('a body', body, from, bytes)
  const version = message.int16(4, 0)
  const kind = message.uint8(6, 0)
  if (kind === SCHEMA) verifySchema(head, content, found)
  else if (kind === RECORDS) verifyRecords(head, content, version, body, found, found.fields)
  else if (kind === DICTIONARY) {
    const words = head.table(content).at(6)
    if (words === undefined) throw broken('a dictionary without words')
    verifyRecords(head, words, version, body, found, 1)
  } else throw broken(`a message of kind ${kind}`)
  return from + body
}

function verifySchema(flat: Flat, at: number, found: Found): void {
  const schema = flat.table(at)
  let fields = 0
  for (const field of flat.list(schema.at(6), 4)) fields += verifyField(flat, field, 0)
  verifyNotes(flat, schema.at(8))
  // the first one counts
  if (found.fields === 0) found.fields = fields
}

/** Gives how many nodes a batch has for it: one, and those of its parts. */
function verifyField(flat: Flat, at: number, depth: number): number {
  if (depth > MOST_DEPTH) throw broken(`fields lie in one another more than ${MOST_DEPTH} deep`)
  const field = flat.table(at)
  flat.text(field.at(4))
  const type = field.at(10)
  const kind = field.uint8(8, 0)
  if (type !== undefined) verifyType(flat, type, kind)
  else if (TOLD.has(kind)) throw broken(`a type of kind ${kind} that is not told further`)
  const dictionary = field.at(12)
  if (dictionary !== undefined) {
    const index = flat.table(dictionary).at(6)
    if (index !== undefined) flat.table(index)
  }
  const children = flat.list(field.at(14), 4)
  if (children.length < (PARTS[kind] ?? 0)) throw broken(`a type of kind ${kind} with ${children.length} parts`)
  let nodes = 1
  for (const child of children) nodes += verifyField(flat, child, depth + 1)
  verifyNotes(flat, field.at(16))
  return dictionary === undefined ? nodes : 1
}

/** How many parts types have at least, by their kind. */
const PARTS: Readonly<Record<number, number>> = {
  [TypeId.List]: 1,
  [TypeId.LargeList]: 1,
  [TypeId.ListView]: 1,
  [TypeId.LargeListView]: 1,
  [TypeId.FixedSizeList]: 1,
  [TypeId.Map]: 1,
  [TypeId.RunEndEncoded]: 2,
}

/** Kinds of types that numbers tell further; the library takes any bytes for them when they are not there. */
const TOLD: ReadonlySet<number> = new Set([
  TypeId.Int,
  TypeId.Float,
  TypeId.Decimal,
  TypeId.Date,
  TypeId.Time,
  TypeId.Timestamp,
  TypeId.Interval,
  TypeId.Duration,
  TypeId.FixedSizeBinary,
  TypeId.FixedSizeList,
  TypeId.Map,
  TypeId.Union,
])

/** Digits that a decimal of so many bits has room for. */
const DIGITS: Readonly<Record<number, number>> = { 32: 9, 64: 18, 128: 38, 256: 76 }

/** The numbers by which a type is told: the library computes with some of them before anything looks at them. */
function verifyType(flat: Flat, at: number, kind: number): void {
  const type = flat.table(at)
  if (kind === TypeId.Timestamp) flat.text(type.at(6))
  if (kind === TypeId.Union) flat.list(type.at(6), 4)
  if (kind === TypeId.Decimal) {
    const [digits, scale, bits] = [type.int32(4, 0), type.int32(6, 0), type.int32(8, 128)]
    if (!(digits >= 1 && digits <= (DIGITS[bits] ?? 0) && scale >= 0 && scale <= digits))
      throw broken(`a decimal of ${digits} digits, ${scale} of them after the point, in ${bits} bits`)
  }
  if (kind === TypeId.FixedSizeBinary || kind === TypeId.FixedSizeList) {
    const size = type.int32(4, 0)
    if (size < 0) throw broken(`values of ${size} ${kind === TypeId.FixedSizeList ? 'items' : 'bytes'} each`)
  }
}

function verifyNotes(flat: Flat, at: number | undefined): void {
  for (const note of flat.list(at, 4)) {
    const { at: slot } = flat.table(note)
    flat.text(slot(4))
    flat.text(slot(6))
  }
}

/** `fields`: how many nodes there must be. */
function verifyRecords(flat: Flat, at: number, version: number, body: number, found: Found, fields: number): void {
  const records = flat.table(at)
  // a row takes a bit at least, somewhere
  const most = found.bytes.length * 8
  const rows = (length: number) => {
    if (length < 0 || length > most)
      throw broken(`a column is shorter than it says: ${length} rows in ${found.bytes.length} bytes`)
  }
  rows(records.int64(4, 0))
  const nodes = flat.list(records.at(6), NODE)
  if (nodes.length < fields) throw broken(`a batch of ${nodes.length} columns and parts where there are ${fields}`)
  for (const node of nodes) rows(flat.int64(node))
  // before version 4, a page's number came first
  const skip = version < 3 ? 8 : 0
  const regions = flat.list(records.at(8), NODE + skip)
  for (const region of regions) {
    const [offset, length] = [flat.int64(region + skip), flat.int64(region + skip + 8)]
    if (offset < 0 || length < 0 || offset + length > body)
      throw broken(`a buffer of ${length} bytes at ${offset} in a body of ${body}`)
  }
  const compression = records.at(10)
  if (compression !== undefined) flat.table(compression)
  let buffers = 0
  for (const count of flat.list(records.at(12), 8)) {
    const n = flat.int64(count)
    buffers += n
    if (n < 0 || buffers > regions.length) throw broken(`${n} buffers of texts where there are ${regions.length}`)
  }
}
