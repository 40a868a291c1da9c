import { mkdirSync, statSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { throwIfAborted } from '../../base/errors.ts'
import type { Node, Plan } from '../../plan/nodes.ts'
import { build } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { nodes } from '../../plan/walk.ts'
import { type Batch, batchBytes } from '../batch.ts'
import type { Engine, Prepared, Relation, RunContext } from '../engine.ts'
import { translate } from './failures.ts'
import { gapsOf } from './gaps.ts'
import { type Lowered, lower } from './lower.ts'
import { quote, text } from './sql.ts'
import { batchOfChunk, StringCache } from './vectors.ts'
import { buildWindow, registerWindows, TooLarge, type WindowTable } from './windows.ts'

export interface DuckdbOptions {
  /** Memory that queries may take before they spill, MiB. */
  readonly memoryMiB: number
  readonly threads?: number
  /** Folder for what spills. */
  readonly temp: string
}

/** The engine, and SQL for what is not a plan: reading a file's own metadata, loading a foreign format. */
export interface DuckdbEngine extends Engine {
  /** Runs statements on one connection; the rows of each come back as JSON objects. */
  session<T>(
    ctx: RunContext,
    work: (query: (sql: string) => Promise<Record<string, unknown>[]>) => Promise<T>,
  ): Promise<T>
}

/** The batch engine: DuckDB in this process, without a database file, over Parquet. */
export function createDuckdbEngine(options: DuckdbOptions): DuckdbEngine {
  let opened: Promise<Instance> | undefined
  const open = () => {
    opened ??= openInstance(options)
    return opened
  }
  return {
    name: 'duckdb',
    prepare(plan) {
      const gaps = gapsOf(plan.root)
      return gaps.length > 0 ? gaps : prepared(plan, open)
    },
    session: (ctx, work) =>
      withConnection(open, ctx, (connection) =>
        work(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()),
      ),
    async close() {
      const closing = opened
      opened = undefined
      ;(await closing)?.db.closeSync()
    },
  }
}

/** The database, and the windows that queries under way read. */
interface Instance {
  readonly db: DuckDBInstance
  readonly windows: Map<number, WindowTable>
  lastWindow: number
}
type Open = () => Promise<Instance>

async function openInstance(options: DuckdbOptions): Promise<Instance> {
  mkdirSync(options.temp, { recursive: true })
  const db = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryMiB}MiB`,
    temp_directory: options.temp,
    // a file is read in its own order, so that what is computed from it is the same every time
    preserve_insertion_order: 'true',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(options.threads ? { threads: String(options.threads) } : {}),
  })
  const windows = new Map<number, WindowTable>()
  const connection = await db.connect()
  registerWindows(connection, windows)
  connection.closeSync()
  return { db, windows, lastWindow: 0 }
}

function prepared(plan: Plan, open: Open): Prepared {
  const lowered = lower(plan.root)
  const { schema } = plan.root
  return {
    estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: 0 }),
    explain: () =>
      [
        ...lowered.windows.map(
          (w) => `-- ${w.placeholder}: events of a window over ${w.over / 60e6} min, sorted by key and time\n${w.sql}`,
        ),
        lowered.sql,
      ].join('\n'),
    async run(ctx, sink) {
      for (const file of filesOf(plan.root))
        ctx.ledger.add('duckdb', 'bytesIn', statSync(file, { throwIfNoEntry: false })?.size ?? 0)
      const source: Source = { root: plan.root, lowered, open }
      if (sink === 'batches') return streamed(source, schema, ctx)
      return writeParquet(source, schema, ctx, sink.parquet)
    },
  }
}

interface Source {
  readonly root: Node
  readonly lowered: Lowered
  readonly open: Open
}

/** Builds the plan's windows, runs `work` with the SQL that reads them, and forgets them. */
async function* withWindows<T>(
  source: Source,
  ctx: RunContext,
  work: (sql: string) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const { windows, sql } = source.lowered
  if (windows.length === 0) {
    yield* work(sql)
    return
  }
  const instance = await source.open()
  const ids: number[] = []
  const fill = (text: string) => windows.reduceRight((s, w, i) => s.replaceAll(w.placeholder, String(ids[i])), text)
  try {
    for (const w of windows) {
      const id = ++instance.lastWindow
      instance.windows.set(id, await buildWindow(stream(fill(w.sql), w.schema, source.open, ctx), w))
      ids.push(id)
    }
  } catch (error) {
    for (const id of ids) instance.windows.delete(id)
    if (!(error instanceof TooLarge)) throw error
    yield* work(lower(source.root, { windows: false }).sql)
    return
  }
  try {
    yield* work(fill(sql))
  } finally {
    for (const id of ids) instance.windows.delete(id)
  }
}

const filesOf = (root: Node): string[] =>
  [...nodes(root)].flatMap((n) => (n.op === 'scan' && n.from.kind === 'parquet' ? n.from.files : []))

async function writeParquet(source: Source, schema: Schema, ctx: RunContext, path: string): Promise<Relation> {
  // instants are marked as such in the file, so that every Parquet reader knows them
  const columns = schema.map((f) =>
    f.type === 'timestamp' ? `${quote(f.name)} AT TIME ZONE 'UTC' AS ${quote(f.name)}` : quote(f.name),
  )
  let rows = 0
  const copy = async function* (sql: string): AsyncGenerator<number> {
    yield await withConnection(source.open, ctx, async (connection) => {
      const result = await connection.run(
        `COPY (SELECT ${columns.join(', ')} FROM (${sql})) TO ${text(path)} (FORMAT parquet, COMPRESSION zstd)`,
      )
      return result.rowsChanged
    })
  }
  for await (const written of withWindows(source, ctx, copy)) rows += written
  ctx.ledger.add('duckdb', 'bytesOut', statSync(path).size)
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: [path] }, schema })
  return { ...streamed({ root: scan, lowered: lower(scan), open: source.open }, schema, ctx), rows }
}

function streamed(source: Source, schema: Schema, ctx: RunContext): Relation {
  return {
    place: 'host',
    schema,
    rows: Number.NaN,
    async *batches(columns) {
      const wanted = columns
        ? columns.map((name) => schema.find((f) => f.name === name)).filter((f) => f !== undefined)
        : schema
      const select = (sql: string) =>
        columns ? `SELECT ${wanted.map((f) => quote(f.name)).join(', ')} FROM (${sql})` : sql
      yield* withWindows(source, ctx, (sql) => stream(select(sql), wanted, source.open, ctx))
    },
    close: () => {},
  }
}

async function* stream(sql: string, schema: Schema, open: Open, ctx: RunContext): AsyncGenerator<Batch> {
  const { connection, release } = await connect(open, ctx)
  const strings = new StringCache()
  try {
    const result = await connection.stream(sql)
    for (;;) {
      throwIfAborted(ctx.signal)
      const chunk = await result.fetchChunk()
      if (!chunk || chunk.rowCount === 0) return
      const batch = batchOfChunk(chunk, schema, strings)
      ctx.ledger.add('duckdb', 'bytesOut', batchBytes(batch))
      yield batch
    }
  } catch (error) {
    throw translate(error, ctx)
  } finally {
    release()
  }
}

async function withConnection<T>(open: Open, ctx: RunContext, work: (c: DuckDBConnection) => Promise<T>): Promise<T> {
  const { connection, release } = await connect(open, ctx)
  try {
    return await work(connection)
  } catch (error) {
    throw translate(error, ctx)
  } finally {
    release()
  }
}

/** One connection a run: the signal interrupts it, its progress is told every 200 ms. */
async function connect(open: Open, ctx: RunContext): Promise<{ connection: DuckDBConnection; release: () => void }> {
  throwIfAborted(ctx.signal)
  const connection = await (await open()).db.connect()
  await connection.run("SET TimeZone = 'UTC'")
  const interrupt = () => connection.interrupt()
  ctx.signal.addEventListener('abort', interrupt, { once: true })
  const timer = ctx.progress
    ? setInterval(() => {
        const { percentage } = connection.progress
        if (percentage > 0) ctx.progress?.({ done: Math.min(100, percentage), total: 100, unit: 'percent' })
      }, 200)
    : undefined
  return {
    connection,
    release() {
      clearInterval(timer)
      ctx.signal.removeEventListener('abort', interrupt)
      connection.closeSync()
    },
  }
}
