import { readFile, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { throwIfAborted } from '../../../base/errors.ts'
import type { Engines } from '../../../engines/plans.ts'
import { call, col, type Expr, lit } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { type Field, typeName } from '../../../plan/types.ts'
import { writeFileAtomic } from '../../../store/files.ts'
import { accessOf } from '../../profile/access.ts'
import { kindOf, project, tidy } from '../../profile/columns.ts'
import { DISTINCT_ERROR, DistinctSketch, textsOf } from '../../profile/sketch/distinct.ts'
import { quantileOf, ranked } from '../../profile/sketch/ranks.ts'
import { isoTime } from '../../profile/times.ts'
import { type Kind, QUANTILES } from '../../profile/types.ts'
import type { DataFile } from '../manifest.ts'
import { requireIntact } from '../read/rows.ts'
import { columnsIn, scanFiles, type Version } from '../version.ts'
import { type ColumnSketch, ColumnSketcher } from './column.ts'
import { decodeSketch, encodeSketch, type FileSketch, sketchPath } from './file.ts'

/** What the sketches of a version's files say of a column. Moments are ISO text; durations are seconds. */
export interface SketchedColumn {
  readonly name: string
  readonly type: string
  readonly kind: Kind
  readonly count: number
  readonly nulls: number
  readonly nan: number
  readonly infinite: number
  /** Different values, with the standard error as a share; null of lists and structs. */
  readonly distinct: number | null
  readonly distinctError: number
  readonly min: number | string | null
  readonly max: number | string | null
  readonly mean: number | null
  /** Of a sample (n − 1). */
  readonly stddev: number | null
  /** At `QUANTILES`: values that stand in the column. */
  readonly quantiles: readonly (number | string | null)[]
  /** How far a quantile's rank may be off, as a share of the values; 0 is exact. */
  readonly rankError: number
}

export interface VersionSketch {
  readonly rows: number
  readonly files: number
  /** Files that were read for it; the sketches of the others were there. */
  readonly computed: number
  readonly columns: readonly SketchedColumn[]
}

/**
 * What a version holds, from the sketches of its files. A file that has none is read once and its sketch kept beside it, for every
 * version that has the file; no rows are read for the others. @throws STORE_CORRUPT, CANCELLED
 */
export async function sketchOf(
  engines: Engines,
  version: Version,
  tell: (stage: string, done: number) => void,
): Promise<VersionSketch> {
  const { files, schema } = version.manifest
  const { computed, columns } = await mergedSketch(engines, version, tell)
  const rows = files.reduce((n, f) => n + f.rows, 0)
  return {
    ...{ rows, files: files.length, computed },
    columns: schema.map((field) => told(field, columns.get(field.name) as ColumnSketch, rows)),
  }
}

/** The sketches of a version's columns by name, and how many files were read for them. @throws as `sketchOf` */
export async function mergedSketch(
  engines: Engines,
  version: Version,
  tell: (stage: string, done: number) => void = () => {},
): Promise<{ readonly computed: number; readonly columns: ReadonlyMap<string, ColumnSketch> }> {
  const { files, schema } = version.manifest
  const columns = schema.map((field) => ({ name: field.name, own: new ColumnSketcher(kindOf(field)) }))
  let computed = 0
  for (const [i, file] of files.entries()) {
    throwIfAborted(engines.signal)
    const path = join(version.folder, file.path)
    let found = await kept(path, file)
    if (!found) {
      found = await sketched(engines, version, file)
      await keep(path, found)
      computed++
    }
    for (const { name, own } of columns) {
      const part = Object.hasOwn(found.columns, name) ? found.columns[name] : undefined
      if (part) own.merge(part)
    }
    tell('files', (i + 1) / files.length)
  }
  return { computed, columns: new Map(columns.map(({ name, own }) => [name, own.sketch()])) }
}

/** The sketch of a file as it is kept; undefined where there is none that can be read, is whole and of this very file. */
async function kept(path: string, file: DataFile): Promise<FileSketch | undefined> {
  const bytes = await readFile(sketchPath(path)).catch(() => undefined)
  const found = bytes && decodeSketch(bytes)
  return typeof found === 'object' && found.sha256 === file.sha256 ? found : undefined
}

/** Keeps a sketch beside its file, unless that has gone meanwhile: somebody may have been forgotten. One that has no room is computed again. */
async function keep(path: string, sketch: FileSketch): Promise<void> {
  if (!(await stat(path).catch(() => undefined))) return
  const bytes = encodeSketch(sketch)
  if (bytes) await writeFileAtomic(sketchPath(path), bytes).catch(() => undefined)
  if (await stat(path).catch(() => undefined)) return
  await rm(sketchPath(path), { force: true })
  await rmdir(dirname(path)).catch(() => undefined) // it has files that others use
}

/** Reads a file into a sketch. */
async function sketched(engines: Engines, version: Version, file: DataFile): Promise<FileSketch> {
  await requireIntact(version, [file])
  const rows = scanFiles([file], version.folder, columnsIn(file, version.manifest.schema))
  const { table, columns } = project(rows, null)
  const own = columns.map((c) => ({ name: c.field.name, sketcher: new ColumnSketcher(c.kind) }))
  const asked = columns.map(({ key, kind }): readonly [string, Expr] => {
    if (kind === 'text') return [key, call('hash32', col(key))]
    // whether it is there is all that is asked
    if (kind !== 'other') return [key, col(key)]
    const there: Expr = { op: 'case', when: [[call('isNull', col(key)), lit(null, 'bool')]], otherwise: lit(true, 'bool') } // biome-ignore format: one line
    return [key, there]
  })
  let n = 0
  for await (const batch of accessOf(engines).read(build({ op: 'select', input: table, columns: asked }))) {
    for (const [i, { sketcher }] of own.entries()) {
      const column = batch.columns[i]
      if (column) sketcher.take(column)
    }
    n += batch.rows
  }
  return { sha256: file.sha256, rows: n, columns: Object.fromEntries(own.map((c) => [c.name, c.sketcher.sketch()])) }
}

function told(field: Field, c: ColumnSketch, rows: number): SketchedColumn {
  const order = ranked(c.ranks)
  const n = c.ranks.n
  const micros = field.type === 'date' ? 86_400_000_000 : 1
  const value = (x: number | null) =>
    x === null ? null : c.kind === 'time' ? isoTime(x * micros, field.type) : tidy(x)
  const isNumber = c.kind === 'number' && n > 0
  const seen = new DistinctSketch()
  seen.merge(c.distinct)
  const different = c.kind === 'text' ? textsOf(seen.estimate()) : seen.estimate()
  return {
    ...{ name: field.name, type: typeName(field.type), kind: c.kind },
    ...{ count: c.count, nulls: rows - c.count, nan: c.nan, infinite: c.infinite },
    distinct: c.kind === 'other' ? null : Math.min(c.count, different),
    distinctError: c.kind === 'other' ? 0 : DISTINCT_ERROR,
    ...{ min: value(c.min), max: value(c.max) },
    mean: isNumber ? tidy(c.mean) : null,
    stddev: isNumber && n > 1 ? tidy(Math.sqrt(c.squares / (n - 1))) : null,
    quantiles: c.kind === 'number' || c.kind === 'time' ? QUANTILES.map((p) => value(quantileOf(order, p))) : [],
    rankError: order.error,
  }
}
