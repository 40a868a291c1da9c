import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import type { Part } from '../connector.ts'
import { Again, retried } from '../http/reach.ts'
import type { Bucket } from './bucket.ts'
import { elements, textOf } from './xml.ts'

/** An object as it is listed. */
export interface Listed {
  readonly key: string
  readonly etag: string
  readonly bytes: number
}

/** Keys that a pattern means: `*` and `?` stand for parts of a name, `**` for folders at any depth. */
export function patternOf(pattern: string): { prefix: string; matches(key: string): boolean } {
  const all = pattern.endsWith('/') ? `${pattern}**` : pattern
  const source = all.replace(/\*\*\/|\*\*|[*?]|[\\^$.+()[\]{}|]/g, (m) =>
    m === '**/' ? '(?:.*/)?' : m === '**' ? '.*' : m === '*' ? '[^/]*' : m === '?' ? '[^/]' : `\\${m}`,
  )
  const regex = new RegExp(`^${source}$`, 'su')
  return { prefix: all.replace(/[*?].*$/s, ''), matches: (key) => regex.test(key) && !key.endsWith('/') }
}

/** The objects that a pattern means, page by page: memory does not grow with their number. */
export async function* listed(bucket: Bucket, pattern: string): AsyncGenerator<Listed> {
  if (!/[*?]|\/$/.test(pattern)) {
    const found = await headOf(bucket, pattern)
    if (found) yield found
    return
  }
  const { prefix, matches } = patternOf(pattern)
  let next: string | undefined
  do {
    throwIfAborted(bucket.reach.signal)
    const more: Record<string, string> = next === undefined ? {} : { 'continuation-token': next }
    const query = { 'list-type': '2', 'encoding-type': 'url', prefix, ...more }
    const { text } = await bucket.text({ method: 'GET', query })
    for (const content of elements(text, 'Contents')) {
      const key = keyOf(text, textOf(content, 'Key') ?? '')
      const etag = textOf(content, 'ETag') ?? ''
      if (matches(key)) yield { key, etag, bytes: Number(textOf(content, 'Size') ?? 0) }
    }
    next = textOf(text, 'IsTruncated') === 'true' ? textOf(text, 'NextContinuationToken') : undefined
  } while (next !== undefined)
}

/** Keys are encoded where the store says so: XML has no way to write some characters. */
function keyOf(page: string, key: string): string {
  if (textOf(page, 'EncodingType') !== 'url') return key
  return decodeURIComponent(key.replaceAll('+', ' '))
}

/** An object; undefined where there is none. */
export async function headOf(bucket: Bucket, key: string): Promise<Listed | undefined> {
  try {
    const { headers } = await bucket.text({ method: 'HEAD', key })
    return { key, etag: headers.etag ?? '', bytes: Number(headers['content-length'] ?? 0) }
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'SOURCE_MISSING') return undefined
    throw error
  }
}

/** An object as a part; its ETag, which changes with its content, is its identity. */
export const partOf = (bucket: Bucket, { key, etag, bytes }: Listed): Part => ({
  ...{ id: bucket.shown(key), identity: `${etag} ${bytes}`, bytes },
})

const changed = (place: string): GalleyError =>
  new GalleyError('SOURCE_MISSING', {
    what: `${place} changed while it was read`,
    why: 'what was read may be of neither state, so nothing of it is kept',
    fix: 'run again',
  })

/**
 * Writes an object into a file. What is cut is read on from there; the content is that of the ETag or nothing, and is compared with
 * it where that is a checksum. @throws SOURCE_UNREACHABLE, SOURCE_MISSING, SOURCE_REFUSED, SOURCE_BROKEN
 */
export async function fetchObject(bucket: Bucket, { key, etag, bytes: size }: Listed, target: string): Promise<void> {
  const place = bucket.shown(key)
  let [bytes, reached, plainMd5] = [0, 0, false]
  const further = () => {
    const came = bytes > reached
    reached = Math.max(reached, bytes)
    return came
  }
  const part = async () => {
    const range: Record<string, string> = bytes > 0 ? { range: `bytes=${bytes}-` } : {}
    const got = await bucket.ask({ method: 'GET', key, headers: { 'if-match': etag, ...range } }).catch((error) => {
      throw error instanceof GalleyError && error.details['status'] === 412 ? changed(place) : error
    })
    if (got.headers.etag !== undefined && got.headers.etag !== etag) {
      got.body.destroy()
      throw changed(place)
    }
    const start = got.status === 206 ? bytes : 0
    const from = /^bytes (\d+)-/.exec(got.headers['content-range'] ?? '')?.[1]
    if (got.status === 206 && Number(from) !== bytes) {
      got.body.destroy()
      throw new Again('another part came than was asked for')
    }
    plainMd5 = !/kms|customer/i.test(String(got.headers['x-amz-server-side-encryption'] ?? ''))
    const file = await open(target, start > 0 ? 'r+' : 'w')
    const watch = watched(bucket, got.body)
    try {
      bytes = start
      // a piece is written before the next is taken: a connection that breaks off loses none that came
      for await (const piece of got.body as AsyncIterable<Buffer>) {
        throwIfAborted(bucket.reach.signal)
        for (let at = 0; at < piece.length; )
          at += (await file.write(piece, at, piece.length - at, bytes + at)).bytesWritten
        bytes += piece.length
        watch.came(piece.length)
      }
    } finally {
      watch.end()
      await file.close()
    }
    if (bytes !== size) throw new Again(`${bytes} bytes of ${size} came`)
  }
  if (size > 0) await retried(bucket.reach, part, further)
  else await writeFile(target, '')
  const md5 = /^"([0-9a-f]{32})"$/.exec(etag)?.[1]
  if (size > 0 && md5 && plainMd5 && (await md5Of(target)) !== md5)
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${place} is not what it was when it was stored`,
      why: 'its checksum (the MD5 in its ETag) is another',
      fix: 'read it again; if it stays so, store the object again',
    })
}

/** Ends a body of which too little comes in a stretch of time. */
function watched({ reach }: Bucket, body: Readable) {
  let stretch = 0
  const timer = setInterval(() => {
    if (stretch < (reach.slowest * reach.patience) / 1000)
      body.destroy(new Again(`only ${stretch} bytes came in ${reach.patience / 1000} s`))
    stretch = 0
  }, reach.patience)
  return {
    came: (bytes: number) => void (stretch += bytes),
    end: () => clearInterval(timer),
  }
}

async function md5Of(path: string): Promise<string> {
  const digest = createHash('md5')
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer)
  return digest.digest('hex')
}
