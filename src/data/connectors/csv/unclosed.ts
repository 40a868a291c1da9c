import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { chunkSize } from '../files.ts'
import { type RecordLine, recordScanner } from './lines.ts'

/** The end of a file from where a record begins whose quote is never closed. */
export interface Unclosed {
  /** The file that has it. */
  readonly path: string
  readonly from: number
  /** The line of the file that it begins in (from 1). */
  readonly line: number
  /** Lines from there on that have something in them. */
  readonly lines: number
}

/** How the records of a CSV follow each other. */
export interface Records {
  /** Records with something in them, the header among them, and blank lines; what is never closed is not among them. */
  readonly filled: number
  readonly blank: number
  readonly unclosed: Unclosed | undefined
}

/** Counts the records of a file. @throws CANCELLED */
export async function countRecords(path: string, delimiter: string, signal: AbortSignal): Promise<Records> {
  let [filled, blank] = [0, 0]
  const scan = recordScanner(delimiter, (_, empty) => (empty ? blank++ : filled++))
  for await (const chunk of createReadStream(path, { highWaterMark: await chunkSize(path, 1 << 20) })) {
    throwIfAborted(signal)
    scan.push(chunk as Uint8Array)
  }
  const { open, line, from, to } = scan.rest()
  if (open) {
    let lines = 0
    for await (const { begin, end } of linesFrom(path, from)) if (end > begin) lines++
    return { filled, blank, unclosed: { path, from, line, lines } }
  }
  return { filled: filled + (to > from ? 1 : 0), blank, unclosed: undefined }
}

/** The lines of what is never closed. A reader would take all of them for one cell, and leave them out. */
export async function* unclosedLines({ path, from, line }: Unclosed): AsyncGenerator<RecordLine> {
  let at = line
  for await (const { begin, end } of linesFrom(path, from)) {
    if (end > begin) yield { line: at, blank: false, from: begin, to: end }
    at++
  }
}

/** Copies a file up to what is never closed. @throws CANCELLED */
export async function withoutUnclosed({ path, from }: Unclosed, target: string, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(createReadStream(path, { end: from - 1 }), createWriteStream(target), { signal })
  } catch (cause) {
    throwIfAborted(signal)
    throw cause
  }
}

const [LF, CR] = [0x0a, 0x0d]

async function* linesFrom(path: string, from: number): AsyncGenerator<{ begin: number; end: number }> {
  let begin = from
  let base = from
  let last = 0
  for await (const chunk of createReadStream(path, { start: from, highWaterMark: 1 << 20 })) {
    const bytes = chunk as Uint8Array
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number
      if (byte === LF && last === CR) begin = base + i + 1
      else if (byte === LF || byte === CR) {
        yield { begin, end: base + i }
        begin = base + i + 1
      }
      last = byte
    }
    base += bytes.length
  }
  if (base > begin) yield { begin, end: base }
}
