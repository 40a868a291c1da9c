import { createReadStream } from 'node:fs'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { chunkSize } from '../files.ts'

/** What a look over all bytes of a file of JSON says of it. */
export interface JsonLook {
  /** Whether every record begins as an object does. */
  readonly objects: boolean
  /** Whether a number has a point or an exponent and more digits than a double tells apart. */
  readonly long: boolean
  /** Whether all that was opened is closed: an array that is cut may end in a bracket all the same, that of a record. */
  readonly ended: boolean
}

/** How deep values may lie in each other: what takes them apart goes as deep on the stack. */
const MOST_DEEP = 1000
/** Digits that a double keeps in every case. */
const DIGITS = 15
const CHUNK = 1 << 20

const [QUOTE, BACKSLASH, LINE, OPEN] = [0x22, 0x5c, 0x0a, 0x7b]
/** What a byte outside of texts is; all others begin or go on with `true`, `false`, `null`, or nothing that JSON has. */
const [TEXT, DIGIT, POINT, SIGN, DEEPER, UP, BREAK, COMMA, BLANK] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const KINDS = new Uint8Array(256)
for (const [bytes, kind] of [
  ['"', TEXT],
  ['0123456789', DIGIT],
  ['.eE', POINT],
  ['+-', SIGN],
  ['{[', DEEPER],
  ['}]', UP],
  ['\n', BREAK],
  [',', COMMA],
  [' \t\r:', BLANK],
] as const)
  for (const byte of bytes) KINDS[byte.charCodeAt(0)] = kind

/** Bytes at which a text is looked at. */
const STOPS = new Uint8Array(256)
for (const byte of [QUOTE, BACKSLASH, LINE]) STOPS[byte] = 1

/** Where a look is: carried from one chunk of the file to the next. */
interface State {
  objects: boolean
  long: boolean
  inText: boolean
  escaped: boolean
  depth: number
  line: number
  /** Whether a record is awaited. */
  fresh: boolean
  /** Of the number at hand: its digits, and whether it has a point or an exponent. */
  digits: number
  broken: boolean
}

/**
 * Looks over the bytes of a file, one object a line or one array, before anything takes it apart.
 * @throws SOURCE_BROKEN for values that lie too deep in each other
 */
export async function lookOver(path: string, named: string, array: boolean, signal: AbortSignal): Promise<JsonLook> {
  const state: State = {
    ...{ objects: true, long: false, inText: false, escaped: false, depth: 0, line: 1 },
    ...{ fresh: true, digits: 0, broken: false },
  }
  for await (const chunk of createReadStream(path, { highWaterMark: await chunkSize(path, CHUNK) })) {
    throwIfAborted(signal)
    if (!look(chunk as Uint8Array, state, array)) throw tooDeep(named, state.line)
  }
  return { objects: state.objects, long: state.long, ended: state.depth === 0 && !state.inText }
}

/** The loop over the bytes of a chunk, in local variables; false where values lie too deep. */
function look(bytes: Uint8Array, state: State, array: boolean): boolean {
  const outside = array ? 1 : 0
  let { objects, long, inText, escaped, depth, line, fresh, digits, broken } = state
  const n = bytes.length
  for (let i = 0; i < n; i++) {
    if (inText) {
      if (escaped) {
        escaped = false
        i++
      }
      for (;;) {
        while (i < n && STOPS[bytes[i] as number] === 0) i++
        if (i >= n || bytes[i] === QUOTE || (bytes[i] === LINE && !array)) break
        // what follows a backslash is no end; it may be in the next chunk
        if (bytes[i] === BACKSLASH) i++
        i++
      }
      if (i >= n) {
        escaped = i > n
        break
      }
      inText = false
      // a text does not go over the end of its line, which is looked at as one
      if (bytes[i] === QUOTE) continue
    }
    const byte = bytes[i] as number
    const kind = KINDS[byte] as number
    if (kind === DIGIT || kind === POINT) {
      if (kind === DIGIT) digits++
      else broken = true
      if (broken && digits > DIGITS) long = true
    } else if (kind !== SIGN) {
      digits = 0
      broken = false
    }
    if (kind === TEXT) inText = true
    if (kind === BREAK) {
      line++
      if (!array) {
        depth = 0
        fresh = true
      }
    } else if (fresh && depth === outside) {
      if (byte === OPEN) fresh = false
      else if (kind !== BLANK && kind !== COMMA && !(array && kind === UP)) objects = false
    } else if (kind === COMMA && depth === outside) fresh = true
    if (kind === DEEPER) {
      if (++depth > MOST_DEEP) {
        state.line = line
        return false
      }
    } else if (kind === UP) depth--
  }
  Object.assign(state, { objects, long, inText, escaped, depth, line, fresh, digits, broken })
  return true
}

/** An array whose end is not there. */
export const cutArray = (named: string): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: `${named} can't be read as JSON`,
    why: 'its array does not end',
    fix: 'copy or download the file again: it was cut; JSON is one object a line, or one array of objects, to its end',
  })

const tooDeep = (named: string, line: number): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: `${named} holds values too deep in each other`,
    why: `in line ${line} more than ${MOST_DEEP.toLocaleString('en-US')} objects and arrays are open at once`,
    fix: 'check where it comes from: a file like that is damaged, or made to do harm',
    details: { line },
  })
