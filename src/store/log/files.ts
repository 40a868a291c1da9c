import { constants, readFileSync, rmSync } from 'node:fs'
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { failure } from '../failures.ts'
import { syncFolder, writeFileAtomic } from '../files.ts'
import { frameSize, writeFrame } from './frame.ts'
import { SEGMENT_HEAD, type Segment, scanLast, segmentPath, segmentsOf } from './segments.ts'

/** The files of a log that is open for writing. One call at a time. */
export interface LogFiles {
  /** Adds records, beginning a new segment when the newest is full. When it fails nothing of them is kept. */
  write(payloads: readonly Uint8Array[]): Promise<void>
  /** Brings what was written to the disk. */
  flush(): Promise<void>
  segments(): readonly Segment[]
  /** Removes whole segments whose records all lie before `offset`. */
  prune(offset: number): void
  /** The offset of the next record. */
  next(): number
  /** Set once it is not known any more what the disk holds: nothing can be written until the log is opened anew. */
  broken(): GalleyError | undefined
  close(): Promise<void>
}

/** Left by an orderly end: how far the newest segment is known to be on disk. */
const NOTE = 'flushed.json'

/** Opens the newest segment to go on after its last whole record. @throws STORE_CORRUPT, STORE_FORMAT_NEWER, DISK_FULL */
export async function openLogFiles(folder: string, segmentBytes: number): Promise<LogFiles> {
  let segments = segmentsOf(folder)
  let size = SEGMENT_HEAD.length
  let next = 0
  let epoch = 1
  let epochStarts = true
  let unflushed = false
  let broken: GalleyError | undefined

  const begin = async (first: number): Promise<FileHandle> => {
    const path = segmentPath(folder, first)
    const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants
    const handle = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
    try {
      await handle.writeFile(SEGMENT_HEAD)
      await handle.datasync()
      await syncFolder(folder)
    } catch (error) {
      await handle.close()
      throw error
    }
    segments = [...segments.filter((segment) => segment.first !== first), { path, first }]
    size = SEGMENT_HEAD.length
    return handle
  }

  const resume = async (last: Segment): Promise<FileHandle> => {
    const scan = scanLast(last, noted.first === last.first ? noted.bytes : 0)
    next = last.first + scan.records
    epoch = scan.epoch + 1
    if (scan.bytes === 0) return begin(last.first)
    await truncate(last.path, scan.bytes)
    const handle = await open(last.path, 'a')
    await handle.datasync()
    size = scan.bytes
    return handle
  }

  const last = segments.at(-1)
  const noted = readNote(folder)
  // the newest file is never removed, so the one that the note speaks of, or a later one, must be there
  if (noted.bytes > SEGMENT_HEAD.length && (last?.first ?? -1) < noted.first)
    throw new GalleyError('STORE_CORRUPT', {
      what: `a file of the log ${folder} is gone`,
      why: `${segmentPath(folder, noted.first)} had ${noted.bytes} bytes when the log was closed`,
      fix: `restore it from a backup; to go on without what it held, remove ${join(folder, NOTE)}`,
      details: { path: segmentPath(folder, noted.first) },
    })
  let file = last ? await resume(last) : await begin(0)

  const flush = async () => {
    if (!unflushed) return
    try {
      await file.datasync()
    } catch (error) {
      throw (broken = failure(error, `the log ${folder} could not be flushed`))
    }
    unflushed = false
    epoch++
    epochStarts = true
  }

  return {
    flush,
    segments: () => segments,
    next: () => next,
    broken: () => broken,
    async write(payloads) {
      if (broken) throw broken
      if (size >= segmentBytes) {
        await flush()
        const full = file
        file = await begin(next)
        await full.close()
      }
      const bytes = Buffer.allocUnsafe(payloads.reduce((sum, payload) => sum + frameSize(payload), 0))
      let at = 0
      for (const [i, payload] of payloads.entries()) at = writeFrame(bytes, at, payload, epoch, epochStarts && i === 0)
      try {
        for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten
      } catch (error) {
        // take back what was half-written; when that works the log goes on with the next call
        await file.truncate(size).catch(() => {
          broken = failure(error, `the log ${folder} could not be written`)
        })
        throw error
      }
      epochStarts = false
      unflushed = true
      size += bytes.length
      next += payloads.length
    },
    prune(offset) {
      while (segments.length > 1 && (segments[1]?.first ?? 0) <= offset) {
        const [oldest, ...rest] = segments
        if (oldest) rmSync(oldest.path, { force: true })
        segments = rest
      }
    },
    async close() {
      try {
        if (broken) return
        await flush()
        const first = segments.at(-1)?.first ?? 0
        await writeFileAtomic(join(folder, NOTE), JSON.stringify({ format: 1, first, bytes: size }))
      } finally {
        await file.close()
      }
    },
  }
}

function readNote(folder: string): { first: number; bytes: number } {
  try {
    const note = JSON.parse(readFileSync(join(folder, NOTE), 'utf8')) as { first?: unknown; bytes?: unknown }
    if (typeof note.first === 'number' && typeof note.bytes === 'number')
      return { first: note.first, bytes: note.bytes }
  } catch {
    // none, or one that a crash cut short
  }
  return { first: 0, bytes: 0 }
}
