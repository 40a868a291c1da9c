import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'

const [QUOTE, BACKSLASH, OPEN, CLOSE, BEGIN, END, COLON, COMMA] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x3a, 0x2c]
const CHUNK = 1 << 20
/** Bytes of a key that are looked at, and keys that an error names. */
const [MOST_KEY, MOST_KEYS] = [4096, 100]

/** The keys that lead to the records: `data.items`, or a JSON pointer for keys with dots. @throws RECIPE_INVALID */
export function keysOf(at: unknown): readonly string[] {
  const keys =
    typeof at !== 'string'
      ? []
      : at.startsWith('/')
        ? at.slice(1).split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')) // biome-ignore format: one line
        : at.split('.')
  if (keys.length > 0 && keys.every((key) => key !== '')) return keys
  throw new GalleyError('RECIPE_INVALID', {
    what: `json() can't find records at ${JSON.stringify(at)}`,
    why: 'it names no keys',
    fix: "name the keys that lead to them, for instance { at: 'data.items' }, or { at: '/data/items.all' }",
  })
}

/**
 * Writes the array that the keys lead to into a file of its own, without taking its records apart: memory does not grow with it.
 * @throws SOURCE_BROKEN where there is none
 */
export async function takeOut(
  path: string,
  named: string,
  keys: readonly string[],
  target: string,
  signal: AbortSignal,
): Promise<void> {
  const out = await open(target, 'w')
  try {
    for await (const { bytes } of piecesWithin(path, named, keys, signal)) await out.write(bytes)
  } finally {
    await out.close()
  }
}

/**
 * The text of the array that the keys lead to, piece by piece; `from` is where in the file it begins. Of the file the first `most` bytes are looked at.
 * @throws SOURCE_BROKEN where there is none
 */
export async function* piecesWithin(
  path: string,
  named: string,
  keys: readonly string[],
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ bytes: Uint8Array; from: number; ended: boolean }> {
  const seen: string[] = []
  let [depth, matched, inText, escaped] = [0, 0, false, false]
  // bytes of the key at hand, and the key that was read where its value is awaited
  let key: number[] = []
  let [isKey, last] = [false, undefined as string | undefined]
  /** The depth of the array that is taken out; 0 until it begins. */
  let taking = 0
  let [start, before] = [0, 0]
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK, end: most - 1 })) {
    throwIfAborted(signal)
    const bytes = chunk as Uint8Array
    let from = 0
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] as number
      if (inText) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inText = false
        if (isKey && inText && key.length < MOST_KEY) key.push(byte)
        if (isKey && !inText) last = textOf(key)
        continue
      }
      // a key of the object that the keys lead to so far
      const here = taking === 0 && depth === matched + 1
      if (byte === QUOTE) {
        inText = true
        isKey = here && last === undefined
        if (isKey) key = []
      } else if (byte === COLON) {
        if (here && last !== undefined && seen.length < MOST_KEYS && last !== keys[matched]) seen.push(last)
      } else if (byte === OPEN || byte === BEGIN) {
        const leads = here && last === keys[matched]
        const final = matched === keys.length - 1
        depth++
        if (leads && final && byte === BEGIN) {
          taking = depth
          from = i
          start = before + i
        } else if (leads && !final && byte === OPEN) {
          matched++
          seen.length = 0
        } else if (leads) throw nothing(named, keys, `${final ? 'an object' : 'an array'} is there`)
        else if (depth === 1 && byte === BEGIN) throw nothing(named, keys, 'it is an array itself')
        last = undefined
      } else if (byte === CLOSE || byte === END) {
        if (taking > 0 && depth === taking) {
          yield { bytes: bytes.subarray(from, i + 1), from: start, ended: true }
          return
        }
        // the object that the keys lead to has ended
        if (here) break
        depth--
      } else if (byte === COMMA && here) last = undefined
    }
    if (taking > 0) yield { bytes: bytes.subarray(from), from: start, ended: false }
    before += bytes.length
  }
  throw taking > 0
    ? new GalleyError('SOURCE_BROKEN', {
        what: `${named} can't be read as JSON`,
        why: `the array at ${keys.join('.')} does not end`,
        fix: 'copy or download the file again',
      })
    : nothing(named, keys, seen.length > 0 ? `there is ${seen.join(', ')}` : 'there is nothing of that name')
}

/** A key without its escapes; one that is none is itself. */
function textOf(bytes: readonly number[]): string {
  const text = Buffer.from(bytes).toString()
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return text
  }
}

const nothing = (named: string, keys: readonly string[], why: string): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: `${named} has no array at ${keys.join('.')}`,
    why,
    fix: 'name the keys that lead to the array of records: at',
  })
