import { createReadStream } from 'node:fs'

const [QUOTE, SPACE, LF, CR] = [0x22, 0x20, 0x0a, 0x0d]

/** A record of a CSV file, by the line of the file that it begins in (from 1). */
export interface RecordLine {
  readonly line: number
  readonly blank: boolean
  /** Where its bytes begin and end, its line end not among them. */
  readonly from: number
  readonly to: number
}

/** A record whose line end has not come. */
interface Rest extends Omit<RecordLine, 'blank'> {
  /** Whether a quote in it is open. */
  readonly open: boolean
}

/**
 * The records of a CSV in order, the header and blank lines among them. A quoted cell may hold line ends, so a record's
 * number is not its line.
 */
export async function* recordLines(path: string, delimiter: string): AsyncGenerator<RecordLine> {
  let found: RecordLine[] = []
  const scan = recordScanner(delimiter, (line, blank, from, to) => found.push({ line, blank, from, to }))
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    scan.push(chunk as Uint8Array)
    yield* found
    found = []
  }
  const { open: _, ...rest } = scan.rest()
  if (rest.to > rest.from) yield { ...rest, blank: false }
}

/** Whether a quote in a text of whole records is never closed. */
export function endsOpen(text: string, delimiter: string): boolean {
  const scan = recordScanner(delimiter, () => {})
  scan.push(Buffer.from(text))
  return scan.rest().open
}

type OnRecord = (line: number, blank: boolean, from: number, to: number) => void

/** Where in a cell a byte stands. */
const [OPENS, SPACED, PLAIN, QUOTED, CLOSED] = [0, 1, 2, 3, 4]

/**
 * Tells the records of bytes as they come. As the reader has it, a quote opens a cell at its beginning and after one blank,
 * not after two, and again after the quote that closed it and any blanks; within a cell it is a character.
 */
export function recordScanner(delimiter: string, found: OnRecord): { push(bytes: Uint8Array): void; rest(): Rest } {
  const separator = Buffer.from(delimiter)
  const [begins, length] = [separator[0], separator.length]
  let kept = { matched: 0, line: 1, start: 1, state: OPENS, last: 0, base: 0, from: 0 }
  const push = (bytes: Uint8Array): void => {
    // `matched`: bytes of the separator that were just read
    let { matched, line, start, state, last, from } = kept
    const { base } = kept
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number
      if (byte === LF && last === CR) {
        last = byte
        if (state !== QUOTED) from = base + i + 1
        continue
      }
      last = byte
      const ends = byte === LF || byte === CR
      if (ends) line++
      if (state === QUOTED) {
        if (byte === QUOTE) state = CLOSED
      } else if (ends) {
        found(start, base + i === from, from, base + i)
        start = line
        from = base + i + 1
        state = OPENS
        matched = 0
      } else if (byte === QUOTE) {
        state = state === PLAIN ? PLAIN : QUOTED
        matched = 0
      } else {
        matched = byte === separator[matched] ? matched + 1 : byte === begins ? 1 : 0
        if (matched === length) {
          state = OPENS
          matched = 0
        } else if (byte !== SPACE || (state !== OPENS && state !== CLOSED)) state = PLAIN
        else if (state === OPENS) state = SPACED
      }
    }
    kept = { matched, line, start, state, last, base: base + bytes.length, from }
  }
  return { push, rest: () => ({ line: kept.start, from: kept.from, to: kept.base, open: kept.state === QUOTED }) }
}
