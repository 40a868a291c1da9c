import { GalleyError } from '../../base/errors.ts'

/** What is known so far of the bytes, and how much their metadata may still name. */
export interface Found {
  readonly bytes: Uint8Array
  /** Entries that lists may still have. */
  left: number
  /** Bytes that texts may still have: they may lie in one another, but not again and again. */
  texts: number
  /** Columns and their parts, each of which every batch has a node for. */
  fields: number
}

export interface Table {
  /** Where a slot's value lies; undefined when the table has none. */
  at(slot: number): number | undefined
  uint8(slot: number, other: number): number
  int16(slot: number, other: number): number
  int32(slot: number, other: number): number
  int64(slot: number, other: number): number
}

/** A flatbuffer whose every step is held to its bytes. */
export class Flat {
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
      int32: (slot, other) => read(slot, other, this.int32),
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
    const length = Math.max(0, this.int32(base))
    this.#within(base + 4, length)
    this.#found.texts -= length
    if (this.#found.texts < 0) throw broken('its metadata name longer texts than there are bytes')
  }
}

/** What is wrong with bytes whose metadata lead astray. */
export const broken = (why: string): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: 'the bytes are not Arrow IPC, or are broken',
    why,
    fix: 'write it again as an Arrow IPC stream or file, uncompressed',
  })
