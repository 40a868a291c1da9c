import { statSync } from 'node:fs'
import { throwIfAborted } from '../../base/errors.ts'
import type { Node, Plan } from '../../plan/nodes.ts'
import { build } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { nodes } from '../../plan/walk.ts'
import { type Batch, batchBytes } from '../batch.ts'
import type { Engine, Prepared, Relation, RunContext } from '../engine.ts'
import { connect, type DuckdbOptions, type Instance, type Open, openInstance, withConnection } from './connection.ts'
import { translate } from './failures.ts'
import { gapsOf } from './gaps.ts'
import { type Lowered, lower } from './lower.ts'
import { buildWindow, TooLarge } from './rolling-table.ts'
import { quote, text } from './sql/names.ts'
import { batchOfChunk, StringCache } from './vectors.ts'

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
  work: (sql: string, ctx: RunContext) => AsyncIterable<T>,
): AsyncGenerator<T> {
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

const filesOf = (root: Node): string[] =>
  [...nodes(root)].flatMap((n) => (n.op === 'scan' && n.from.kind === 'parquet' ? n.from.files : []))

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

async function writeParquet(source: Source, schema: Schema, ctx: RunContext, path: string): Promise<Relation> {
  // instants are marked as such in the file, so that every Parquet reader knows them
  const columns = schema.map((f) =>
    f.type === 'timestamp' ? `${quote(f.name)} AT TIME ZONE 'UTC' AS ${quote(f.name)}` : quote(f.name),
  )
  let rows = 0
  const copy = async function* (sql: string, part: RunContext): AsyncGenerator<number> {
    yield await withConnection(source.open, part, async (connection) => {
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
      yield* withWindows(source, ctx, (sql, part) => stream(select(sql), wanted, source.open, part))
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
