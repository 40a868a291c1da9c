/** What two processes say to each other: JSON, and bytes beside it. */
export interface Frame {
  readonly head: unknown
  readonly body: Uint8Array
}

/** Bytes of a head at most: text has no more. */
const MOST_HEAD = 256 << 20

/** A frame as bytes: two lengths (unsigned 32 bits, little-endian), the JSON, the bytes. */
export function frameOf(head: unknown, pieces: readonly Uint8Array[] = []): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(head))
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32LE(json.length, 0)
  lengths.writeUInt32LE(
    pieces.reduce((sum, p) => sum + p.byteLength, 0),
    4,
  )
  return [lengths, json, ...pieces]
}

/** Puts frames of at most so many bytes together again from pieces as they come; `told` gets each. @throws Error for one that is too long, or no frame */
export function reader(most: number, told: (frame: Frame) => void): (piece: Uint8Array) => void {
  let held: Uint8Array[] = []
  let bytes = 0
  let wanted = 8
  return (piece) => {
    held.push(piece)
    bytes += piece.byteLength
    while (bytes >= wanted) {
      const whole = Buffer.concat(held)
      const [head, body] = [whole.readUInt32LE(0), whole.readUInt32LE(4)]
      if (head > MOST_HEAD || head + body > most) throw new Error('it said more than it may')
      wanted = 8 + head + body
      if (bytes < wanted) {
        held = [whole]
        return
      }
      const at = 8 + head
      told({ head: JSON.parse(whole.toString('utf8', 8, at)), body: new Uint8Array(whole.subarray(at, wanted)) })
      held = [whole.subarray(wanted)]
      bytes -= wanted
      wanted = 8
    }
  }
}
