import { createReadStream, createWriteStream, statfsSync } from 'node:fs'
import { open, rename, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { GalleyError } from '../../../base/errors.ts'
import type { Progress } from '../../../engines/engine.ts'
import { Again, good, type Reach, retried, shown } from './reach.ts'

/** Bytes that may wait to be written while more come: a busy machine writes in bursts. */
const HELD = 4 << 20

/** Counts what passes: too much ends it, and so does too little in a stretch of time. */
export function metered(r: Reach, before: number, seen: (bytes: number) => void, rate = true): Transform {
  let [bytes, stretch] = [before, 0]
  const least = (r.slowest * r.patience) / 1000
  const meter = new Transform({
    highWaterMark: HELD,
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      stretch += chunk.length
      seen(bytes)
      done(bytes > r.mostBytes ? tooLarge(r) : null, chunk)
    },
  })
  const timer = setInterval(() => {
    if (stretch < least) meter.destroy(new Again(`only ${stretch} bytes came in ${r.patience / 1000} s`))
    stretch = 0
  }, r.patience)
  if (!rate) clearInterval(timer)
  meter.once('close', () => clearInterval(timer))
  return meter
}

const tooLarge = (r: Reach, said?: number): GalleyError =>
  new GalleyError('SOURCE_BROKEN', {
    what: `${shown(r.url)} is larger than it may be`,
    why:
      said === undefined
        ? `more than ${r.mostBytes.toLocaleString('en-US')} bytes came`
        : `its server says that it has ${said.toLocaleString('en-US')} bytes; ${r.mostBytes.toLocaleString('en-US')} are allowed`,
    fix: 'raise the option mostBytes if it is meant',
  })

/** What a server says that it will send is held to what may come, and to the disk, before any of it comes. @throws SOURCE_BROKEN, DISK_FULL */
function requireRoom(r: Reach, target: string, total: number, start: number): void {
  if (total > r.mostBytes) throw tooLarge(r, total)
  const { bavail, bsize } = statfsSync(dirname(target))
  if (total - start <= bavail * bsize) return
  throw new GalleyError('DISK_FULL', {
    what: `there is no room for ${shown(r.url)}`,
    why: `${(total - start).toLocaleString('en-US')} bytes of it are to come, and the disk has room for ${(bavail * bsize).toLocaleString('en-US')}`,
    fix: 'free some space or point GALLEY_HOME at a larger disk, then run the same command again',
  })
}

/**
 * Writes what is at an address into a file. What was cut is read on from there, where the server has parts and says that it is
 * still the same content; otherwise from the beginning. @throws SOURCE_UNREACHABLE, SOURCE_MISSING, SOURCE_REFUSED, SOURCE_BROKEN
 */
export async function download(r: Reach, target: string, progress: (p: Progress) => void): Promise<number> {
  let [bytes, validator]: [number, string | undefined] = [0, undefined]
  let reached = 0
  const further = () => {
    const came = validator !== undefined && bytes > reached
    reached = Math.max(reached, bytes)
    return came
  }
  const part = async () => {
    const goesOn = bytes > 0 && validator !== undefined
    const asked: Record<string, string> = goesOn ? { range: `bytes=${bytes}-`, 'if-range': validator as string } : {}
    const got = await good(r, r.url, { 'accept-encoding': 'gzip', ...asked }).catch((error: unknown) => {
      // the part that we ask for is not there: it changed, and the whole is read
      if (goesOn && error instanceof GalleyError && error.details['status'] === 416) {
        validator = undefined
        throw new Again(error.message, 0)
      }
      throw error
    })
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(got.headers['content-range'] ?? '')
    if (got.status === 206 && (!goesOn || Number(range?.[1]) !== bytes)) {
      got.body.destroy()
      validator = undefined
      throw new Again('another part came than was asked for', 0)
    }
    const resumed = got.status === 206
    if (!resumed) {
      bytes = 0
      const { etag, 'last-modified': modified } = got.headers
      validator = etag?.startsWith('"') ? etag : etag === undefined ? modified : undefined
    }
    const start = bytes
    const length = Number(got.headers['content-length'])
    const total = Number.isFinite(length) && got.headers['content-length'] !== undefined ? start + length : undefined
    // without a pause: what happens to the answer in one would go unseen
    try {
      if (total !== undefined) requireRoom(r, target, total, start)
    } catch (error) {
      got.body.destroy()
      throw error
    }
    const meter = metered(r, start, (n) => {
      bytes = n
      progress({ done: n, ...(total ? { total } : {}), unit: 'bytes' })
    })
    const to = createWriteStream(target, { flags: resumed ? 'r+' : 'w', start })
    // where the connection is cut, what came before is written to its end: a pipeline would drop what it has in hand, and ask for it again
    let cut: unknown
    const come = got.body.on('error', (error) => {
      cut = error
      meter.end()
    })
    meter.once('close', () => come.destroy())
    try {
      come.pipe(meter)
      await pipeline(meter, to, { signal: r.signal })
      if (cut !== undefined) throw cut
    } catch (error) {
      // only what was written counts, and a write may still be under way
      if (!to.closed) await new Promise<void>((done) => to.once('close', () => done()))
      bytes = start + to.bytesWritten
      if (bytes > 0) await truncate(target, bytes).catch(() => undefined)
      throw error
    }
    if (total !== undefined && bytes !== total) throw new Again(`${bytes} bytes of ${total} came`)
  }
  await retried(r, part, further)
  return bytes
}

/** What is compressed, whether by the server or as a file, in plain. */
export async function unzipped(r: Reach, path: string, draft: string): Promise<void> {
  const file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0).finally(() => file.close())
  if (bytesRead < 2 || buffer[0] !== 0x1f || buffer[1] !== 0x8b) return
  await gunzip(r, createReadStream(path), draft)
  await rename(draft, path)
}

async function gunzip(r: Reach, from: Readable, draft: string): Promise<void> {
  try {
    await pipeline(
      from,
      createGunzip(),
      metered(r, 0, () => {}, false),
      createWriteStream(draft),
      { signal: r.signal },
    )
  } catch (cause) {
    if (!String((cause as NodeJS.ErrnoException).code).startsWith('Z_')) throw cause
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${shown(r.url)} can't be decompressed`,
      why: (cause as Error).message,
      fix: 'check that the file is whole',
      cause,
    })
  }
}
