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
import { batchOfChunk, copiedBytes, StringCache } from './vectors.ts'

/** A plan ready to run. */
export interface Source {
  readonly root: Node
  readonly lowered: Lowered
  readonly open: Open
  /** Whether all rows are to be there before the first is handed out. */
  readonly settled: boolean
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
    for await (const item of withWindows(source, ctx, work)) {
      given = true
      yield item
    }
    return
  } catch (error) {
    if (!(error instanceof GalleyError && error.code === 'VALUE_INVALID')) throw error
    const { connection, release } = await connect(source.open, ctx)
    try {
      const { sql } = await runExact(connection, source.root)
      // what was handed out can't be taken back; `settled` keeps plans for which this could happen from streaming
      if (given) throw error
      yield* work(sql, ctx, connection)
    } catch (second) {
      throw translate(second, ctx)
    } finally {
      release()
    }
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
  const fill = (text: string) => windows.reduceRight((s, w, i) => s.replaceAll(w.placeholder, String(ids[i])), text)
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

/** How a query is streamed: on which connection, and whether its whole result is computed before the first row is given. */
interface StreamOptions {
  readonly connection?: DuckDBConnection | undefined
  readonly settled?: boolean
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
  let next: Promise<DuckDBDataChunk | null> | undefined
  try {
    if (options.settled) await connection.run(`CREATE TEMP TABLE settled AS ${sql}`)
    const result = await connection.stream(options.settled ? 'SELECT * FROM settled' : sql)
    next = result.fetchChunk()
    for (;;) {
      throwIfAborted(ctx.signal)
      const chunk = await next
      if (!chunk || chunk.rowCount === 0) return
      // DuckDB makes the next chunk while this one is used
      next = result.fetchChunk()
      next.catch(() => undefined)
      const batch = batchOfChunk(chunk, schema, strings)
      ctx.ledger.add('duckdb', 'bytesOut', batchBytes(batch))
      ctx.ledger.add('duckdb', 'copied', copiedBytes(batch))
      yield batch
    }
  } catch (error) {
    throw translate(error, ctx)
  } finally {
    // a connection must not close under a fetch
    await next?.catch(() => undefined)
    release()
  }
}
