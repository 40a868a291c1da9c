import { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import type { Expr, Literal } from '../../plan/expr.ts'
import type { SavedPlan } from '../../plan/json/index.ts'
import type { Schema } from '../../plan/types.ts'
import { namesWithin } from './iceberg/schema.ts'

/** The manifest's name in its folder. */
export const MANIFEST = 'manifest.json'

/** The newest format of manifests: 1 had one file, no statistics and no writes. */
export const MANIFEST_FORMAT = 2

/** How a version was made of the one before it. */
export const WRITE_MODES = ['full', 'append', 'overwrite-partition', 'upsert'] as const
export type WriteMode = (typeof WRITE_MODES)[number]
/** What a version may be made by: a write of a recipe, or work on the version before. */
const MADE_BY = [...WRITE_MODES, 'compact', 'forget'] as const

/** What a file holds in one column. A bound is there for types with an order, and null where it would be long or is none. */
export interface ColumnStatistics {
  readonly nulls: number
  /** NaN is neither a null nor a bound. */
  readonly nan?: number
  readonly min?: Literal
  readonly max?: Literal
}

/** One Parquet file of a version. */
export interface DataFile {
  /** From the manifest's folder on; `../<id>/…` for a file that another version wrote. */
  readonly path: string
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
  /** The one value of each column that the dataset is partitioned by. */
  readonly partition?: Readonly<Record<string, Literal>>
  /** Of each column that the file has; a column of the version that is not here is null in all of its rows. */
  readonly columns?: Readonly<Record<string, ColumnStatistics>>
}

/** The rows that were set aside. Not part of the version. */
export interface RejectedFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** What a dataset version is: its files by content, its schema and where it came from. Written beside the files, never changed. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT
  readonly name: string
  readonly files: readonly DataFile[]
  readonly rejected?: RejectedFile
  readonly schema: Schema
  readonly rows: number
  /** Of its files together, shared ones included. */
  readonly bytes: number
  readonly partitionBy: readonly string[]
  /** Columns that name a row; empty where nothing was said. */
  readonly key: readonly string[]
  /** What write made it: the identity of the version that it went on from, and of the rows that were written. */
  readonly write: {
    readonly mode: (typeof MADE_BY)[number]
    readonly base: string | null
    readonly batch: string | null
  }
  /** Identities of the batches that went into it, the oldest first. */
  readonly batches: readonly string[]
  /** Numbers of columns that stay with their names over versions, for table formats that count columns. */
  readonly fieldIds: Readonly<Record<string, number>>
  /** Named parts as conditions over the rows. */
  readonly split: Readonly<Record<string, Expr>> | null
  readonly moment: string | null
  readonly planHash: string
  /** The plan that made its rows, where it is short and holds none itself: what says how a later one differs. */
  readonly plan?: SavedPlan
  readonly codeHash: string
  readonly parents: readonly { readonly step: string; readonly hash: string }[]
  readonly run: string
  readonly created: string
}

const count = z.number().int().nonnegative()
const stored = z.object({
  // a manifest that was tampered with leads to no other dataset and out of no folder
  path: z.string().regex(/^(\.\.\/[0-9a-z]+\/)?(?!\.)[^/\\\0]+$/, 'its path is no file of this dataset'),
  bytes: count,
  sha256: z.string(),
})
const bound = z.union([z.null(), z.boolean(), z.number(), z.string()])
const file = stored.extend({
  rows: count,
  partition: z.record(z.string(), bound).optional(),
  columns: z.record(z.string(), z.looseObject({ nulls: count })).optional(),
})
const common = {
  name: z.string(),
  rows: count,
  bytes: count,
  schema: z.array(z.looseObject({ name: z.string(), nullable: z.boolean() })).min(1),
  files: z.array(file),
  rejected: stored.optional(),
}
const FORMATS: Readonly<Record<number, z.ZodType>> = {
  1: z.looseObject(common),
  2: z.looseObject({
    ...common,
    partitionBy: z.array(z.string()),
    key: z.array(z.string()),
    write: z.object({ mode: z.enum(MADE_BY), base: z.string().nullable(), batch: z.string().nullable() }),
    batches: z.array(z.string()),
    fieldIds: z.record(z.string(), z.number()),
  }),
}

/** Reads a manifest of this format or an earlier one. @throws STORE_CORRUPT, STORE_FORMAT_NEWER */
export function readManifest(text: string, where: string): Manifest {
  const corrupt = (what: string, why: string, cause?: unknown) =>
    new GalleyError('STORE_CORRUPT', { what, why, fix: 'restore it from a backup, or run the recipe again', cause })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw corrupt(`the manifest ${where} can't be read`, 'it is not JSON', cause)
  }
  const format = z.object({ format: z.number() }).safeParse(json).data?.format ?? Number.NaN
  if (format > MANIFEST_FORMAT)
    throw new GalleyError('STORE_FORMAT_NEWER', {
      what: `${where} has format ${format}`,
      why: `this Galley reads formats up to ${MANIFEST_FORMAT}`,
      fix: 'upgrade Galley',
    })
  const shape = FORMATS[format]
  if (!shape) throw corrupt(`${where} is not a manifest`, 'it has no format number')
  const parsed = shape.safeParse(json)
  const [issue] = parsed.error?.issues ?? []
  if (issue) {
    const at = issue.path.map(String).join('.')
    throw corrupt(`${where} is not a manifest`, `${at ? `'${at}': ` : ''}${issue.message}`)
  }
  return format === 1 ? fromFirst(json as FirstManifest) : (json as Manifest)
}

type Added = 'format' | 'partitionBy' | 'key' | 'write' | 'batches' | 'fieldIds'
type FirstManifest = Omit<Manifest, Added>

/** A manifest of format 1: one file, whole. */
const fromFirst = (m: FirstManifest): Manifest => ({
  ...m,
  format: MANIFEST_FORMAT,
  partitionBy: [],
  key: [],
  write: { mode: 'full', base: null, batch: m.files[0]?.sha256 ?? null },
  batches: m.files.map((f) => f.sha256),
  fieldIds: numbered(m.schema),
})

/** Numbers for columns and what lies within them: those of the version before are kept, new names go on after the highest that was ever given. */
export function numbered(
  schema: Schema,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  let last = Math.max(0, ...Object.values(before))
  const names = namesWithin(schema)
  return Object.fromEntries([
    ...Object.entries(before),
    ...names.filter((name) => !Object.hasOwn(before, name)).map((name) => [name, ++last] as const),
  ])
}

/** Nulls by column as the files' statistics have them; undefined where a file has none. */
export function nullsIn({ files, schema }: Manifest): Readonly<Record<string, number>> | undefined {
  if (files.some((f) => !f.columns)) return undefined
  const of = (f: DataFile, name: string) =>
    f.columns && Object.hasOwn(f.columns, name) ? f.columns[name]?.nulls : f.rows
  return Object.fromEntries(schema.map(({ name }) => [name, files.reduce((n, f) => n + (of(f, name) ?? 0), 0)]))
}

/** The identity of a version's content: what is named by its content counts as the same, whichever run wrote it. */
export function contentHash({ files, schema, split, moment }: Manifest): string {
  const hashes = files.map((f) => f.sha256)
  return hashJson([hashes.length === 1 ? hashes[0] : hashes, schema, split, moment])
}
