import { constants, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { failure } from '../failures.ts'
import { syncFolder, writeFileAtomic } from '../files.ts'
import { holder, tryLock } from '../lock.ts'
import { frameSize, LARGEST_RECORD, writeFrame } from './frame.ts'
import {
  type LogRecord,
  readSegment,
  SEGMENT_HEAD,
  type Segment,
  scanLast,
  segmentPath,
  segmentsOf,
} from './segments.ts'

export type { LogRecord }

/**
 * `sync`: an append is answered when it is on disk. `flush`: when the operating system has it, which survives the end of
 * the process but not power loss; the disk follows within a second.
 */
export type Durability = 'sync' | 'flush'

export interface AppendLogOptions {
  readonly durability?: Durability
  /** Size at which a new segment begins; 64 MiB when absent. */
  readonly segmentBytes?: number
}

/** An ordered log of records in a folder; one writer at a time. */
export interface AppendLog {
  /**
   * Adds a record (JSON unless it is bytes) and answers its offset once it is durable. Appends that wait at the same time
   * share one flush. @throws DISK_FULL; once there is
   * room again later appends succeed. After a failed flush none does: open the log anew
   */
  append(record: unknown): Promise<number>
  /** Waits until all that was appended so far is on disk, whatever the durability. */
  sync(): Promise<void>
  /** The offset that the next record will get. */
  readonly next: number
  /** The offset of the oldest record kept. */
  readonly oldest: number
  /** Records from `from` on, as many as were durable when it began. */
  read(from?: number): AsyncIterable<LogRecord>
  /** Removes whole segments whose records all lie before `offset`. */
  prune(offset: number): void
  close(): Promise<void>
}

interface Waiting {
  readonly payload: Uint8Array
  readonly done: (offset: number) => void
  readonly failed: (error: GalleyError) => void
}

const SEGMENT_BYTES = 64 << 20
/** Bytes written in one go at most. */
const GROUP_BYTES = 4 << 20
const LAZY_SYNC_MS = 1000

/**
 * Opens the log for writing. What a crash cut short at its end is removed; records that were answered stay.
 * @throws STORE_CONFLICT when another writer has it, STORE_CORRUPT, STORE_FORMAT_NEWER
 */
export async function openAppendLog(folder: string, options: AppendLogOptions = {}): Promise<AppendLog> {
  const { durability = 'sync', segmentBytes = SEGMENT_BYTES } = options
  mkdirSync(folder, { recursive: true })
  const unlock = tryLock(join(folder, 'lock'))
  if (!unlock)
    throw new GalleyError('STORE_CONFLICT', {
      what: 'the log has a writer already',
      why: `${holder(join(folder, 'lock')) ?? 'another one'} has ${folder} open`,
      fix: 'end it first; reading needs no lock',
    })
  try {
    return await openLocked(folder, durability, segmentBytes, unlock)
  } catch (error) {
    unlock()
    throw failure(error, `the log ${folder} could not be opened`)
  }
}

async function openLocked(
  folder: string,
  durability: Durability,
  segmentBytes: number,
  unlock: () => void,
): Promise<AppendLog> {
  let segments = segmentsOf(folder)
  let file: FileHandle
  let size: number
  let next: number
  let epoch = 1
  let epochStarts = true

  const begin = async (first: number): Promise<FileHandle> => {
    const path = segmentPath(folder, first)
    const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants
    const handle = await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
    await handle.write(SEGMENT_HEAD)
    await handle.datasync()
    await syncFolder(folder)
    segments = [...segments.filter((segment) => segment.first !== first), { path, first }]
    return handle
  }

  const last = segments.at(-1)
  if (last) {
    const scan = scanLast(last, flushedBytes(folder, last))
    next = last.first + scan.records
    epoch = scan.epoch + 1
    if (scan.bytes === 0) {
      file = await begin(last.first)
      size = SEGMENT_HEAD.length
    } else {
      await truncate(last.path, scan.bytes)
      file = await open(last.path, 'a')
      await file.datasync()
      size = scan.bytes
    }
  } else {
    next = 0
    file = await begin(0)
    size = SEGMENT_HEAD.length
  }

  /** Offset before which everything is answered. */
  let durable = next
  let waiting: Waiting[] = []
  let working: Promise<void> | undefined
  let broken: GalleyError | undefined
  let closed = false
  let unsynced = false
  let timer: NodeJS.Timeout | undefined

  const flush = async () => {
    if (!unsynced) return
    try {
      await file.datasync()
    } catch (error) {
      // what the disk holds is not known any more
      throw (broken = failure(error, `the log ${folder} could not be flushed`))
    }
    unsynced = false
    epoch++
    epochStarts = true
  }

  const rotate = async () => {
    await flush()
    const full = file
    file = await begin(next)
    size = SEGMENT_HEAD.length
    await full.close()
  }

  const writeGroup = async (group: readonly Waiting[]): Promise<void> => {
    if (size >= segmentBytes) await rotate()
    const bytes = Buffer.allocUnsafe(group.reduce((sum, { payload }) => sum + frameSize(payload), 0))
    let at = 0
    for (const [i, { payload }] of group.entries()) at = writeFrame(bytes, at, payload, epoch, epochStarts && i === 0)
    try {
      for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten
    } catch (error) {
      // take back what was half-written; when that works the log goes on with the next append
      await file.truncate(size).catch(() => {
        broken = failure(error, `the log ${folder} could not be written`)
      })
      throw error
    }
    epochStarts = false
    unsynced = true
    size += bytes.length
    if (durability === 'sync') await flush()
    else
      timer ??= setTimeout(() => {
        timer = undefined
        void sync().catch(() => undefined)
      }, LAZY_SYNC_MS).unref()
    const first = next
    next += group.length
    durable = next
    group.forEach((each, i) => void each.done(first + i))
  }

  const work = async () => {
    // appends made in this turn of the event loop join the first group
    await Promise.resolve()
    while (waiting.length > 0) {
      const [group, rest] = cut(waiting)
      waiting = rest
      try {
        if (broken) throw broken
        await writeGroup(group)
      } catch (error) {
        const known = failure(error, `the log ${folder} could not be written`)
        for (const each of group) each.failed(known)
      }
    }
    working = undefined
  }

  const sync = async () => {
    while (working) await working
    if (broken) throw broken
    const current = (working = flush().finally(() => {
      working = undefined
      if (waiting.length > 0) working = work()
    }))
    await current
  }

  return {
    append(record) {
      const payload = record instanceof Uint8Array ? record : Buffer.from(JSON.stringify(record))
      if (closed) throw new GalleyError('INTERNAL_BUG', { what: 'append to a closed log' })
      if (payload.byteLength > LARGEST_RECORD)
        throw new GalleyError('VALUE_INVALID', {
          what: 'the record is too large for a log',
          why: `it has ${payload.byteLength} bytes, at most ${LARGEST_RECORD} are taken`,
          fix: 'store it as a blob and log its hash',
        })
      return new Promise<number>((done, failed) => {
        waiting.push({ payload, done, failed })
        working ??= work()
      })
    },
    sync,
    get next() {
      return next + waiting.length
    },
    get oldest() {
      return segments[0]?.first ?? 0
    },
    read: (from = 0) =>
      readRange(
        () => segments,
        from,
        () => durable,
      ),
    prune(offset) {
      while (segments.length > 1 && (segments[1]?.first ?? 0) <= offset) {
        const [oldest, ...rest] = segments
        if (oldest) rmSync(oldest.path, { force: true })
        segments = rest
      }
    },
    async close() {
      if (closed) return
      closed = true
      clearTimeout(timer)
      try {
        await sync()
        const segment = segments.at(-1)
        if (segment)
          await writeFileAtomic(
            join(folder, 'flushed.json'),
            JSON.stringify({ format: 1, first: segment.first, bytes: size }),
          )
      } finally {
        await file.close()
        unlock()
      }
    },
  }
}

/** The first appends up to a group's size, and the others. */
function cut(waiting: Waiting[]): [Waiting[], Waiting[]] {
  let bytes = 0
  let count = 0
  while (count < waiting.length && (count === 0 || bytes < GROUP_BYTES)) {
    bytes += waiting[count]?.payload.byteLength ?? 0
    count++
  }
  return count === waiting.length ? [waiting, []] : [waiting.slice(0, count), waiting.slice(count)]
}

/** Bytes of the newest segment that the last orderly end knew to be on disk. */
function flushedBytes(folder: string, last: Segment): number {
  try {
    const note = JSON.parse(readFileSync(join(folder, 'flushed.json'), 'utf8')) as { first?: number; bytes?: number }
    return note.first === last.first ? (note.bytes ?? 0) : 0
  } catch {
    return 0
  }
}

async function* readRange(list: () => readonly Segment[], from: number, end: () => number): AsyncIterable<LogRecord> {
  const stop = end()
  const segments = list()
  for (const [i, segment] of segments.entries()) {
    const next = segments[i + 1]?.first
    if (segment.first >= stop || (next !== undefined && next <= from)) continue
    for await (const record of readSegment(segment, from, { sealed: next !== undefined, next })) {
      if (record.offset >= stop) return
      yield record
    }
  }
}

/** Reads a log that another process may be writing; ends at what is whole. @throws STORE_CORRUPT, STORE_FORMAT_NEWER */
export function readAppendLog(folder: string, from = 0): AsyncIterable<LogRecord> {
  return readRange(
    () => segmentsOf(folder),
    from,
    () => Number.POSITIVE_INFINITY,
  )
}

/** A record's payload as the JSON it was appended as. */
export function jsonOf(record: LogRecord): unknown {
  return JSON.parse(record.data.toString())
}
