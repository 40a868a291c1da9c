import { dirname, join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { readIfThere } from '../../store/files.ts'
import type { KeptFile } from './files.ts'
import { type DataFile, type Manifest, readManifest } from './manifest.ts'

/** A version on disk: its manifest, and the folder that the paths in it start from. */
export interface Version {
  readonly manifest: Manifest
  /** Absolute. */
  readonly folder: string
}

/** Reads a version by its manifest's path. @throws STORE_CORRUPT, STORE_FORMAT_NEWER */
export async function openVersion(path: string): Promise<Version> {
  const text = await readIfThere(path)
  if (text === undefined)
    throw new GalleyError('STORE_CORRUPT', {
      what: `the manifest ${path} is gone`,
      why: 'a dataset version is read by it',
      fix: 'restore it from a backup, or run the recipe again',
    })
  return { manifest: readManifest(text, path), folder: dirname(path) }
}

/** The files of a version as they were written, with absolute paths. */
export const filesOf = ({ manifest, folder }: Version): KeptFile[] =>
  manifest.files.map(({ path, bytes, sha256 }) => ({ path: join(folder, path), bytes, sha256 }))

/** The path of another version's file in a manifest beside it. */
export function siblingPath(folder: string, path: string): string {
  return path.startsWith('../') ? path : `../${folder.slice(folder.lastIndexOf('/') + 1)}/${path}`
}

/** The columns of `schema` that a file has; a file without statistics has all. */
export const columnsIn = (file: DataFile, schema: Schema): Schema =>
  file.columns ? schema.filter((f) => Object.hasOwn(file.columns ?? {}, f.name)) : schema

/**
 * Files of one folder as rows of a schema, in the order of the files: a column that none of them has is null. No files
 * are no rows.
 */
export function scanFiles(files: readonly DataFile[], folder: string, schema: Schema): Node {
  if (files.length === 0) return build({ op: 'scan', from: { kind: 'rows', rows: [] }, schema })
  const there = schema.filter((f) => files.some((file) => columnsIn(file, [f]).length > 0))
  const scan = build({
    op: 'scan',
    from: { kind: 'parquet', files: files.map((f) => join(folder, f.path)) },
    schema: there.length > 0 ? there : schema,
  })
  return aligned(scan, schema)
}

/** Rows as those of a schema: columns in its order and of its types, null where there is none of that name. */
export function aligned(input: Node, schema: Schema): Node {
  const own = new Map(input.schema.map((f) => [f.name, f]))
  const same = input.schema.length === schema.length && schema.every((f, i) => sameField(f, input.schema[i]))
  if (same) return input
  return build({
    op: 'select',
    input,
    columns: schema.map((f) => {
      const had = own.get(f.name)
      if (!had) return [f.name, lit(null, f.type)] as const
      const column = { op: 'col', name: f.name } as const
      return [f.name, sameField(f, had) ? column : { op: 'cast', arg: column, to: f.type, onError: 'fail' }] as const
    }),
  })
}

const sameField = (a: Schema[number], b: Schema[number] | undefined): boolean =>
  b !== undefined && a.name === b.name && JSON.stringify(a.type) === JSON.stringify(b.type)
