import { readFile, rm, writeFile } from 'node:fs/promises'
import { sha256 } from '../../base/hash.ts'
import type { Scope } from '../../base/scope.ts'
import { failure } from '../failures.ts'
import type { TempFolder } from '../files.ts'
import { keyOf, limitOf, pageOf } from '../page.ts'
import type { Blobs } from './blobs.ts'
import { checkHash, checkWorkspace, chunksOf, corrupt, isFile, missing } from './check.ts'

/** Blobs that last as long as the process, for tests. `tmp` gets the copies that `path` makes. */
export function memoryBlobs(tmp: TempFolder): Blobs & { readonly content: Map<string, Uint8Array> } {
  const content = new Map<string, Uint8Array>()
  const at = (scope: Scope, hash: string) => `${checkWorkspace(scope)}/${checkHash(hash)}`
  const get = (scope: Scope, hash: string): Uint8Array => {
    const bytes = content.get(at(scope, hash))
    if (!bytes) throw missing(hash)
    const found = sha256(bytes)
    if (found !== hash) throw corrupt(hash, found)
    return bytes
  }
  return {
    content,
    async put(scope, source) {
      try {
        const bytes = isFile(source) ? await readFile(source.file) : await gather(chunksOf(source))
        const hash = sha256(bytes)
        content.set(at(scope, hash), bytes)
        if (isFile(source) && source.move) await rm(source.file, { force: true })
        return { hash, bytes: bytes.byteLength }
      } catch (error) {
        throw failure(error, 'a blob could not be stored')
      }
    },
    get: async (scope, hash) => get(scope, hash),
    async *open(scope, hash) {
      yield get(scope, hash)
    },
    async find(scope, hash) {
      const bytes = content.get(at(scope, hash))
      return bytes && { hash, bytes: bytes.byteLength }
    },
    async path(scope, hash) {
      const path = tmp.file('.blob')
      await writeFile(path, get(scope, hash))
      return path
    },
    verify: async (scope, hash) => ({ hash, bytes: get(scope, hash).byteLength }),
    async list(scope, page = {}) {
      const after = keyOf(page, 'string') ?? ''
      const limit = limitOf(page)
      const prefix = `${checkWorkspace(scope)}/`
      const refs = [...content]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, bytes]) => ({ hash: key.slice(prefix.length), bytes: bytes.byteLength }))
        .filter(({ hash }) => hash > after)
        .sort((a, b) => (a.hash < b.hash ? -1 : 1))
      return pageOf(refs, limit, (ref) => ref.hash)
    },
    remove: async (scope, hash) => content.delete(at(scope, hash)),
  }
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}
