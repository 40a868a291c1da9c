import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import type { Progress } from '../../../engines/engine.ts'
import type { Bucket } from './bucket.ts'
import { headOf } from './objects.ts'
import { escaped, textOf } from './xml.ts'

/** Bytes of a part; what is not larger goes in one request. A store takes 10,000 parts at most. */
const PART = 8 << 20
const MOST_PARTS = 10_000

const md5 = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest()

/**
 * Stores a file as an object: it is there as a whole when this ends, or what was there before is. Each part is compared with what
 * the store says it took. @throws SOURCE_UNREACHABLE, SOURCE_REFUSED, SOURCE_BROKEN, CANCELLED
 */
export async function upload(
  bucket: Bucket,
  key: string,
  path: string,
  progress: (p: Progress) => void,
): Promise<void> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size <= PART) {
      const body = await file.readFile()
      const { headers } = await bucket.text({ method: 'PUT', key, body })
      compare(bucket.shown(key), body, headers.etag)
      progress({ done: size, total: size, unit: 'bytes' })
      return
    }
    await inParts(bucket, key, { file, size, length: Math.max(PART, Math.ceil(size / MOST_PARTS)) }, progress)
  } finally {
    await file.close()
  }
}

interface Whole {
  readonly file: Awaited<ReturnType<typeof open>>
  readonly size: number
  readonly length: number
}

async function inParts(bucket: Bucket, key: string, whole: Whole, progress: (p: Progress) => void): Promise<void> {
  const { file, size, length } = whole
  const begun = await bucket.text({ method: 'POST', key, query: { uploads: '' } })
  const uploadId = textOf(begun.text, 'UploadId') ?? ''
  try {
    const etags: string[] = []
    const sums: Buffer[] = []
    for (let at = 0; at < size; at += length) {
      throwIfAborted(bucket.reach.signal)
      const body = Buffer.alloc(Math.min(length, size - at))
      await readWhole(file, body, at)
      const query = { partNumber: String(etags.length + 1), uploadId }
      const { headers } = await bucket.text({ method: 'PUT', key, query, body })
      compare(bucket.shown(key), body, headers.etag)
      etags.push(headers.etag ?? '')
      sums.push(md5(body))
      progress({ done: at + body.length, total: size, unit: 'bytes' })
    }
    const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`)
    const xml = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join('')}</CompleteMultipartUpload>`
    await completed(bucket, key, uploadId, xml, `"${md5(Buffer.concat(sums)).toString('hex')}-${sums.length}"`)
  } catch (error) {
    // a store that is out of reach forgets unfinished uploads by a rule of its own, where it has one
    await bucket.ask({ method: 'DELETE', key, query: { uploadId } }).then((got) => got.body.destroy(), () => undefined) // biome-ignore format: one line
    throw error
  }
}

async function completed(bucket: Bucket, key: string, uploadId: string, xml: string, whole: string): Promise<void> {
  const ending = bucket.text({ method: 'POST', key, query: { uploadId }, body: Buffer.from(xml) })
  const { text } = await ending.catch(async (error: unknown) => {
    // an answer that was lost: the upload is over, and the object is there
    const over = error instanceof GalleyError && error.details['code'] === 'NoSuchUpload'
    if (over && (await headOf(bucket, key))?.etag === whole) return { text: '' }
    throw error
  })
  // what fails after the answer began is told in it
  const code = textOf(text, 'Code')
  if (code !== undefined)
    throw new GalleyError('SOURCE_REFUSED', {
      what: `${bucket.shown(key)} was not stored`,
      why: `the store says ${code}: ${textOf(text, 'Message') ?? ''}`,
      fix: 'try again',
    })
}

async function readWhole(file: Whole['file'], into: Buffer, at: number): Promise<void> {
  for (let read = 0; read < into.length; ) {
    const { bytesRead } = await file.read(into, read, into.length - read, at + read)
    if (bytesRead === 0) throw new GalleyError('INTERNAL_BUG', { what: 'a file that was just written is shorter' })
    read += bytesRead
  }
}

/** An ETag that is an MD5 is that of what was sent. */
function compare(place: string, body: Uint8Array, etag: string | undefined): void {
  const said = /^"([0-9a-f]{32})"$/.exec(etag ?? '')?.[1]
  if (said === undefined || said === md5(body).toString('hex')) return
  throw new GalleyError('SOURCE_BROKEN', {
    what: `${place} was not stored as it was sent`,
    why: 'the store says another checksum',
    fix: 'try again; a store that encrypts with keys of its own may give ETags that are no checksums',
  })
}
