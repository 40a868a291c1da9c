import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { GalleyError } from '../../../base/errors.ts'
import { unknownColumn } from '../../../plan/types.ts'
import { chunkSize } from '../files.ts'

/** What the first lines of a CSV say of the rest. */
export interface Header {
  readonly delimiter: string
  /** Blank lines before the header. */
  readonly blank: number
  /** The header's cells, without spaces around them; a cell may be empty. */
  readonly cells: readonly string[]
  /** Bytes up to the first record after the header. */
  readonly bytes: number
}

/** A header as it is kept beside rows that were set aside, so that they can be read when the file is another, or gone. */
export const headerText = ({ delimiter, cells }: KeptHeader): string => JSON.stringify({ delimiter, cells })
export const headerFrom = (text: string): KeptHeader => JSON.parse(text) as KeptHeader
export type KeptHeader = Pick<Header, 'delimiter' | 'cells'>

const DELIMITERS = [',', ';', '\t', '|']
const HEAD_BYTES = 1 << 20

/** Reads the header line; messages name `path`. The delimiter, when not given, is the one that makes the most cells. @throws SOURCE_BROKEN */
export async function readHeader(file: string, given: unknown, path: string = file): Promise<Header> {
  const most = await chunkSize(file, HEAD_BYTES)
  const opened = await open(file)
  const { buffer, bytesRead } = await opened.read(Buffer.alloc(most), 0, most, 0)
  await opened.close()
  checkEncoding(path, buffer.subarray(0, bytesRead))
  const all = buffer.toString('utf8', 0, bytesRead)
  const head = all.replace(/^\uFEFF/, '')
  const [before = ''] = /^[\r\n]*/.exec(head) ?? []
  const text = head.slice(before.length)
  if (text === '') throw broken(path, 'it has no header line', 'name the columns in the first line')
  // a quote within a cell means that the header was cut at the wrong places
  const cellsOf = (d: string) => {
    const { cells } = firstRecord(text, d)
    return cells.some((c) => c.includes('"')) ? 0 : cells.length
  }
  if (typeof given === 'string' && !isDelimiter(given))
    throw new GalleyError('RECIPE_INVALID', {
      what: `${JSON.stringify(given)} can't be the delimiter of ${path}`,
      why: 'it is what stands between two cells: one to four bytes, and no quote, line end or NUL',
      fix: "give it, for instance csv(…, { delimiter: ';' }), or leave it out to have it found",
    })
  const delimiter = typeof given === 'string' ? given : DELIMITERS.reduce((a, b) => (cellsOf(b) > cellsOf(a) ? b : a))
  const { cells, end, closed } = firstRecord(text, delimiter)
  if (end === text.length && bytesRead === HEAD_BYTES)
    throw broken(
      path,
      `its header line is longer than ${HEAD_BYTES / 2 ** 20} MiB: ${cells.length.toLocaleString('en-US')} columns, and more`,
      'check that it has a header line and lines that end; a table so wide is written as rows of (row, column, value)',
    )
  if (!closed)
    throw broken(path, 'a quote in its header line is never closed', 'close it, or write it twice where it is meant')
  if (cells.some((cell) => cell.includes('\0')))
    throw broken(
      path,
      'its header line holds NUL characters, as text in UTF-16 does',
      "give its encoding, csv(…, { encoding: 'utf-16le' }), or save it as “CSV UTF-8”",
    )
  sameLineEnds(path, before + text, before.length + end)
  const [lineEnd = ''] = /^(\r\n|\r|\n)/.exec(text.slice(end, end + 2)) ?? []
  return {
    delimiter,
    blank: before.split(/\r\n|\r|\n/).length - 1,
    cells: cells.map((c) => c.trim()),
    bytes: Buffer.byteLength(all.slice(0, all.length - text.length + end)) + lineEnd.length,
  }
}

