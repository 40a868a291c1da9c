import { join } from 'node:path'
import type { Scope } from '../../base/scope.ts'
import type { Schema } from '../../plan/types.ts'
import type { Store } from '../../store/store.ts'
import type { KeptFile } from './files.ts'
import { filesOf, openVersion } from './version.ts'

/** A published version, as it is read. */
export interface FoundVersion {
  readonly name: string
  readonly version: number
  /** Equal hashes are equal content. */
  readonly hash: string
  readonly files: readonly KeptFile[]
  readonly schema: Schema
  readonly rows: number
  readonly bytes: number
}

/** Finds the version that a reference names. @throws DATASET_UNKNOWN, STORE_CORRUPT */
export type FindDataset = (reference: string) => Promise<FoundVersion>

/** Looks versions up in a store. */
export const findIn =
  (store: Store, scope: Scope): FindDataset =>
  async (reference) => {
    const { name, version, hash, path } = await store.tags.resolve(scope, reference)
    const opened = await openVersion(join(store.home.datasets, path))
    const { schema, rows, bytes } = opened.manifest
    return { name, version, hash, files: filesOf(opened), schema, rows, bytes }
  }
