import { createHash } from 'node:crypto'
import { GalleyError } from '../../base/errors.ts'
import { type Scope, storageOf } from '../../base/scope.ts'
import type { BlobSource } from './blobs.ts'

/** Refuses what is not a hash, so that no other path can be made of it. @throws REQUEST_INVALID */
export function checkHash(hash: string): string {
  if (/^[0-9a-f]{64}$/.test(hash)) return hash
  throw new GalleyError('REQUEST_INVALID', {
    what: 'that is not the name of a blob',
    why: 'a blob is named by 64 hexadecimal digits',
    fix: 'use the hash that `put` answered',
  })
}

/** The workspace whose folder a scope's blobs lie in; refuses one that is not an id. @throws REQUEST_INVALID */
export function checkWorkspace(scope: Scope): string {
  const workspace = storageOf(scope)
  if (/^[\w-]{1,64}$/.test(workspace)) return workspace
  throw new GalleyError('REQUEST_INVALID', {
    what: 'that is not the id of a workspace',
    fix: 'make scopes by `openScope`',
  })
}

export function missing(hash: string): GalleyError {
  return new GalleyError('BLOB_UNKNOWN', {
    what: `there is no blob ${hash.slice(0, 12)}…`,
    why: 'this workspace has none with that content',
    fix: 'run the recipe again to make it',
    details: { hash },
  })
}

export function corrupt(hash: string, found: string): GalleyError {
  return new GalleyError('STORE_CORRUPT', {
    what: `the blob ${hash.slice(0, 12)}… is damaged`,
    why: `its content has the hash ${found.slice(0, 12)}…`,
    fix: 'restore the data folder from a backup, or run the recipe again to make it; the disk may be failing',
    details: { hash, found },
  })
}

export function misplaced(hash: string, path: string): GalleyError {
  return new GalleyError('STORE_CORRUPT', {
    what: `the blob ${hash.slice(0, 12)}… is damaged`,
    why: `${path} is not a file`,
    fix: 'restore the data folder from a backup, or run the recipe again to make it; the disk may be failing',
    details: { hash },
  })
}

/** The chunks as they pass, and at their end an error if they are not what the hash names. */
export async function* checked(hash: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const digest = createHash('sha256')
  for await (const chunk of chunks) {
    digest.update(chunk)
    yield chunk
  }
  const found = digest.digest('hex')
  if (found !== hash) throw corrupt(hash, found)
}

/** Bytes, text or chunks as chunks. */
export async function* chunksOf(source: Exclude<BlobSource, { file: string }>): AsyncIterable<Uint8Array> {
  if (typeof source === 'string') yield Buffer.from(source)
  else if (source instanceof Uint8Array) yield source
  else yield* source
}

export const isFile = (source: BlobSource): source is { readonly file: string; readonly move?: boolean } =>
  typeof source === 'object' && 'file' in source
