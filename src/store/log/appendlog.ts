import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GalleyError } from '../../base/errors.ts'
import { failure } from '../failures.ts'
import { makeLasting } from '../files.ts'
import { holder, tryLock } from '../lock.ts'
import { openLogFiles } from './files.ts'
import { LARGEST_RECORD } from './frame.ts'
import { type LogRecord, readSegment, type Segment, segmentsOf } from './segments.ts'

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
  /** ms to wait for another writer to end; 0 when absent. */
  readonly patience?: number
}

/** An ordered log of records in a folder; one writer at a time. */
export interface AppendLog {
  /**
   * Adds a record (JSON unless it is bytes) and answers its offset once it is durable. Appends that wait at the same time
   * share one flush. @throws DISK_FULL; once there is room again later appends succeed. After a failed flush none does:
   * open the log anew
   */
  append(record: unknown): Promise<number>
  /** Waits until all that was appended so far is on disk, whatever the durability. */
  sync(): Promise<void>
  /** The offset after the last durable record. */
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
/** Bytes written in one go, give or take one record. */
const GROUP_BYTES = 4 << 20
const LAZY_FLUSH_MS = 1000

/**
 * Opens the log for writing. What a crash cut short at its end is removed; records that were answered stay.
 * @throws STORE_CONFLICT when another writer has it, STORE_CORRUPT, STORE_FORMAT_NEWER
 */
export async function openAppendLog(folder: string, options: AppendLogOptions = {}): Promise<AppendLog> {
  try {
    // that of a workspace and of what it is the log of, too
    await makeLasting(folder, resolve(folder, '../../..'))
  } catch (error) {
    throw failure(error, `the log ${folder} could not be opened`)
  }
  let unlock = tryLock(join(folder, 'lock'))
  for (let waited = 0; !unlock && waited < (options.patience ?? 0); waited += 50) {
    await sleep(50)
    unlock = tryLock(join(folder, 'lock'))
  }
  if (!unlock)
    throw new GalleyError('STORE_CONFLICT', {
      what: 'the log has a writer already',
      why: `${holder(join(folder, 'lock')) ?? 'another one'} has ${folder} open`,
      fix: 'end it first; reading needs no lock',
    })
  try {
    return await openLocked(folder, options, unlock)
  } catch (error) {
    unlock()
    throw failure(error, `the log ${folder} could not be opened`)
  }
}

async function openLocked(folder: string, options: AppendLogOptions, unlock: () => void): Promise<AppendLog> {
  const { durability = 'sync', segmentBytes = SEGMENT_BYTES } = options
  const files = await openLogFiles(folder, segmentBytes)
  /** Offset before which everything is answered. */
  let durable = files.next()
  let waiting: Waiting[] = []
  /** What is at the files now; never rejects. */
  let working: Promise<void> | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const work = async () => {
    await Promise.resolve() // appends made in this turn of the event loop join the first group
    while (waiting.length > 0) {
      const [group, rest] = cut(waiting)
      waiting = rest
      try {
        const first = files.next()
        await files.write(group.map(({ payload }) => payload))
        if (durability === 'sync') await files.flush()
        else flushSoon()
        durable = files.next()
        for (const [i, { done }] of group.entries()) done(first + i)
      } catch (error) {
        const known = failure(error, `the log ${folder} could not be written`)
        for (const { failed } of group) failed(known)
      }
    }
    working = undefined
  }

  const sync = async () => {
    while (working) await working
    const flushed = files.flush()
    working = flushed
      .catch(() => undefined) // told to whoever waits for `flushed`
      .then(() => {
        working = waiting.length > 0 ? work() : undefined
      })
    await flushed
    const broken = files.broken()
    if (broken) throw broken
  }

  const flushSoon = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      sync().catch(() => undefined) // the next append says it
    }, LAZY_FLUSH_MS).unref()
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
      return durable
    },
    get oldest() {
      return files.segments()[0]?.first ?? 0
    },
    read: (from = 0) => readRange(files.segments, from, () => durable),
    prune: files.prune,
    async close() {
      if (closed) return
      closed = true
      clearTimeout(timer)
      try {
        while (working) await working
        await files.close()
      } finally {
        unlock()
      }
    },
  }
}

/** The first appends up to a group's size, and the others. */
function cut(waiting: Waiting[]): [Waiting[], Waiting[]] {
  let bytes = 0
  let count = 0
  while (count < waiting.length && bytes < GROUP_BYTES) bytes += waiting[count++]?.payload.byteLength ?? 0
  return count === waiting.length ? [waiting, []] : [waiting.slice(0, count), waiting.slice(count)]
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
