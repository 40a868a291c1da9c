import { Type as TypeId } from '@uwdata/flechette'
import { GalleyError } from '../../base/errors.ts'

/** How deep fields may lie in one another. */
const MOST_DEPTH = 64
const MAGIC = 'ARROW1'
/** Bytes of a field node, a buffer's place and a block of a file. */
const NODE = 16
const BLOCK = 24

/** Kinds of messages. */
const SCHEMA = 1
const DICTIONARY = 2
const RECORDS = 3

/** What is known so far. */
interface Found {
  readonly bytes: Uint8Array
  /** Entries that lists may still have. */
  left: number
  /** Columns and their parts, each of which every batch has a node for. */
  fields: number
}

/**
 * Follows the metadata of an Arrow IPC stream or file as the library will, and refuses what leads outside of the bytes, back, or
 * to more than they can hold: the library believes every count and offset. Entries of all lists together are at most as many
 * as there are bytes, so that lists which are shared again and again are refused too.
 *
 * @throws SOURCE_BROKEN
 */
export function verifyIpc(bytes: Uint8Array): void {
  const found: Found = { bytes, left: bytes.byteLength, fields: 0 }
  const isFile = bytes.length >= MAGIC.length && [...MAGIC].every((c, i) => bytes[i] === c.charCodeAt(0))
  if (isFile) verifyFile(found)
  else for (let at: number | undefined = 0; at !== undefined; ) at = verifyMessage(found, at)
}

function verifyFile(found: Found): void {
  const whole = new Flat(found.bytes, found)
  const end = found.bytes.length - MAGIC.length - 4
  const footer = whole.table(end - whole.int32(end))
  const schema = footer.at(6)
  if (schema !== undefined) verifySchema(whole, schema, found)
  const [dictionaries, records] = [whole.list(footer.at(8), BLOCK), whole.list(footer.at(10), BLOCK)]
  // the library looks for the dictionaries before each batch
  if (dictionaries.length * records.length > found.bytes.length * 64)
    throw broken(`${dictionaries.length} dictionaries and ${records.length} batches in ${found.bytes.length} bytes`)
  for (const at of [...dictionaries, ...records]) verifyMessage(found, whole.int64(at))
  verifyNotes(whole, footer.at(12))
}

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
  if (size < 0 || from + size > bytes.length) throw broken(`metadata of ${size} bytes at ${from} of ${bytes.length}`)
  const head = new Flat(bytes.subarray(from, from + size), found)
  const message = head.table(0)
  from += size
  const content = message.at(8)
  if (content === undefined) return from
  const body = message.int64(10, 0)
  if (body < 0 || from + body > bytes.length) throw broken(`a body of ${body} bytes at ${from} of ${bytes.length}`)
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
  if (type !== undefined) {
    const of = flat.table(type)
    if (kind === TypeId.Timestamp) flat.text(of.at(6))
    if (kind === TypeId.Union) flat.list(of.at(6), 4)
  }
  const dictionary = field.at(12)
  if (dictionary !== undefined) {
    const index = flat.table(dictionary).at(6)
    if (index !== undefined) flat.table(index)
  }
  let nodes = 1
  for (const child of flat.list(field.at(14), 4)) nodes += verifyField(flat, child, depth + 1)
  verifyNotes(flat, field.at(16))
  return dictionary === undefined ? nodes : 1
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

interface Table {
  /** Where a slot's value lies; undefined when the table has none. */
  at(slot: number): number | undefined
  uint8(slot: number, other: number): number
  int16(slot: number, other: number): number
  int64(slot: number, other: number): number
}

/** A flatbuffer whose every step is held to its bytes. */
class Flat {
  readonly #view: DataView
  readonly #found: Found

  constructor(bytes: Uint8Array, found: Found) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#found = found
  }

  #within(at: number, size: number): number {
    if (!(at >= 0 && at + size <= this.#view.byteLength))
      throw broken(`its metadata point at ${at}, outside of ${this.#view.byteLength} bytes`)
    return at
  }

  int32 = (at: number): number => this.#view.getInt32(this.#within(at, 4), true)
  int64 = (at: number): number => Number(this.#view.getBigInt64(this.#within(at, 8), true))

  table(at: number): Table {
    const position = at + this.int32(at)
    const slots = position - this.int32(position)
    const size = this.#view.getInt16(this.#within(slots, 2), true)
    if (size < 0) throw broken(`a table of ${size} bytes`)
    this.#within(slots, size)
    const find = (slot: number): number | undefined => {
      if (slot + 2 > size) return undefined
      const offset = this.#view.getInt16(slots + slot, true)
      if (offset < 0) throw broken(`a value ${-offset} bytes before its table`)
      return offset === 0 ? undefined : this.#within(position + offset, 1)
    }
    const read = (slot: number, other: number, f: (at: number) => number): number => {
      const found = find(slot)
      return found === undefined ? other : f(found)
    }
    return {
      at: find,
      uint8: (slot, other) => read(slot, other, (i) => this.#view.getUint8(this.#within(i, 1))),
      int16: (slot, other) => read(slot, other, (i) => this.#view.getInt16(this.#within(i, 2), true)),
      int64: (slot, other) => read(slot, other, this.int64),
    }
  }

  /** Where the entries of a list lie, `size` bytes each. */
  list(at: number | undefined, size: number): readonly number[] {
    if (at === undefined) return []
    const base = at + this.int32(at)
    const count = this.int32(base)
    if (count < 0) throw broken(`a list of ${count} entries`)
    this.#within(base + 4, count * size)
    this.#found.left -= count
    if (this.#found.left < 0) throw broken('its metadata name more entries than there are bytes')
    return Array.from({ length: count }, (_, i) => base + 4 + i * size)
  }

  /** Checks that a text lies within. */
  text(at: number | undefined): void {
    if (at === undefined) return
    const base = at + this.int32(at)
    this.#within(base + 4, Math.max(0, this.int32(base)))
  }
}

const broken = (why: string): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: 'the bytes are not Arrow IPC, or are broken',
    why,
    fix: 'write it again as an Arrow IPC stream or file, uncompressed',
  })
