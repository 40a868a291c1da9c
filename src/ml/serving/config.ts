import { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import type { OnlinePlan } from '../../plan/online.ts'

/** µs */
export const DAY = 86_400_000_000

/** A file of warm history, within the data folder's `datasets/`. */
export interface WarmFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** A deployment as it is stored: what an endpoint of this generation serves. Plain JSON. */
export interface EndpointConfig {
  /** 2 brought the latest row of a key as state, and tables that are read as of a moment. */
  readonly format: 1 | 2
  readonly model: { readonly name: string; readonly version: number; readonly blob: string }
  readonly online: OnlinePlan
  /** A raw record of the source, for people to try. */
  readonly example: Readonly<Record<string, unknown>>
  /** The column of the answer that says which moment a request is about; null without one. */
  readonly moment: string | null
  /** µs */
  readonly lateness: number
  /** µs that events may lie ahead of the clock and of what is newest; a day when absent. */
  readonly ahead?: number
  /** Rows of each table by id, as a blob of literal rows. */
  readonly tables: Readonly<Record<string, string>>
  /** Parquet files with each window's history at deployment, by state id; within the data folder's `datasets/`. */
  readonly warm: Readonly<Record<string, readonly string[]>>
  /** Sizes and contents of those files. */
  readonly files?: readonly WarmFile[]
  /** µs since 1970 at which each window's history ends, by state id. */
  readonly until?: Readonly<Record<string, number>>
  /** µs since 1970 at which each window's history begins, by state id. */
  readonly since: Readonly<Record<string, number>>
  readonly watch: { readonly rows: number; readonly span: number }
}

const Head = z.object({
  format: z.number(),
  model: z.object({ name: z.string(), version: z.number(), blob: z.string() }),
  online: z.object({ format: z.number() }),
  lateness: z.number(),
})

/** @throws STORE_CORRUPT, STORE_FORMAT_NEWER */
export function readConfig(json: unknown): EndpointConfig {
  const head = Head.safeParse(json)
  if (!head.success)
    throw new GalleyError('STORE_CORRUPT', {
      what: 'the deployment can not be read',
      why: head.error.issues[0]?.message ?? 'unknown',
      fix: 'deploy again: run the recipe',
    })
  if (head.data.format > 2)
    throw new GalleyError('STORE_FORMAT_NEWER', {
      what: `the deployment has format ${head.data.format}`,
      why: 'this Galley reads formats 1 and 2',
      fix: 'upgrade Galley',
    })
  return json as EndpointConfig
}
