import { isAscii, isUtf8 } from 'node:buffer'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Transform, type TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, gunzipSync } from 'node:zlib'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { chunkSize } from './files.ts'

/** A file's text in UTF-8. */
export interface Utf8File {
  /** The file itself, or a copy in UTF-8. */
  readonly path: string
  readonly copied: boolean
  /** How the file is written, for people: `UTF-8`, `CP949`, `UTF-16LE`. */
  readonly encoding: string
}

/** As much as the header is looked for in. */
const HEAD_BYTES = 1 << 20
/** The tables of encodings, loaded when a file is read: what only declares a source, in a browser too, does without. */
const tables = async () => (await import('iconv-lite')).default
type Iconv = Awaited<ReturnType<typeof tables>>

const PACKED_BYTES = 1 << 16
const GZIP = [0x1f, 0x8b]
/** A file that unpacks to so much, and to so many times its own size, is taken for one that is made to fill a disk. */
const MOST_UNPACKED = 256 << 20
const MOST_RATIO = 200

/** A file of text as a recipe names it. */
export interface TextFile {
  readonly path: string
  /** The connector, as recipes call it. */
  readonly kind: string
  /** The encoding that the recipe says. */
  readonly encoding: unknown
}

/**
 * A file's text as UTF-8, unpacked when it is gzip. The encoding, when not given, is that of a byte order mark, UTF-16 where
 * its NULs show it, UTF-8 where the beginning is that, or CP949 (with EUC-KR in it) where the beginning is unmistakably Korean.
 * @throws RECIPE_INVALID for an encoding that is unknown, SOURCE_BROKEN for bytes that are not of it, CANCELLED
 */
export async function utf8Of(
  { path, kind, encoding: given }: TextFile,
  target: () => Promise<string>,
  signal: AbortSignal,
): Promise<Utf8File> {
  const iconv = await tables()
  if (
    given !== undefined &&
    !(typeof given === 'string' && iconv.encodingExists(given) && !/^(base64|hex)$/i.test(given))
  )
    throw new GalleyError('RECIPE_INVALID', {
      what: `${kind}() knows no encoding '${String(given)}'`,
      why: 'it takes the names that iconv has',
      fix: `for instance ${kind}(…, { encoding: 'cp949' }), 'utf-16le' or 'windows-1252'`,
    })
  const packed = await headOf(path)
  const zipped = GZIP.every((byte, i) => packed[i] === byte)
  const head = zipped ? unpackedHead(path, packed.subarray(0, PACKED_BYTES)) : packed
  const encoding = typeof given === 'string' ? given.toLowerCase() : encodingOf(head, iconv)
  const utf8 = encoding.replace(/[^a-z0-9]/g, '') === 'utf8'
  const shown = utf8 ? 'UTF-8' : encoding.toUpperCase()
  if (utf8 && !zipped) return { path, copied: false, encoding: shown }
  const copy = await target()
  const { size } = await stat(path)
  const unpack = zipped ? [createGunzip(), bounded(path, size)] : []
  const decode = utf8 ? [] : [decoder(path, kind, encoding, iconv)]
  try {
    await pipeline([createReadStream(path), ...unpack, ...decode, createWriteStream(copy)], { signal })
  } catch (cause) {
    throwIfAborted(signal)
    const { code = '' } = cause as NodeJS.ErrnoException
    if (!/^Z_|^ERR_ZLIB/.test(code)) throw cause
    throw unreadableFile(path, `it can't be unpacked: ${(cause as Error).message}`, 'copy or download the file again')
  }
  return { path: copy, copied: true, encoding: shown }
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const most = await chunkSize(path, HEAD_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function unpackedHead(path: string, packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_UNPACKED })
  } catch (cause) {
    throw unreadableFile(path, `it can't be unpacked: ${(cause as Error).message}`, 'copy or download the file again')
  }
}

/** What the beginning of a file is written in. */
function encodingOf(head: Buffer, iconv: Iconv): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  const wide = unmarkedUtf16(head, iconv)
  if (wide) return wide
  // the last character may be cut
  if ([0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, Math.max(0, head.length - cut))))) return 'utf-8'
  return isKorean(head, iconv) ? 'cp949' : 'utf-8'
}

const LF = 0x0a

