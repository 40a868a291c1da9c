import { join } from 'node:path'
import { hashJson } from '../../../base/hash.ts'
import type { Literal } from '../../../plan/expr.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import type { Schema } from '../../../plan/types.ts'
import { intact, type KeptFile, keptFile } from '../files.ts'
import type { DataFile, WriteMode } from '../manifest.ts'
import { fileStatistics } from '../statistics.ts'
import { aligned, scanFiles, siblingPath, type Version } from '../version.ts'
import type { TableWork } from '../work.ts'
import { isReplaced, partitionOf, partitionsOf, requireWithin } from './partition.ts'
import { mergedSchema, type SchemaPolicy } from './schema.ts'
import { inKeyOrder, oneForEachKey, withoutKeys } from './upsert.ts'

/** How rows become a version. */
export interface WriteSpec {
  readonly mode: WriteMode
  /** Each file holds one value of each of these columns. */
  readonly partitionBy: readonly string[]
  /** Columns that name a row. */
  readonly key: readonly string[]
  /** With `overwrite-partition`: rows of these values are replaced even where none of them comes, and others may not come. */
  readonly replaces?: Readonly<Record<string, Literal>>
  /** Absent: a full write takes any columns, the others stop. */
  readonly onSchemaChange?: SchemaPolicy
}

/** Rows to be written, as they were computed. */
export interface NewRows {
  readonly file: KeptFile
  readonly rows: number
  readonly schema: Schema
  /** SHA-256 of the rows before some were left out, where some were: the same rows are the same batch. */
  readonly before?: string
}

/** A file of the version to come. */
export interface PlacedFile extends DataFile {
  /** Where it lies now; absent for a file that another version has. */
  readonly from?: string
}

export interface Written {
  readonly files: readonly PlacedFile[]
  readonly schema: Schema
  readonly batches: readonly string[]
  readonly batch: string
}

/** The identity of a batch: equal rows in equal order are the same batch. */
export const batchOf = (rows: NewRows): string => rows.before ?? rows.file.sha256

/** Whether a write would give the version that it goes on from. */
export function isContained(name: string, spec: WriteSpec, rows: NewRows, base: Version | undefined): boolean {
  if (!base || spec.mode === 'full') return false
  if (rows.rows === 0) return !base.manifest.files.some((file) => isReplaced(name, file, spec))
  const { batches } = base.manifest
  if (spec.mode === 'append') return batches.includes(batchOf(rows))
  // rows that others were written over since are written again
  return spec.mode === 'upsert' && batches.at(-1) === batchOf(rows)
}

/**
 * The files of the version that a write makes of the one before; new ones are written to `draft`. Files that stay as they
 * are are shared. Nothing is published.
 * @throws DATASET_SCHEMA, DATASET_KEYS, DATASET_PARTITIONS
 */
export async function written(
  work: TableWork,
  name: string,
  { spec, rows, base, moment, draft }: { spec: WriteSpec; rows: NewRows; base: Version | undefined; moment: string | null; draft: string }, // biome-ignore format: one line
): Promise<Written> {
  const policy = spec.onSchemaChange ?? (spec.mode === 'full' ? undefined : 'stop')
  const schema = base && policy ? mergedSchema(name, base.manifest.schema, rows.schema, policy) : rows.schema
  const batch = batchOf(rows)
  const computed = scanOf(rows.file.path, rows.schema)
  const all = spec.mode === 'upsert' ? await oneForEachKey(work, name, computed, spec.key, moment) : computed
  const ordered = spec.mode === 'upsert' ? inKeyOrder(all, spec.key) : all
  const asComputed = ordered === computed && aligned(computed, schema) === computed && spec.partitionBy.length === 0
  const parts = await partitionsOf(work, name, aligned(ordered, schema), spec.partitionBy)
  for (const { values } of parts) requireWithin(name, schema, values, spec.replaces ?? {})
  const made: PlacedFile[] = []
  for (const [i, part] of parts.entries()) {
    const path = parts.length > 1 ? `data-${String(i + 1).padStart(5, '0')}.parquet` : 'data.parquet'
    const file = asComputed ? rows.file : await put(work, part.rows, join(draft, path))
    const there = await described(work, { ...file, path }, { at: file.path, schema }, part.values)
    made.push({ ...there, from: file.path })
  }
  const kept = base && spec.mode !== 'full' ? await keptOf(work, name, { spec, base, draft }, schema, made) : []
  // a version of no rows has a file all the same: readers take the columns from it
  if (kept.length + made.length === 0)
    made.push({ ...(await described(work, { ...rows.file, path: 'data.parquet' }, { at: rows.file.path, schema }, {})), from: rows.file.path }) // biome-ignore format: one line
  const placed = await shared([...kept, ...made], base)
  const files = spec.mode === 'overwrite-partition' ? inOrder(placed, base) : placed
  const before = spec.mode === 'full' ? [] : (base?.manifest.batches ?? [])
  return { files, schema, batch, batches: [...before.filter((b) => b !== batch), batch] }
}

