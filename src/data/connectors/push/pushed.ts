import { join } from 'node:path'
import { GalleyError } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import type { TypeName } from '../../../plan/types.ts'
import type { PushBatch } from '../../../store/sources.ts'
import type { Store } from '../../../store/store.ts'
import { intact, type KeptFile } from '../../datasets/files.ts'
import type { SourceSpec } from '../connector.ts'

/** A batch as it is read. */
export interface FoundBatch {
  readonly number: number
  readonly hash: string
  readonly bytes: number
  readonly broken: number
  readonly rejected: Readonly<Record<string, number>>
  /** Its rows in Parquet, and the broken ones where there are any. */
  readonly files: readonly KeptFile[]
}

/** What a push source has taken in so far. */
interface PushState {
  readonly batches: number
  readonly rows: number
  readonly broken: number
  readonly bytes: number
  /** Types of the columns that batches were taken in with. */
  readonly types: Readonly<Record<string, TypeName>>
}

/** Sources that are pushed to, where a store is open. */
export interface PushedBatches {
  /** Makes a source known. @throws STORE_CONFLICT */
  open(name: string, spec: SourceSpec): Promise<void>
  state(name: string): Promise<PushState | undefined>
  /** Batches after a number, in order. */
  from(name: string, after: number): AsyncIterable<FoundBatch>
}

export const DATA = 'data.parquet'
/** Numbers of batches as names that sort as they do. */
export const idOf = (number: number): string => String(number).padStart(12, '0')
const PAGE = 500

/** The sources of a store. */
export const pushedIn = (store: Store, scope: Scope): PushedBatches => ({
  async open(name, { columns, options }) {
    await store.sources.open(scope, { name, columns, options })
  },
  state: (name) => store.sources.find(scope, name),
  async *from(name, after) {
    for (let last = after; ; ) {
      const page = await store.sources.after(scope, name, last, PAGE)
      for (const batch of page) yield foundOf(store, batch)
      last = page.at(-1)?.number ?? last
      if (page.length < PAGE) return
    }
  },
})

function foundOf(store: Store, batch: PushBatch): FoundBatch {
  const { number, hash, bytes, broken, rejected } = batch
  const folder = join(store.home.datasets, batch.folder)
  const files = batch.files.map(({ name, ...file }) => ({ ...file, path: join(folder, name) }))
  return { number, hash, bytes, broken, rejected, files }
}

/** Fails where files of a batch are gone or were changed. @throws STORE_CORRUPT */
export async function requireBatch(name: string, { number, files }: FoundBatch): Promise<void> {
  if (await intact(files)) return
  throw new GalleyError('STORE_CORRUPT', {
    what: `batch ${number} of the push source '${name}' is not as it was taken in`,
    why: `a file of it is gone or was changed: ${files.map((f) => f.path).join(', ')}`,
    fix: 'restore it from a backup, or push its rows again under another key to a new source',
  })
}
