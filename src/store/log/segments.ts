import { readdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { failure } from '../failures.ts'
import { HEADER, LARGEST_RECORD, readFrame, wasFlushed } from './frame.ts'

/** One file of a log, named by the offset of its first record. */
export interface Segment {
  readonly path: string
  readonly first: number
}

/** One record and its place: offsets count records from 0 and have no gaps. */
export interface LogRecord {
  readonly offset: number
  readonly data: Buffer
}

/** Format 1, in the first 8 bytes of every segment. */
export const SEGMENT_HEAD = Buffer.from('GALLOG\x00\x01', 'latin1')

export const segmentPath = (folder: string, first: number) => join(folder, `${String(first).padStart(16, '0')}.log`)

/** The segments there are, in order. */
export function segmentsOf(folder: string): Segment[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw failure(error, `the log ${folder} could not be read`)
  }
  return names
    .filter((name) => /^\d{16}\.log$/.test(name))
    .sort()
    .map((name) => ({ path: join(folder, name), first: Number(name.slice(0, 16)) }))
}

export interface Scan {
  /** Records that are whole. */
  readonly records: number
  /** Bytes up to the end of the last whole record. */
  readonly bytes: number
  /** Epoch of the last record; 0 when there is none. */
  readonly epoch: number
}

/**
 * Reads the newest segment to its end after a restart. What a cut-short write left at its end is not counted; damage
 * anywhere else is corruption. @param flushed bytes that are known to be on disk
 * @throws STORE_CORRUPT
 */
export function scanLast(segment: Segment, flushed: number): Scan {
  let content: Buffer
  try {
    content = readFileSync(segment.path)
  } catch (error) {
    throw failure(error, `the log ${segment.path} could not be read`)
  }
  if (content.length < SEGMENT_HEAD.length) {
    if (flushed > content.length) throw damaged(segment.path, content.length)
    return { records: 0, bytes: 0, epoch: 0 }
  }
  checkHead(segment, content)
  let at = SEGMENT_HEAD.length
  let records = 0
  let epoch = 0
  while (at < content.length) {
    const frame = readFrame(content, at)
    if (typeof frame === 'string') {
      if (at < flushed || wasFlushed(content, at, epoch)) throw damaged(segment.path, at)
      break
    }
    at = frame.end
    epoch = frame.epoch
    records++
  }
  if (at < flushed) throw damaged(segment.path, at)
  return { records, bytes: at, epoch }
}

const CHUNK = 1 << 18

/**
 * The records of a segment from `from` on, in order. In a sealed segment every byte must be good; in the newest one the
 * reading ends at the first record that is not whole yet. @throws STORE_CORRUPT
 */
export async function* readSegment(
  segment: Segment,
  from: number,
  seal: { readonly sealed: boolean; readonly next?: number | undefined },
): AsyncIterable<LogRecord> {
  const handle = await open(segment.path, 'r').catch((error: unknown) => {
    throw failure(error, `the log ${segment.path} could not be read`)
  })
  try {
    let buffer = Buffer.alloc(0)
    let position = 0
    let at = SEGMENT_HEAD.length
    let offset = segment.first
    let headed = false
    for (;;) {
      const wanted = needed(buffer, at)
      const chunk = Buffer.allocUnsafe(Math.max(CHUNK, wanted))
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, position).catch((error: unknown) => {
        throw failure(error, `the log ${segment.path} could not be read`)
      })
      position += bytesRead
      // a fresh buffer each time: what was handed out stays as it was
      buffer = Buffer.concat([buffer.subarray(headed ? at : 0), chunk.subarray(0, bytesRead)])
      if (!headed) {
        if (buffer.length < SEGMENT_HEAD.length && bytesRead > 0) continue
        if (buffer.length < SEGMENT_HEAD.length) {
          if (seal.sealed) throw damaged(segment.path, 0)
          return
        }
        checkHead(segment, buffer)
        headed = true
      } else at = 0
      for (;;) {
        const frame = readFrame(buffer, at)
        if (frame === 'damaged') {
          if (seal.sealed) throw damaged(segment.path, position - buffer.length + at)
          return
        }
        if (frame === 'short') break
        if (offset >= from) yield { offset, data: frame.payload }
        offset++
        at = frame.end
      }
      if (bytesRead > 0) continue
      if (seal.sealed && (at < buffer.length || (seal.next !== undefined && offset !== seal.next)))
        throw damaged(segment.path, position - buffer.length + at)
      return
    }
  } finally {
    await handle.close()
  }
}

/** Bytes still wanted for the frame at `at`, as far as its header tells. */
function needed(buffer: Buffer, at: number): number {
  if (buffer.length - at < HEADER) return HEADER
  return Math.min(buffer.readUInt32LE(at + 4), LARGEST_RECORD) + HEADER
}

function checkHead(segment: Segment, content: Buffer): void {
  const head = content.subarray(0, SEGMENT_HEAD.length)
  if (head.equals(SEGMENT_HEAD)) return
  if (head.subarray(0, 7).equals(SEGMENT_HEAD.subarray(0, 7)))
    throw new GalleyError('STORE_FORMAT_NEWER', {
      what: 'a log was written by a newer Galley',
      why: `${segment.path} has format ${head[7]}, this release knows 1`,
      fix: 'use the newer release',
    })
  throw damaged(segment.path, 0)
}

function damaged(path: string, at: number): GalleyError {
  return new GalleyError('STORE_CORRUPT', {
    what: 'a log is damaged',
    why: `${path} is not what was written at byte ${at}`,
    fix: 'restore the data folder from a backup; the disk may be failing',
    details: { path, at },
  })
}
