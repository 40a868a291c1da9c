import { open, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, join } from 'node:path'
import { GalleyError, nearest } from '../../../base/errors.ts'
import { newId } from '../../../base/ids.ts'
import { resolveSecret } from '../../../base/secrets.ts'
import type { DuckdbEngine } from '../../../engines/duckdb/index.ts'
import { file, quote } from '../../../engines/duckdb/sql/names.ts'
import { isGaps, type RunContext } from '../../../engines/engine.ts'
import { build, plan } from '../../../plan/nodes.ts'
import type { Schema } from '../../../plan/types.ts'
import { syncFolder } from '../../../store/files.ts'
import type { SourceSpec } from '../connector.ts'
import { connector } from '../index.ts'

/** Connectors that write, by a file's ending. */
const ENDINGS: Readonly<Record<string, string>> = {
  '.csv': 'csv',
  '.json': 'json',
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.parquet': 'parquet',
  '.arrow': 'arrow',
  '.arrows': 'arrow',
  '.sqlite': 'sqlite',
  '.db': 'sqlite',
}

/** What writes to such a place: a file by its ending, `s3://bucket/key`, or `postgres:table`. @throws USAGE_INVALID */
export function writerFor(path: string): string {
  if (path.startsWith('s3://')) return 's3'
  if (path.startsWith('postgres:')) return 'postgres'
  const ending = extname(path).toLowerCase()
  const kind = Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined
  if (kind) return kind
  const close = nearest(ending, Object.keys(ENDINGS))
  throw new GalleyError('USAGE_INVALID', {
    what: `${basename(path)} does not say what it is to be`,
    why: `files are written by their ending: ${Object.keys(ENDINGS).join(', ')}`,
    fix: close ? `did you mean '${close}'?` : 'name a file that ends so',
  })
}

/** A table in Parquet files of ours; a column that a file has not is null in its rows. */
interface Table {
  readonly files: readonly string[]
  readonly schema: Schema
}

/**
 * Writes a table to a file: beside it first, and to its place by a rename when all of it is on the disk, so that nobody ever sees
 * a part; a name is written to by its connector, in one step. Gives the rows. @throws USAGE_INVALID where a file stands there and `overwrite` is not said, DISK_FULL, CANCELLED
 */
export async function exportTable(
  table: Table,
  to: {
    readonly path: string
    readonly kind: string
    readonly options?: SourceSpec['options']
    readonly overwrite?: boolean
  },
  duckdb: DuckdbEngine,
  ctx: RunContext,
): Promise<number> {
  const { path, kind } = to
  const source = await connector(kind)
  if (!source.write)
    throw new GalleyError('USAGE_INVALID', { what: `nothing can be written as ${kind}`, fix: 'name another file' })
  if (source.where === 'path' && !to.overwrite && (await stat(path).catch(() => undefined)))
    throw new GalleyError('USAGE_INVALID', {
      what: `there is a file at ${path} already`,
      why: 'it would be replaced',
      fix: 'say --overwrite, or name another file',
    })
  if (source.where === 'path' && !(await stat(dirname(path)).catch(() => undefined))?.isDirectory())
    throw new GalleyError('USAGE_INVALID', {
      what: `there is no folder ${dirname(path)}`,
      why: 'files are written into folders that are there',
      fix: 'make it, or name another file',
    })
  const cells = table.schema.map((f) => {
    const c = quote(f.name)
    return f.type === 'timestamp' ? `CAST(CAST(${c} AS TIMESTAMPTZ) AS TIMESTAMP) AS ${c}` : c
  })
  const sql = `SELECT ${cells.join(', ')} FROM read_parquet([${table.files.map(file).join(', ')}], union_by_name = true, hive_partitioning = false)`
  // a name is the connector's to write to, in one step
  const isName = source.where === 'name'
  const target = isName ? path : `${path}.part-${newId()}`
  const temps: string[] = []
  try {
    const rows = await duckdb.session(ctx, (query) =>
      (source.write as NonNullable<typeof source.write>)(
        { sql, schema: table.schema, target, options: to.options ?? {}, open: () => batches(table, duckdb, ctx) },
        {
          ...{ query, signal: ctx.signal, secret: resolveSecret },
          progress: (p) => ctx.progress?.(p),
          temp: async () => {
            temps.push(isName ? join(tmpdir(), `galley-export-${newId()}`) : `${target}-${temps.length}`)
            return temps.at(-1) as string
          },
        },
      ),
    )
    if (isName) return rows
    const written = await open(target, 'r+')
    await written.sync()
    await written.close()
    await rename(target, path)
    await syncFolder(dirname(path))
    return rows
  } finally {
    for (const f of [...(isName ? [] : [target]), ...temps]) await rm(f, { force: true })
  }
}

async function batches({ files, schema }: Table, duckdb: DuckdbEngine, ctx: RunContext) {
  const prepared = duckdb.prepare(plan(build({ op: 'scan', from: { kind: 'parquet', files }, schema })))
  if (isGaps(prepared))
    throw new GalleyError('ENGINE_GAP', { what: 'the table can not be read', why: prepared[0]?.reason ?? '' })
  return prepared.run({ scope: ctx.scope, signal: ctx.signal, ledger: ctx.ledger }, 'batches')
}
