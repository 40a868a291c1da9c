import { createReadStream } from 'node:fs'
import { throwIfAborted } from '../../../base/errors.ts'

const [QUOTE, BACKSLASH, OPEN, CLOSE, BEGIN, END, COLON] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x3a]
const CHUNK = 1 << 20
/** Bytes that are looked at, bytes of a key, objects within each other and arrays that are named, at most. */
const [MOST_BYTES, MOST_KEY, MOST_DEEP, MOST_ARRAYS] = [256 << 20, 4096, 16, 10]

/**
 * Where arrays of objects lie within the object that a file begins with, as the option `at` says it (`data.items`): records that do not stand
 * alone. None where the file begins with something else.
 */
export async function arraysWithin(path: string, signal: AbortSignal): Promise<string[]> {
  const found: string[] = []
  /** The key at hand of each object that is open; undefined while one is awaited. */
  const keys: (string | undefined)[] = []
  let [inText, escaped, arrays, began] = [false, false, 0, false]
  let key: number[] | undefined
  let last: string | undefined
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK, end: MOST_BYTES - 1 })) {
    throwIfAborted(signal)
    for (const byte of chunk as Uint8Array) {
      if (inText) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inText = false
        if (!inText && key) last = Buffer.from(key).toString()
        else if (key && key.length < MOST_KEY) key.push(byte)
        continue
      }
      // blanks, and a byte order mark
      if (byte <= 0x20 || (keys.length === 0 && byte >= 0x80)) continue
      if (began) {
        if (byte === OPEN) found.push(atOf(keys as string[]))
        if (found.length === MOST_ARRAYS) return found
        began = false
      }
      if (byte === QUOTE) {
        inText = true
        key = arrays === 0 && keys.at(-1) === undefined ? [] : undefined
      } else if (arrays > 0) {
        // within an array nothing is looked for
        if (byte === BEGIN || byte === OPEN) arrays++
        else if (byte === END || byte === CLOSE) arrays--
      } else if (byte === OPEN) {
        if (keys.length === MOST_DEEP) arrays = 1
        else keys.push(undefined)
      } else if (keys.length === 0) return found
      else if (byte === COLON) {
        keys[keys.length - 1] = unescaped(last ?? '')
      } else if (byte === BEGIN) {
        arrays = 1
        began = true
      } else if (byte === CLOSE) {
        keys.pop()
        if (keys.length === 0) return found
      } else if (byte === 0x2c) keys[keys.length - 1] = undefined
    }
  }
  return found
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return text
  }
}

const atOf = (keys: readonly string[]): string =>
  keys.some((key) => /[./~]/.test(key) || key === '')
    ? `/${keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`
    : keys.join('.')

/** What is to be said of records that lie within another value; undefined where there are none. */
export function hintOf(within: readonly string[]): string | undefined {
  const [only, another] = within
  if (only === undefined) return undefined
  return another === undefined
    ? `its records seem to lie within: say at: '${only}'`
    : `its records may lie within: say at, one of ${within.map((at) => `'${at}'`).join(', ')}`
}
