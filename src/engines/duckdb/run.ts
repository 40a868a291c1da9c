import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { type Batch, batchBytes } from '../batch.ts'
import type { RunContext } from '../engine.ts'
import { connect, type Open } from './connection.ts'
import { runExact } from './exact.ts'
import { translate } from './failures.ts'
import { type Lowered, lower } from './lower.ts'
import { buildWindow, TooLarge } from './rolling-table.ts'
import { StringCache } from './strings.ts'
import { batchOfChunk, fitsWhole } from './vectors.ts'

/** A plan ready to run. */
export interface Source {
  readonly root: Node
  readonly lowered: Lowered
  readonly open: Open
  /** Whether all rows are to be there before the first is handed out. */
  readonly settled: boolean
  /** Whether it has to run node by node. */
  readonly exact: boolean
}

/** Runs a query's SQL; on a connection that holds what the query reads, when one is given. */
export type Work<T> = (sql: string, ctx: RunContext, connection?: DuckDBConnection) => AsyncIterable<T>

/**
 * Runs a plan as one query. Where that fails for a value, the plan runs again node by node, which tells whether a
 * surviving row uses the value: if so, the error names node and column; if not, that result counts.
 */
export async function* execute<T>(source: Source, ctx: RunContext, work: Work<T>): AsyncGenerator<T> {
  let given = false
  try {
    if (!source.exact) {
      for await (const item of withWindows(source, ctx, work)) {
        given = true
        yield item
      }
      return
    }
  } catch (error) {
    // what was handed out can't be taken back; `settled` keeps plans for which this could happen from streaming
    if (!(error instanceof GalleyError && error.code === 'VALUE_INVALID')) throw error
    if (given) {
      await exactly(source, ctx, nothing).next()
      throw error
    }
  }
  yield* exactly(source, ctx, work)
}

async function* nothing(): AsyncGenerator<never> {}

/** Runs a plan node by node. */
async function* exactly<T>(source: Source, ctx: RunContext, work: Work<T>): AsyncGenerator<T> {
  const { connection, release } = await connect(source.open, ctx)
  try {
    const { sql } = await runExact(connection, source.root)
    yield* work(sql, ctx, connection)
  } catch (error) {
    throw translate(error, ctx)
  } finally {
    release()
  }
}

/** Builds the plan's windows, runs `work` with the SQL that reads them, and forgets them. */
async function* withWindows<T>(source: Source, ctx: RunContext, work: Work<T>): AsyncGenerator<T> {
  const { windows, sql } = source.lowered
  if (windows.length === 0) {
    yield* work(sql, ctx)
    return
  }
  const instance = await source.open()
  const ids: number[] = []
  const fill = (text: string) => windows.reduceRight((s, w, i) => s.replaceAll(w.mark, String(ids[i])), text)
  try {
    for (const [i, w] of windows.entries()) {
      const id = ++instance.lastWindow
      const part = partOf(ctx, i, windows.length + 1)
      instance.windows.set(id, await buildWindow(stream(fill(w.sql), w.schema, source.open, part), w))
      ids.push(id)
    }
  } catch (error) {
    for (const id of ids) instance.windows.delete(id)
    if (!(error instanceof TooLarge)) throw error
    yield* work(lower(source.root, { windows: false }).sql, ctx)
    return
  }
  try {
    yield* work(fill(sql), partOf(ctx, windows.length, windows.length + 1))
  } finally {
    for (const id of ids) instance.windows.delete(id)
  }
}

/** A context whose progress is one of several equal parts. */
function partOf(ctx: RunContext, part: number, parts: number): RunContext {
  const { progress } = ctx
  if (!progress) return ctx
  return {
    ...ctx,
    progress: ({ done, total = 100 }) =>
      progress({ done: ((part + done / total) / parts) * 100, total: 100, unit: 'percent' }),
  }
}

/** How a query is read: on which connection, and what is known of its result. */
interface StreamOptions {
  readonly connection?: DuckDBConnection | undefined
  /** Whether the whole result is computed before the first row is given. */
  readonly settled?: boolean
  /** Rows that the result has at most; NaN when nothing is known of it. */
  readonly atMost?: number
}

/** What broke a stream off: the query once more, whole, says it, unless it was broken off because nobody wants it any more. */
async function whyNotWhole(connection: DuckDBConnection, sql: string, signal: AbortSignal): Promise<unknown> {
  throwIfAborted(signal)
  try {
    await connection.run(`CREATE TEMP TABLE told AS ${sql}`)
  } catch (error) {
    return error
  }
  throwIfAborted(signal)
  return new GalleyError('ENGINE_FAILED', {
    what: 'the query broke off before its last row',
    why: 'run again as a whole it did not fail: it may have had too little memory beside other queries',
    fix: 'run it again, or give the engine more memory',
  })
}

/**
 * A query's chunks as DuckDB makes them. A stream that fails in its middle gives no more chunks and no error, as one that
 * is done: the result tells them apart, for it counts as no stream once it has failed.
 */
async function* streamedChunks(
  connection: DuckDBConnection,
  sql: string,
  signal: AbortSignal,
): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.stream(sql)
  // DuckDB makes the next chunk while this one is used
  let next: Promise<DuckDBDataChunk | null> | undefined = result.fetchChunk()
  try {
    for (;;) {
      const chunk = await next
      next = undefined
      if (!chunk || chunk.rowCount === 0) break
      next = result.fetchChunk()
      next.catch(() => undefined)
      yield chunk
    }
    if (!result.isStreaming) throw await whyNotWhole(connection, sql, signal)
  } finally {
    // a connection must not close under a fetch
    await next?.catch(() => undefined)
  }
}

/** Chunks of a result read whole between two turns of the event loop. */
const CHUNKS_A_TURN = 64

/** The chunks of a result that is fetched whole: without a trip to another thread for each. */
async function* wholeChunks(connection: DuckDBConnection, sql: string): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.run(sql)
  for (let i = 0; i < result.chunkCount; i++) {
    if (i % CHUNKS_A_TURN === CHUNKS_A_TURN - 1) await nextTurn()
    yield result.getChunk(i)
  }
}

/** A query's rows as batches. */
export async function* stream(
  sql: string,
  schema: Schema,
  open: Open,
  ctx: RunContext,
  options: StreamOptions = {},
): AsyncGenerator<Batch> {
  const { connection, release } = options.connection
    ? { connection: options.connection, release: () => {} }
    : await connect(open, ctx)
  const strings = new StringCache()
  try {
    const whole = fitsWhole(schema, options.atMost ?? Number.NaN)
    if (options.settled && !whole) await connection.run(`CREATE TEMP TABLE settled AS ${sql}`)
    const chunks = whole
      ? wholeChunks(connection, sql)
      : streamedChunks(connection, options.settled ? 'SELECT * FROM settled' : sql, ctx.signal)
    for await (const chunk of chunks) {
      throwIfAborted(ctx.signal)
      const batch = batchOfChunk(chunk, schema, strings)
      const bytes = batchBytes(batch)
      ctx.ledger.add('duckdb', 'bytesOut', bytes)
      // the library copies what it hands out
      ctx.ledger.add('duckdb', 'copied', bytes)
      yield batch
    }
    throwIfAborted(ctx.signal)
  } catch (error) {
    throw translate(error, ctx)
  } finally {
    release()
  }
}
