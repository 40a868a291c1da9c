import type { Scope } from '../../base/scope.ts'
import type { Page, PageRequest } from '../page.ts'

/** A stored file by its content. */
export interface BlobRef {
  /** SHA-256, hexadecimal. */
  readonly hash: string
  readonly bytes: number
}

/** What can be stored: bytes, text, chunks as they come, or a file (moved in when `move`, else copied). */
export type BlobSource =
  | Uint8Array
  | string
  | AsyncIterable<Uint8Array>
  | { readonly file: string; readonly move?: boolean }

/**
 * Files by the hash of their content, apart for each workspace. What was put is on disk when `put` answers, and what is
 * read is checked against its hash. `blobs/conformance` is the suite of every implementation.
 */
export interface Blobs {
  /** Storing the same content again stores nothing. @throws DISK_FULL */
  put(scope: Scope, source: BlobSource): Promise<BlobRef>
  /** The whole content. @throws STORE_CORRUPT when it is not what was put, BLOB_UNKNOWN when it is not there */
  get(scope: Scope, hash: string): Promise<Uint8Array>
  /** The content in chunks; the check comes with the last one. @throws as `get` */
  open(scope: Scope, hash: string): AsyncIterable<Uint8Array>
  find(scope: Scope, hash: string): Promise<BlobRef | undefined>
  /** A file of this machine with the content, for parts that read files themselves; not to be changed. @throws as `get` */
  path(scope: Scope, hash: string): Promise<string>
  /** Reads it all and checks. @throws as `get` */
  verify(scope: Scope, hash: string): Promise<BlobRef>
  /** In order of hash. */
  list(scope: Scope, page?: PageRequest): Promise<Page<BlobRef>>
  /** False when it was not there. */
  remove(scope: Scope, hash: string): Promise<boolean>
}