async function put(work: TableWork, rows: Node, path: string): Promise<KeptFile> {
  await work.write(rows, path)
  return keptFile(path, work.signal)
}

/** A file with what is in it, seen as rows of a schema; `at` says where it lies. */
async function described(
  work: TableWork,
  { path, bytes, sha256 }: KeptFile,
  { at, schema }: { at: string; schema: Schema },
  partition: DataFile['partition'],
): Promise<DataFile> {
  const found = await fileStatistics(work, at, schema)
  const part = partition && Object.keys(partition).length > 0 ? { partition } : {}
  return { path, rows: found.rows, bytes, sha256, ...part, columns: found.columns }
}

const scanOf = (path: string, schema: Schema): Node =>
  build({ op: 'scan', from: { kind: 'parquet', files: [path] }, schema })

/** The files that stay of the version before, as they are seen from a folder beside it. */
async function keptOf(
  work: TableWork,
  name: string,
  { spec, base, draft }: { spec: WriteSpec; base: Version; draft: string },
  schema: Schema,
  made: readonly PlacedFile[],
): Promise<PlacedFile[]> {
  const { manifest, folder } = base
  const kept: PlacedFile[] = []
  const over = new Set(made.map((f) => hashJson(f.partition ?? {})))
  for (const [i, had] of manifest.files.entries()) {
    // files of the first format say nothing of their columns
    const file = had.columns
      ? had
      : await described(work, { ...had }, { at: join(folder, had.path), schema: manifest.schema }, had.partition)
    if (isReplaced(name, file, spec) || (file.rows === 0 && spec.replaces)) continue
    if (spec.mode === 'overwrite-partition' && over.has(hashJson(partitionOf(name, file, spec.partitionBy)))) continue
    const left =
      spec.mode === 'upsert'
        ? await withoutKeys(work, file, scanFiles([file], folder, schema), made, spec.key)
        : undefined
    if (left === undefined) {
      kept.push({ ...file, path: siblingPath(folder, file.path) })
      continue
    }
    const path = `kept-${String(i + 1).padStart(5, '0')}.parquet`
    const rest = await put(work, left, join(draft, path))
    const next = await described(work, { ...rest, path }, { at: rest.path, schema }, file.partition)
    if (next.rows > 0) kept.push({ ...next, from: rest.path })
  }
  return kept
}

/** Files that the version before has stand where they stood there: one that is written again as it was gives that version, and no other. */
function inOrder(files: readonly PlacedFile[], base: Version | undefined): PlacedFile[] {
  const had = new Map((base?.manifest.files ?? []).map((f, i) => [f.sha256, i]))
  const place = (f: PlacedFile) => had.get(f.sha256) ?? Number.POSITIVE_INFINITY
  return files.toSorted((a, b) => (place(a) < place(b) ? -1 : Number(place(a) > place(b))))
}

/** Files that the version before has with the same content are taken from there, where they are as they were written. */
async function shared(files: readonly PlacedFile[], base: Version | undefined): Promise<PlacedFile[]> {
  const known = new Map((base?.manifest.files ?? []).map((f) => [f.sha256, f.path]))
  return Promise.all(
    files.map(async ({ from, ...file }) => {
      const path = known.get(file.sha256)
      if (from === undefined || path === undefined || !base) return { ...file, ...(from === undefined ? {} : { from }) }
      const there = await intact([{ path: join(base.folder, path), bytes: file.bytes, sha256: file.sha256 }])
      return there ? { ...file, path: siblingPath(base.folder, path) } : { ...file, from }
    }),
  )
}
