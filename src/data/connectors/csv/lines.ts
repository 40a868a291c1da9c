import { createReadStream } from 'node:fs'

const [QUOTE, LF, CR] = [0x22, 0x0a, 0x0d]

/** A record of a CSV file, by the line of the file that it begins in (from 1). */
export interface RecordLine {
  readonly line: number
  readonly blank: boolean
  /** Where its bytes begin and end, its line end not among them. */
  readonly from: number
  readonly to: number
}

/**
 * The records of a CSV in order, the header and blank lines among them. A quoted cell may hold line ends, so a record's
 * number is not its line.
 */
export async function* recordLines(path: string, delimiter: string): AsyncGenerator<RecordLine> {
  const separator = Buffer.from(delimiter)
  /** Bytes of the separator that were just read. */
  let matched = 0
  let line = 1
  let start = 1
  let quoted = false
  let opens = true
  let last = 0
  let at = -1
  let from = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    for (const byte of chunk as Uint8Array) {
      at++
      const ends = byte === LF || byte === CR
      if (byte === LF && last === CR) {
        last = byte
        if (!quoted) from = at + 1
        continue
      }
      last = byte
      if (ends) line++
      if (quoted) {
        if (byte === QUOTE) quoted = false
      } else if (ends) {
        yield { line: start, blank: at === from, from, to: at }
        start = line
        from = at + 1
        opens = true
      } else if (byte === QUOTE && opens) quoted = true
      else {
        matched = byte === separator[matched] ? matched + 1 : byte === separator[0] ? 1 : 0
        if (matched === separator.length) {
          opens = true
          matched = 0
        } else if (byte !== QUOTE && byte !== 0x20) opens = false
      }
    }
  }
  if (at + 1 > from) yield { line: start, blank: false, from, to: at + 1 }
}
