/** Fields of a protocol buffer message, written in their wire format (protobuf.dev/programming-guides/encoding). */
export class Message {
  readonly #parts: Uint8Array[] = []

  /** A whole number from 0 on, or a negative one as ten bytes. */
  int(field: number, value: number | bigint): this {
    return this.#put(varint((field << 3) | 0), varint(value))
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#put(varint((field << 3) | 2), varint(value.length), value)
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encoded())
  }

  /** Whole numbers in one piece. */
  ints(field: number, values: Iterable<number>): this {
    const packed = new Message()
    for (const value of values) packed.#put(varint(value))
    return this.bytes(field, packed.encoded())
  }

  encoded(): Uint8Array {
    return Buffer.concat(this.#parts)
  }

  #put(...parts: Uint8Array[]): this {
    this.#parts.push(...parts)
    return this
  }
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Uint8Array.of(...bytes, Number(rest))
}