const isDelimiter = (text: string): boolean => text !== '' && Buffer.byteLength(text) <= 4 && !/["\r\n\0]/.test(text)

/** Files that begin otherwise than a CSV, by their first bytes. */
const OTHERS: readonly (readonly [first: readonly number[], what: string, fix: string])[] = [
  [[0x50, 0x4b, 3, 4], 'it is a ZIP archive or an Excel workbook', 'unpack it, or save the sheet as “CSV UTF-8”'],
  [[0x89, 0x50, 0x4e, 0x47], 'it is a PNG image', 'name a file of text'],
  [[0xff, 0xd8, 0xff], 'it is a JPEG image', 'name a file of text'],
  [[0x25, 0x50, 0x44, 0x46], 'it is a PDF document', 'name a file of text'],
  [[0xd0, 0xcf, 0x11, 0xe0], 'it is an Excel workbook', 'save the sheet as “CSV UTF-8”'],
  [[0x50, 0x41, 0x52, 0x31], 'it is a Parquet file', 'read it with parquet(…)'],
]

/** @throws SOURCE_BROKEN for bytes that are not text in UTF-8 */
function checkEncoding(path: string, head: Buffer): void {
  const other = OTHERS.find(([first]) => first.every((byte, i) => head[i] === byte))
  if (other) throw broken(path, other[1], other[2])
  // the last character may be cut at the end of what was read
  const whole = head.length < HEAD_BYTES ? head : head.subarray(0, head.length - 4)
  const at = firstInvalid(whole)
  if (at !== undefined)
    throw broken(
      path,
      `it is not text in UTF-8: byte ${at + 1} begins no character`,
      "leave its encoding out to have it found where it is told from the bytes (CP949, UTF-16), or give it, for instance csv(…, { encoding: 'windows-1252' })",
    )
}

/** The place of the first byte that is no UTF-8. */
function firstInvalid(bytes: Buffer): number | undefined {
  if (isUtf8(bytes)) return undefined
  let [low, high] = [0, bytes.length]
  // the longest beginning that is valid, but for a character that is cut
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ([0, 1, 2, 3].some((cut) => middle >= cut && isUtf8(bytes.subarray(0, middle - cut)))) low = middle
    else high = middle - 1
  }
  for (let cut = 0; cut < 4; cut++) if (isUtf8(bytes.subarray(0, low - cut))) return low - cut
  return low
}

/** The place of each declared column among the cells. @throws PLAN_UNKNOWN_COLUMN, SOURCE_SCHEMA for one that is there twice */
export function placesOf(columns: readonly string[], { cells }: Header, path: string): number[] {
  return columns.map((name) => {
    const places = cells.flatMap((cell, i) => (cell === name ? [i] : []))
    const [first] = places
    if (name === '' || first === undefined)
      throw unknownColumn(
        name,
        cells.filter((c) => c !== ''),
        path,
      )
    if (places.length > 1)
      throw new GalleyError('SOURCE_SCHEMA', {
        what: `${path} has ${places.length} columns named '${name}'`,
        why: `cells ${places.map((i) => i + 1).join(' and ')} of its header line are the same, so it is open which one is meant`,
        fix: 'give them different names in the file',
        details: { column: name, cells: places.map((i) => i + 1) },
      })
    return first
  })
}

/** The first record's cells, and where its line end begins. */
function firstRecord(text: string, delimiter: string): { cells: string[]; end: number; closed: boolean } {
  const cells: string[] = []
  let cell = ''
  let blank = true
  let at = 0
  while (at < text.length) {
    if (blank && text[at] === '"') {
      const close = closing(text, at)
      if (close < 0) return { cells: [...cells, cell], end: text.length, closed: false }
      cell = text.slice(at + 1, close).replaceAll('""', '"')
      blank = cell.trim() === ''
      at = close + 1
      // what follows the closing quote up to the delimiter is the reader's matter
    } else if (text.startsWith(delimiter, at)) {
      cells.push(cell)
      cell = ''
      blank = true
      at += delimiter.length
    } else if (text[at] === '\n' || text[at] === '\r') break
    else {
      const c = text[at++] as string
      cell += c
      blank &&= c.trim() === ''
    }
  }
  return { cells: [...cells, cell], end: at, closed: true }
}

/** The place of the quote that closes the one at `at`; -1 without one. */
function closing(text: string, at: number): number {
  for (let i = text.indexOf('"', at + 1); i >= 0; i = text.indexOf('"', i + 2)) if (text[i + 1] !== '"') return i
  return -1
}

/** The reader takes one kind of line end a file; a header that was written by another program often has its own. */
function sameLineEnds(path: string, head: string, at: number): void {
  const own = /^(\r\n|\r|\n)/.exec(head.slice(at, at + 2))?.[0]
  if (own === undefined) return
  const next = /\r\n|\r|\n/.exec(unquoted(head.slice(at + own.length)))?.[0]
  if (next !== undefined && next !== own)
    throw broken(
      path,
      `its header line ends in ${LINE_ENDS[own]}, the lines after it in ${LINE_ENDS[next]}`,
      'write all lines with the same end, for instance: dos2unix FILE',
    )
}

const LINE_ENDS: Readonly<Record<string, string>> = { '\r\n': 'CRLF', '\n': 'LF', '\r': 'CR' }
const unquoted = (text: string): string => text.replace(/"[^"]*("|$)/g, '')

export const broken = (path: string, why: string, fix: string): GalleyError =>
  new GalleyError('SOURCE_BROKEN', { what: `${path} can't be read as a CSV`, why, fix })
