import { statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { GalleyError } from '../../../base/errors.ts'
import { file, quote, sqlType, text } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import { parseType, type TypeName } from '../../../plan/types.ts'
import type { Connector, ConnectorContext, Part, SourceSnapshot, SourceSpec } from '../connector.ts'
import { saidOf } from '../files.ts'
import { stateOf } from './list.ts'

/** A file of a folder, read. */
export interface ReadFile {
  readonly path: string
  readonly snapshot: SourceSnapshot
  readonly columns: readonly string[]
}

/** A file that is set aside as a whole. */
export interface LostFile {
  readonly path: string
  readonly reason: string
  /** Whether it is its columns that are not as declared. */
  readonly schema: boolean
}

/** Reads the files of some parts, each by the connector of its kind. */
export async function readFiles(
  inner: Connector,
  spec: SourceSpec,
  parts: readonly Part[],
  policy: {
    readonly schema: 'stop' | 'evolve' | 'quarantine'
    readonly broken: 'stop' | 'quarantine'
    readonly byTime: boolean
  },
  ctx: ConnectorContext,
  /** Brings a part to a file of ours, where it lies elsewhere. */
  bring?: (part: Part, i: number) => Promise<string>,
): Promise<{ read: ReadFile[]; lost: LostFile[] }> {
  const read: ReadFile[] = []
  const lost: LostFile[] = []
  let bytes = 0
  for (const [i, part] of parts.entries()) {
    const keep = (name: string) => ctx.keep(`f${i}-${name}`)
    const path = (await bring?.(part, i)) ?? part.id
    try {
      const got = await evolved(inner, spec, path, policy.schema === 'evolve', { ...ctx, keep, inPlace: false })
      const info = statSync(part.id, { throwIfNoEntry: false })
      if (policy.byTime && (!info || stateOf(info) !== part.identity)) throw changed(part.id)
      read.push({ ...got, path: part.id })
      if (path !== part.id && !got.snapshot.files.includes(path)) await rm(path, { force: true })
    } catch (thrown) {
      const gone = policy.byTime && !statSync(part.id, { throwIfNoEntry: false })
      const error = path !== part.id ? saidOf(thrown, path, part.id) : gone ? went(part.id, thrown) : thrown
      if (path !== part.id) await rm(path, { force: true })
      const lostFile = lostBy(error, part.id, policy)
      if (!lostFile) throw error
      lost.push(lostFile)
    }
    bytes += part.bytes ?? 0
    ctx.progress({ done: bytes, total: parts.reduce((n, p) => n + (p.bytes ?? 0), 0), unit: 'bytes' })
  }
  return { read, lost }
}

const BROKEN: readonly string[] = ['SOURCE_BROKEN', 'SOURCE_HOSTILE']

const changed = (path: string): GalleyError =>
  new GalleyError('SOURCE_MISSING', {
    what: `${path} changed while it was read`,
    why: 'what was read may be of neither state, so nothing of it is kept',
    fix: 'run again; whoever writes it can write beside it and rename, or settle can be longer',
  })

const went = (path: string, cause: unknown): unknown =>
  cause instanceof GalleyError && cause.code === 'CANCELLED'
    ? cause
    : new GalleyError('SOURCE_MISSING', {
        what: `${path} went while the folder was read`,
        why: 'it was there when its files were listed',
        fix: 'run again: what is gone is left out then',
        cause,
      })

function lostBy(
  error: unknown,
  path: string,
  policy: { readonly schema: string; readonly broken: string },
): LostFile | undefined {
  if (!(error instanceof GalleyError)) return undefined
  const schema = error.code === 'PLAN_UNKNOWN_COLUMN' || error.code === 'SOURCE_SCHEMA'
  const aside = schema ? policy.schema === 'quarantine' : BROKEN.includes(error.code) && policy.broken === 'quarantine'
  return aside ? { path, reason: error.why ? `${error.what}: ${error.why}` : error.what, schema } : undefined
}

/** A file's rows; with `evolve`, without the declared columns that it has not. */
async function evolved(
  inner: Connector,
  spec: SourceSpec,
  path: string,
  evolve: boolean,
  ctx: ConnectorContext,
): Promise<ReadFile> {
  let columns: Readonly<Record<string, TypeName>> = spec.columns
  for (;;)
    try {
      const snapshot = await inner.snapshot({ ...spec, path, columns }, path, ctx)
      return { path, snapshot, columns: Object.keys(columns) }
    } catch (error) {
      const unknown =
        error instanceof GalleyError && error.code === 'PLAN_UNKNOWN_COLUMN' ? error.details['column'] : undefined
      const left = Object.entries(columns).filter(([name]) => name !== unknown)
      if (!evolve || left.length === Object.keys(columns).length || left.length === 0) throw error
      columns = Object.fromEntries(left)
    }
}

/** Files that one statement reads. */
const AT_ONCE = 500

/** Writes the rows of all files as one Parquet file. */
export async function merged(read: readonly ReadFile[], spec: SourceSpec, ctx: ConnectorContext): Promise<string> {
  const target = await ctx.keep('data.parquet')
  const all = Object.entries<TypeName>(spec.columns)
  const selects: string[] = []
  // files with the same columns are read together
  for (let from = 0; from < read.length; ) {
    const has = read[from]?.columns as readonly string[]
    let to = from + 1
    while (to < read.length && to - from < AT_ONCE && read[to]?.columns.join('\0') === has.join('\0')) to++
    const files = read.slice(from, to).flatMap((r) => r.snapshot.files.map(file))
    const cells = all.map(([name, type]) => {
      const sql = sqlType(parseType(type))
      return has.includes(name) ? `${quote(name)}::${sql} AS ${quote(name)}` : `NULL::${sql} AS ${quote(name)}`
    })
    selects.push(`SELECT ${cells.join(', ')} FROM read_parquet([${files.join(', ')}], hive_partitioning = false)`)
    from = to
  }
  const none = `SELECT ${all.map(([name, type]) => `NULL::${sqlType(parseType(type))} AS ${quote(name)}`).join(', ')} WHERE FALSE`
  await ctx.query(`COPY (${selects.join(' UNION ALL ') || none}) ${toParquet(target)}`)
  for (const r of read) for (const f of r.snapshot.files) if (f !== r.path) await rm(f, { force: true })
  return target
}

/** One quarantine of all files: rows that could not be read, and files that could not. Undefined where there is nothing. */
export async function setAside(
  inner: Connector,
  read: readonly ReadFile[],
  lost: readonly LostFile[],
  ctx: ConnectorContext,
): Promise<string | undefined> {
  const aside = read.filter((r) => r.snapshot.quarantine)
  const own = ['reason', '"column"', 'value', '"row"', ...(inner.kind === 'csv' ? ['header'] : [])]
  const rows = aside.map(
    (r) =>
      `SELECT ${text(r.path)} AS file, ${own.join(', ')} FROM read_parquet(${file(r.snapshot.quarantine as string)})`,
  )
  for (const { path, reason } of lost)
    rows.push(
      `SELECT ${text(path)} AS file, ${own.map((c) => `${c === 'reason' ? text(reason) : 'NULL'} AS ${c}`).join(', ')}`,
    )
  if (rows.length === 0) return undefined
  const target = await ctx.keep('rejected.parquet')
  const columns = ['file', ...own].map((c) => `${c}::VARCHAR AS ${c}`)
  await ctx.query(`COPY (SELECT ${columns.join(', ')} FROM (${rows.join(' UNION ALL ')})) ${toParquet(target)}`)
  for (const r of aside) await rm(r.snapshot.quarantine as string, { force: true })
  return target
}
