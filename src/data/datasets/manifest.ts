import { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import type { Expr } from '../../plan/expr.ts'
import type { Schema } from '../../plan/types.ts'

/** The manifest's name in its folder. */
export const MANIFEST = 'manifest.json'

/** What a dataset version is: its files by content, its schema and where it came from. Written beside the files, never changed. */
export interface Manifest {
  readonly format: 1
  readonly name: string
  readonly files: readonly {
    readonly path: string
    readonly rows: number
    readonly bytes: number
    readonly sha256: string
  }[]
  /** The rows set aside, when there are any. Not part of the version. */
  readonly rejected?: { readonly path: string; readonly bytes: number; readonly sha256: string }
  readonly schema: Schema
  readonly rows: number
  readonly bytes: number
  /** Named parts as conditions over the rows. */
  readonly split: Readonly<Record<string, Expr>> | null
  readonly moment: string | null
  readonly planHash: string
  readonly codeHash: string
  readonly parents: readonly { readonly step: string; readonly hash: string }[]
  readonly run: string
  readonly created: string
}

const Head = z.object({
  format: z.number(),
  name: z.string(),
  rows: z.number(),
  files: z.array(z.object({ path: z.string(), sha256: z.string() })),
})

/** @throws STORE_CORRUPT, STORE_FORMAT_NEWER */
export function readManifest(text: string, where: string): Manifest {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new GalleyError('STORE_CORRUPT', {
      what: `the manifest ${where} can't be read`,
      why: 'it is not JSON',
      fix: 'restore it from a backup, or run the recipe again',
      cause,
    })
  }
  const head = Head.safeParse(json)
  if (!head.success)
    throw new GalleyError('STORE_CORRUPT', {
      what: `${where} is not a manifest`,
      why: head.error.issues[0]?.message ?? 'unknown',
      fix: 'restore it from a backup, or run the recipe again',
    })
  if (head.data.format > 1)
    throw new GalleyError('STORE_FORMAT_NEWER', {
      what: `${where} has format ${head.data.format}`,
      why: 'this Galley reads format 1',
      fix: 'upgrade Galley',
    })
  return json as Manifest
}
