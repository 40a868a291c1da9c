import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { GalleyError } from '../../../base/errors.ts'
import { hashJson } from '../../../base/hash.ts'
import { file, text } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import type { ConnectorContext } from '../connector.ts'
import type { Session } from './connect.ts'
import { copyOut, madeColumns, type Question, type Range, readColumns } from './query.ts'

/** Bytes of a table that are read together, and the parts beyond which they become larger. */
const RANGE_BYTES = 16 << 20
const MOST_RANGES = 1000
/** Files that wait to be written as Parquet. */
const MOST_WAITING = 2
const CHUNK = 1 << 18
/** The longest row that the batch engine takes, at first and when one is longer; it takes that much memory for each thread. */
const LINES = [2 << 20, 16 << 20, 64 << 20, 256 << 20]

/** What was read. */
export interface Copied {
  readonly files: readonly string[]
  readonly rows: number
  readonly bytes: number
  readonly hash: string
}

/** The ranges that a table is read in: the last has no end, so that none is missed where parts of it are of other sizes. */
export function rangesOf({ blocks, blockBytes, bytes }: Question['table'], rangeBytes = RANGE_BYTES): Range[] {
  if (blocks === undefined) return [{}]
  const step = Math.max(1, Math.ceil(Math.max(rangeBytes, bytes / MOST_RANGES) / blockBytes))
  const count = Math.max(1, Math.ceil(blocks / step))
  return Array.from({ length: count }, (_, i) => ({
    ...(i > 0 ? { from: i * step } : {}),
    ...(i < count - 1 ? { before: (i + 1) * step } : {}),
  }))
}

/** Another connection that sees the same rows as the first. */
export async function inSnapshot(session: Session, snapshot: string | undefined): Promise<pg.Client> {
  const client = await session.open()
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  if (snapshot !== undefined) await client.query(`SET TRANSACTION SNAPSHOT '${snapshot.replaceAll("'", '')}'`)
  return client
}

/**
 * Copies the rows of a question as Parquet, one file a range, in order. Each connection takes the next range; what it wrote is
 * made Parquet of while the next is read.
 */
export async function copied(
  clients: readonly pg.Client[],
  q: Question,
  ranges: readonly Range[],
  more: readonly string[],
  name: string,
  ctx: ConnectorContext,
): Promise<Copied> {
  const made: string[] = []
  const keep = async (n: string) => {
    const path = await ctx.keep(n)
    made.push(path)
    return path
  }
  const found: ({ path: string | undefined; rows: number; hash: string } | undefined)[] = []
  let [next, bytes, done] = [0, 0, 0]
  const waiting: Promise<void>[] = []
  let turn: Promise<void> = Promise.resolve()
  const failed = new AbortController()
  const failures: unknown[] = []
  const fail = (error: unknown) => {
    failures.push(error)
    failed.abort()
  }
  const work = async (client: pg.Client) => {
    for (let at = next++; at < ranges.length && !failed.signal.aborted; at = next++) {
      const draft = await keep(`${name}-${at}.csv`)
      const hash = createHash('sha256')
      let length = 0
      const blocks = joined((chunk) => {
        hash.update(chunk)
        length += chunk.length
      })
      // loaded when it is needed: a page of a browser has no streams to extend
      const { CopyOut } = await import('./copy-out.ts')
      const from = client.query(new CopyOut(copyOut(q, ranges[at] ?? {}, more)))
      await pipeline(from, blocks, createWriteStream(draft, { highWaterMark: CHUNK }), { signal: ctx.signal })
      const convert = async () => {
        if (failed.signal.aborted) return
        const path = await keep(`${name}-${String(at).padStart(4, '0')}.parquet`)
        const rows = from.rowCount
        const written = length > 0 || at === 0
        bytes += length
        if (written) await parquetOf(q, draft, path, rows, ctx)
        await rm(draft, { force: true })
        found[at] = { path: written ? path : undefined, rows, hash: hash.digest('hex') }
        done++
        ctx.progress({ done, total: ranges.length, unit: 'steps' })
      }
      // one at a time: the batch engine takes all processors for each
      turn = turn.then(convert).catch(fail)
      waiting.push(turn)
      if (waiting.length > MOST_WAITING) await waiting.shift()
    }
  }
  await Promise.all(clients.map((client) => work(client).catch(fail)))
  await turn
  if (failures.length > 0) {
    for (const path of made) await rm(path, { force: true })
    throw failures[0]
  }
  return {
    files: found.flatMap((f) => (f?.path ? [f.path] : [])),
    rows: found.reduce((n, f) => n + (f?.rows ?? 0), 0),
    bytes,
    hash: hashJson(found.map((f) => f?.hash ?? '')),
  }
}

/** Small pieces as large ones. */
function joined(seen: (chunk: Buffer) => void): Transform {
  let held: Buffer[] = []
  let length = 0
  const flush = (to: Transform) => {
    if (length === 0) return
    const chunk = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held, length)
    held = []
    length = 0
    seen(chunk)
    to.push(chunk)
  }
  return new Transform({
    readableHighWaterMark: CHUNK,
    writableHighWaterMark: CHUNK,
    transform(chunk: Buffer, _encoding, done) {
      held.push(chunk)
      length += chunk.length
      if (length >= CHUNK) flush(this)
      done()
    },
    flush(done) {
      flush(this)
      done()
    },
  })
}

async function parquetOf(
  q: Question,
  from: string,
  target: string,
  rows: number,
  ctx: ConnectorContext,
): Promise<void> {
  const read = (line: number) =>
    `read_csv(${file(from)}, columns = ${readColumns(q)}, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = ${text('\\N')}, allow_quoted_nulls = false, new_line = '\\n', compression = 'none', hive_partitioning = false, max_line_size = ${line}${line > 2 << 20 ? `, buffer_size = ${line}` : ''})`
  const copy = (line: number) => ctx.query(`COPY (SELECT ${madeColumns(q)} FROM ${read(line)}) ${toParquet(target)}`)
  for (const [i, line] of LINES.entries())
    try {
      const [written] = await copy(line)
      const read = Number(written?.['Count'])
      if (read === rows) return
      throw new GalleyError('INTERNAL_BUG', { what: `of ${rows} rows that the server wrote ${read} were read` })
    } catch (error) {
      const { cause = error } = error as Error
      if (i === LINES.length - 1 || !/maximum line size/i.test(String(cause))) throw error
    }
}

/** Whether a value was carried over that is beyond those of its type: told by the files' own statistics where they have them. */
export async function beyond(q: Question, files: readonly string[], ctx: ConnectorContext): Promise<boolean> {
  const terms = q.taken.flatMap((c, i) => {
    const [least, most] = c.carried.bounds ?? []
    const name = `"${c.name.replaceAll('"', '""')}"`
    return least ? [`coalesce(min(${name}) < ${least} OR max(${name}) > ${most}, FALSE) AS b${i}`] : []
  })
  if (terms.length === 0) return false
  const list = files.map(file).join(', ')
  const [row = {}] = await ctx.query(
    `SELECT ${terms.join(', ')} FROM read_parquet([${list}], hive_partitioning = false)`,
  )
  return Object.values(row).some((v) => v === true)
}
