import { rmSync, statSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { GalleyError } from '../../base/errors.ts'
import type { Node, Plan } from '../../plan/nodes.ts'
import { build } from '../../plan/nodes.ts'
import { optimise } from '../../plan/optimise/index.ts'
import { spanText } from '../../plan/print.ts'
import type { Schema } from '../../plan/types.ts'
import { nodes } from '../../plan/walk.ts'
import { evaluateConstant } from '../constants.ts'
import type { Engine, Prepared, Relation, RunContext } from '../engine.ts'
import { boundsOf, countsDifferent } from './bitmaps.ts'
import { type Instance, type Open, openInstance, withConnection } from './connection.ts'
import type { DuckdbOptions } from './database.ts'
import { gapsOf } from './gaps.ts'
import { looksBack, mayDropFailures } from './hazard.ts'
import { lower } from './lower.ts'
import { outOfMemory, PARTS, partsOf } from './parts.ts'
import { execute, type Source, stream } from './run.ts'
import { quote } from './sql/names.ts'
import { toParquet } from './sql/parquet.ts'

/** The engine, and SQL for what is not a plan: reading a file's own metadata, loading a foreign format. */
export interface DuckdbEngine extends Engine {
  /** Memory that queries may take before they spill, MiB. */
  readonly memoryMiB: number
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
    memoryMiB: options.memoryMiB,
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

/** A plan as what runs it. */
function sourceOf(written: Node, open: Open): Source {
  const root = optimise(written, { evaluate: evaluateConstant })
  // a failure is told in the words of the plan as it was written
  return { root: written, lowered: lower(root), open, settled: mayDropFailures(root), exact: looksBack(root) }
}

/** The same where different integers can be counted in maps of bits. */
async function withBitmaps(source: Source, ctx: RunContext): Promise<Source> {
  if (!countsDifferent(source.root)) return source
  const root = optimise(source.root, { evaluate: evaluateConstant })
  const bounds = await boundsOf(root, source.open, ctx)
  return bounds.size === 0 ? source : { ...source, lowered: lower(root, { bounds }) }
}

function prepared(plan: Plan, open: Open): Prepared {
  const source = sourceOf(plan.root, open)
  const { lowered } = source
  const { schema } = plan.root
  return {
    estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: 0 }),
    explain: () =>
      [
        ...(source.exact
          ? ['-- run verb by verb, as it looks at what failed in a verb before; as one query it would be']
          : []),
        ...lowered.windows.map(
          (w) => `-- ${w.mark}: events of a window over ${spanText(w.over)}, sorted by key and time\n${w.sql}`,
        ),
        lowered.sql,
      ].join('\n'),
    async run(ctx, sink) {
      for (const file of filesOf(plan.root))
        ctx.ledger.add('duckdb', 'bytesIn', statSync(file, { throwIfNoEntry: false })?.size ?? 0)
      const counted = await withBitmaps(source, ctx)
      if (sink === 'batches') return streamed(counted, schema, ctx)
      if (sink === 'device')
        throw new GalleyError('ENGINE_GAP', {
          what: "duckdb leaves nothing in a graphics device's memory",
          fix: "ask for 'batches', or the engine webgpu",
        })
      const rows = await writeWhole(counted, schema, ctx, sink.parquet)
      ctx.ledger.add('duckdb', 'bytesOut', statSync(sink.parquet).size)
      return streamed(parquetOf([sink.parquet], schema, open), schema, ctx, rows)
    },
  }
}

/** A plan whole, then, for when it does not fit in memory, in more and more parts of its groups. */
function* tries(source: Source): Generator<readonly Source[]> {
  yield [source]
  for (const count of PARTS) {
    const parts = partsOf(source.root, count)
    if (!parts) return
    yield parts.map((part) => sourceOf(part, source.open))
  }
}

/** Files as a plan that reads them. */
function parquetOf(files: readonly string[], schema: Schema, open: Open): Source {
  const root = build({ op: 'scan', from: { kind: 'parquet', files }, schema })
  return { root, lowered: lower(root), open, settled: false, exact: false }
}

async function writeWhole(source: Source, schema: Schema, ctx: RunContext, path: string): Promise<number> {
  let last: unknown
  for (const parts of tries(source))
    try {
      return await writeParts(parts, schema, ctx, path)
    } catch (error) {
      if (!outOfMemory(error)) throw error
      last = error
    }
  throw last
}

/** Writes parts one after the other, then all of them as one file. */
async function writeParts(parts: readonly Source[], schema: Schema, ctx: RunContext, path: string): Promise<number> {
  const [only] = parts
  if (only && parts.length === 1) return writeParquet(only, schema, ctx, path)
  const files = parts.map((_, i) => `${path}.part-${i}`)
  try {
    for (const [i, part] of parts.entries()) await writeParquet(part, schema, ctx, files[i] as string)
    return await writeParquet(parquetOf(files, schema, parts[0]?.open as Open), schema, ctx, path)
  } finally {
    for (const file of files) rmSync(file, { force: true })
  }
}

const filesOf = (root: Node): string[] =>
  [...nodes(root)].flatMap((n) => {
    if (n.op !== 'scan') return []
    return n.from.kind === 'parquet' ? n.from.files : n.from.kind === 'csv' ? [n.from.file] : []
  })

async function writeParquet(source: Source, schema: Schema, ctx: RunContext, path: string): Promise<number> {
  // instants are marked as such in the file, so that every Parquet reader knows them
  const columns = schema.map((f) =>
    f.type === 'timestamp' ? `${quote(f.name)} AT TIME ZONE 'UTC' AS ${quote(f.name)}` : quote(f.name),
  )
  let rows = 0
  const copy = async function* (sql: string, part: RunContext, connection?: DuckDBConnection): AsyncGenerator<number> {
    const write = async (c: DuckDBConnection) => {
      const result = await c.run(`COPY (SELECT ${columns.join(', ')} FROM (${sql})) ${toParquet(path)}`)
      return result.rowsChanged
    }
    yield connection ? await write(connection) : await withConnection(source.open, part, write)
  }
  for await (const written of execute(source, ctx, copy)) rows = written
  return rows
}

const ROW: Schema = [{ name: '__row', type: 'bool', nullable: false }]

/** A plan's rows, `rows` of them when they were counted. */
function streamed(source: Source, schema: Schema, ctx: RunContext, rows = Number.NaN): Relation {
  return {
    place: 'host',
    schema,
    rows,
    async *batches(columns) {
      const wanted = columns ? columns.flatMap((name) => schema.find((f) => f.name === name) ?? []) : schema
      // rows without columns are counted by one that is not handed out: SQL has no selection of nothing
      const none = wanted.length === 0
      const selected = none ? 'TRUE AS "__row"' : wanted.map((f) => quote(f.name)).join(', ')
      const select = (sql: string) => (columns ? `SELECT ${selected} FROM (${sql})` : sql)
      const read = (from: Source) =>
        execute(from, ctx, (sql, part, connection) =>
          stream(select(sql), none ? ROW : wanted, from.open, part, {
            connection,
            settled: from.settled && !connection,
            atMost: rows,
          }),
        )
      let given = false
      let last: unknown
      for (const parts of tries(source))
        try {
          for (const part of parts)
            for await (const batch of read(part)) {
              given = true
              yield none ? { schema: wanted, rows: batch.rows, columns: [] } : batch
            }
          return
        } catch (error) {
          // what was handed out can't be taken back
          if (given || !outOfMemory(error)) throw error
          last = error
        }
      throw last
    },
    close: () => {},
  }
}
