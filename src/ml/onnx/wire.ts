/** A field of a protocol buffer message as it stands in its bytes (protobuf.dev/programming-guides/encoding). */
export interface WireField {
  readonly number: number
  /** 0: a whole number, 1: eight bytes, 2: bytes of their own length, 5: four bytes. */
  readonly kind: number
  /** The whole number of kind 0, as far as 2⁵³; 0 of other kinds. */
  readonly value: number
  /** The bytes of the other kinds: a view, not a copy. */
  readonly bytes: Uint8Array
}

/** What is thrown for bytes that are no message. */
export class WireError extends Error {}

const EMPTY = new Uint8Array(0)
const WIDTHS: Readonly<Record<number, number>> = { 1: 8, 5: 4 }

/** The fields of a message, one after the other. @throws WireError for bytes that end within a field, or that are none */
export function* fieldsOf(bytes: Uint8Array): Generator<WireField, void, undefined> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length) throw new WireError('it ends within a number')
      if (scale > 2 ** 63) throw new WireError('a number has no end')
      const byte = bytes[at++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const [number, kind] = [Math.floor(key / 8), key % 8]
    if (number === 0 || number > 2 ** 29) throw new WireError('a field has no number')
    if (kind === 0) {
      yield { number, kind, value: varint(), bytes: EMPTY }
      continue
    }
    const length = kind === 2 ? varint() : WIDTHS[kind]
    if (length === undefined) throw new WireError(`a field is of the kind ${kind}, which there is not`)
    if (length > bytes.length - at) throw new WireError('it ends within a field')
    yield { number, kind, value: 0, bytes: bytes.subarray(at, at + length) }
    at += length
  }
}

/** Whole numbers of a repeated field: one, or many in one piece. */
export function wholes(field: WireField): number[] {
  if (field.kind === 0) return [field.value]
  const found: number[] = []
  let [value, scale] = [0, 1]
  for (const byte of field.bytes) {
    value += (byte & 127) * scale
    scale *= 128
    if (byte >= 128) continue
    found.push(value)
    ;[value, scale] = [0, 1]
  }
  return found
}

const decoder = new TextDecoder()
export const textOf = (field: WireField): string => decoder.decode(field.bytes)
