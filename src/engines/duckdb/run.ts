import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
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
import { sqlType } from './sql/names.ts'
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

/**
 * A query with a last row that says that it is the last. A stream that fails in its middle ends as one that is done: the
 * library gives no more chunks and no error.
 */
function withEnd(sql: string, schema: Schema): string {
  const nulls = schema.map((f) => `CAST(NULL AS ${sqlType(f.type)})`)
  return `SELECT *, FALSE AS "__end" FROM (${sql}) UNION ALL SELECT ${[...nulls, 'TRUE'].join(', ')}`
}

/** Whether a chunk's last row is the one that says so. */
function endsHere(chunk: DuckDBDataChunk, column: number): boolean {
  const rows = chunk.rowCount
  return duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk.chunk, column), rows)[rows - 1] === 1
}

/** What broke a stream off: the query once more, whole, says it. */
async function whyNotWhole(connection: DuckDBConnection, sql: string): Promise<unknown> {
  try {
    await connection.run(`CREATE TEMP TABLE told AS ${sql}`)
  } catch (error) {
    return error
  }
  return new GalleyError('ENGINE_FAILED', {
    what: 'the query broke off before its last row',
    why: 'run again as a whole it did not fail: it may have had too little memory beside other queries',
    fix: 'run it again, or give the engine more memory',
  })
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
    const whole = options.settled ? 'SELECT * FROM settled' : sql
    const result = await connection.stream(withEnd(whole, schema))
    next = result.fetchChunk()
    for (;;) {
      throwIfAborted(ctx.signal)
      const chunk = await next
      if (!chunk || chunk.rowCount === 0) {
        throwIfAborted(ctx.signal)
        throw await whyNotWhole(connection, whole)
      }
      const ended = endsHere(chunk, schema.length)
      // DuckDB makes the next chunk while this one is used
      next = ended ? undefined : result.fetchChunk()
      next?.catch(() => undefined)
      const rows = chunk.rowCount - (ended ? 1 : 0)
      if (rows === 0) return
      const batch = batchOfChunk(chunk, schema, strings, rows)
      ctx.ledger.add('duckdb', 'bytesOut', batchBytes(batch))
      ctx.ledger.add('duckdb', 'copied', copiedBytes(batch))
      yield batch
      if (ended) return
    }
  } catch (error) {
    throw translate(error, ctx)
  } finally {
    // a connection must not close under a fetch
    await next?.catch(() => undefined)
    release()
  }
}
