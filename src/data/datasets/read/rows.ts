import { join } from 'node:path'
import { GalleyError } from '../../../base/errors.ts'
import { type Batch, columnOf, type Value, valueAt } from '../../../engines/batch.ts'
import type { Relation } from '../../../engines/engine.ts'
import { type Engines, runPlan } from '../../../engines/plans.ts'
import { col, type Expr } from '../../../plan/expr.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import { writeRecord } from '../../../plan/record.ts'
import { fieldOf, type Schema } from '../../../plan/types.ts'
import { intact } from '../files.ts'
import type { DataFile } from '../manifest.ts'
import { scanFiles, type Version } from '../version.ts'

/** Which columns and rows of a version are wanted; all of them without. */
export interface Selection {
  readonly columns?: readonly string[] | undefined
  /** A condition over the rows: those stay for which it is true. */
  readonly where?: Expr | undefined
}

/** A place in a version: rows that the selection leaves of one of its files. */
export interface Place {
  readonly file: number
  readonly row: number
}

/** @throws PLAN_UNKNOWN_COLUMN, PLAN_TYPE_MISMATCH for a selection that the schema has not */
export function selectedFrom(input: Node, { columns, where }: Selection): Node {
  const kept = where ? build({ op: 'filter', input, predicate: where }) : input
  if (!columns) return kept
  const named = columns.map((name) => [fieldOf(input.schema, name, 'the dataset').name, col(name)] as const)
  return build({ op: 'select', input: kept, columns: named })
}

/** @throws STORE_CORRUPT for a file that is not as it was written */
export async function requireIntact(version: Version, files: readonly DataFile[]): Promise<void> {
  for (const { path, bytes, sha256 } of files) {
    const file = join(version.folder, path)
    if (await intact([{ path: file, bytes, sha256 }])) continue
    throw new GalleyError('STORE_CORRUPT', {
      what: `${file}, a file of the dataset '${version.manifest.name}', is not as it was written`,
      why: 'its size or its checksum differs, or it is gone',
      fix: 'restore it from a backup, or run the recipe again; galley datasets scrub lists every damaged file',
      details: { file },
    })
  }
}

/** The rows of a version in its order. @throws STORE_CORRUPT, PLAN_* */
export async function relationOf(
  ctx: Engines,
  version: Version,
  selection: Selection,
  limit = Number.POSITIVE_INFINITY,
): Promise<Relation> {
  const { files, schema } = version.manifest
  const root = selectedFrom(scanFiles(files, version.folder, schema), selection)
  await requireIntact(version, files)
  const relation = await runPlan(ctx, root, 'batches')
  return Number.isFinite(limit)
    ? { ...relation, rows: Number.NaN, batches: (c) => first(relation, limit, c) }
    : relation
}

async function* first(relation: Relation, limit: number, columns?: readonly string[]): AsyncGenerator<Batch> {
  let left = limit
  for await (const batch of relation.batches(columns)) {
    if (batch.rows < left) {
      left -= batch.rows
      yield batch
      continue
    }
    const cut = batch.columns.map((column, c) =>
      columnOf(
        batch.schema[c] as Schema[number],
        Array.from({ length: left }, (_, i) => valueAt(column, i)),
      ),
    )
    yield left === batch.rows ? batch : { schema: batch.schema, rows: left, columns: cut }
    return
  }
}

/**
 * Some rows of a version as records, from a place on. Files are read one after the other, none before the place; of the
 * one that it is in, the rows before it are read again.
 * @throws STORE_CORRUPT, PLAN_*
 */
export async function readRows(
  ctx: Engines,
  version: Version,
  selection: Selection,
  { from, limit }: { from: Place; limit: number },
): Promise<{ rows: Record<string, unknown>[]; schema: Schema; next?: Place }> {
  const { files, schema: own } = version.manifest
  const { schema } = selectedFrom(scanFiles([], version.folder, own), selection)
  const rows: Record<string, unknown>[] = []
  for (let i = from.file; i < files.length; i++) {
    const file = files[i] as DataFile
    const skip = i === from.file ? from.row : 0
    await requireIntact(version, [file])
    const relation = await runPlan(ctx, selectedFrom(scanFiles([file], version.folder, own), selection), 'batches')
    let seen = 0
    for await (const batch of relation.batches()) {
      for (let row = Math.max(0, skip - seen); row < batch.rows; row++) {
        if (rows.length === limit) return { rows, schema, next: { file: i, row: seen + row } }
        rows.push(recordOf(batch, row))
      }
      seen += batch.rows
    }
  }
  return { rows, schema }
}

/** One row as JSON has it; NaN and infinities, which JSON lacks, are texts. */
export function recordOf(batch: Batch, row: number): Record<string, unknown> {
  const values = batch.columns.map((c, i) => [batch.schema[i]?.name ?? '', valueAt(c, row)] as const)
  const record = writeRecord(batch.schema, Object.fromEntries(values) as Record<string, Value>)
  return spelt(record) as Record<string, unknown>
}

function spelt(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map(spelt)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, spelt(v)]))
}