/** UTF-16 without a byte order mark: half of each line end is a NUL, and so of each digit, always the same half. */
function unmarkedUtf16(head: Buffer, iconv: Iconv): string | undefined {
  const first = head.indexOf(0)
  if (first < 0) return undefined
  const whole = head.subarray(0, head.length & ~1)
  const [encoding, high] = first % 2 === 1 ? (['utf-16le', 1] as const) : (['utf-16be', 0] as const)
  let [ends, others] = [0, 0]
  for (let at = whole.indexOf(LF); at >= 0; at = whole.indexOf(LF, at + 1))
    if (at % 2 !== high && whole[at ^ 1] === 0) ends++
    else others++
  if (ends === 0 || others > ends) return undefined
  // a pair may be cut at the end
  const text = iconv.decode(whole, encoding).replace(/[\uD800-\uDBFF]$/, '')
  return text.isWellFormed() && !text.includes('\0') ? encoding : undefined
}

/** The encoding of a file whose beginning is plain ASCII, told from what comes first that is not; undefined when that is UTF-8, or not told. */
export async function laterEncoding(path: string): Promise<string | undefined> {
  let waiting = true
  for await (const part of createReadStream(path, { highWaterMark: await chunkSize(path, 1 << 20) })) {
    const chunk = part as Buffer
    if (waiting && isAscii(chunk)) continue
    waiting = false
    const first = chunk.findIndex((byte) => byte >= 0x80)
    return encodingOf(chunk.subarray(first), await tables()) === 'cp949' ? 'cp949' : undefined
  }
  return undefined
}

/** The share of characters beyond ASCII that are everyday syllables in Korean text; less of any other writing looks so. */
const KOREAN_SHARE = 0.8

/** Whether bytes decode as CP949 throughout, to the 2,350 everyday syllables for the most part. */
function isKorean(head: Buffer, iconv: Iconv): boolean {
  // a character that is cut at the end is left out
  const whole = head.subarray(0, head.lastIndexOf(0x0a) + 1 || head.length)
  let [pairs, syllables] = [0, 0]
  for (let i = 0; i < whole.length; i++) {
    const lead = whole[i] as number
    if (lead < 0x80) continue
    const trail = whole[++i]
    if (trail === undefined) break
    pairs++
    if (lead >= 0xb0 && lead <= 0xc8 && trail >= 0xa1) syllables++
  }
  return pairs > 0 && syllables >= pairs * KOREAN_SHARE && !iconv.decode(whole, 'cp949').includes(UNKNOWN)
}

/** What stands for bytes that are no character. */
const UNKNOWN = '\uFFFD'

/** A half of a pair without its other. */
const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Bytes of an encoding to bytes of UTF-8. Fails at the first that are no character, with its line. */
function decoder(path: string, kind: string, encoding: string, iconv: Iconv): Transform {
  const own = iconv.getDecoder(encoding)
  // a text in Unicode may hold the sign for what is unknown
  const wide = encoding.startsWith('utf')
  const wrongAt = (text: string) => (!wide ? text.indexOf(UNKNOWN) : text.isWellFormed() ? -1 : text.search(LONE))
  let line = 1
  let bytes = 0
  /** The first half of a pair whose other half is to come. */
  let half = ''
  const write = (decoded: string, last: boolean): Buffer | undefined => {
    let text = half + decoded
    half = !last && /[\uD800-\uDBFF]$/.test(text) ? text.slice(-1) : ''
    text = text.slice(0, text.length - half.length)
    const odd = last && /^utf-?16/.test(encoding) && bytes % 2 === 1
    const wrong = odd ? text.length : wrongAt(text)
    if (wrong >= 0)
      throw unreadableFile(
        path,
        `line ${line + lines(text.slice(0, wrong))} has bytes that are no ${encoding.toUpperCase()}`,
        `give its encoding, for instance ${kind}(…, { encoding: 'cp949' }), or save it as UTF-8`,
      )
    line += lines(text)
    return text === '' ? undefined : Buffer.from(text)
  }
  const answered = (done: TransformCallback, work: () => Buffer | undefined) => {
    try {
      done(null, work())
    } catch (error) {
      done(error as Error)
    }
  }
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      answered(done, () => write(own.write(chunk), false))
    },
    flush: (done) => answered(done, () => write(own.end() ?? '', true)),
  })
}

const lines = (text: string): number => text.split('\n').length - 1

/** Passes bytes on until they are too many for the size of what they were packed in. */
function bounded(path: string, packed: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      if (bytes <= MOST_UNPACKED || bytes <= packed * MOST_RATIO) return done(null, chunk)
      done(
        unreadableFile(
          path,
          `it unpacks to more than ${MOST_RATIO} times its size`,
          'unpack it yourself if that is what it should be',
        ),
      )
    },
  })
}

const unreadableFile = (path: string, why: string, fix: string): GalleyError =>
  new GalleyError('SOURCE_BROKEN', { what: `${path} can't be read`, why, fix })
