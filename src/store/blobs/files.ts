import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256 } from '../../base/hash.ts'
import type { Scope } from '../../base/scope.ts'
import { failure } from '../failures.ts'
import { makeLasting, syncFolder, type TempFolder } from '../files.ts'
import { keyOf, limitOf, pageOf } from '../page.ts'
import type { BlobRef, Blobs } from './blobs.ts'
import { checked, checkHash, checkWorkspace, chunksOf, corrupt, isFile, misplaced, missing } from './check.ts'

const CHUNK = 1 << 20

/** Blobs as files: `<root>/<workspace>/ab/cdef…`. A file appears under its name only when whole and on disk. */
export function fileBlobs(root: string, tmp: TempFolder): Blobs {
  const folderOf = (scope: Scope) => join(root, checkWorkspace(scope))
  const pathOf = (scope: Scope, hash: string) =>
    join(folderOf(scope), checkHash(hash).slice(0, 2), checkHash(hash).slice(2))
  const read = (path: string) => createReadStream(path, { highWaterMark: CHUNK }) as AsyncIterable<Uint8Array>

  /** `misplaced` when something that is no file lies in its place: damage, which `put` mends. */
  const look = async (scope: Scope, hash: string): Promise<BlobRef | 'misplaced' | undefined> => {
    try {
      const found = await stat(pathOf(scope, hash))
      return found.isFile() ? { hash, bytes: found.size } : 'misplaced'
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return undefined
      if (code === 'ENOTDIR') return 'misplaced'
      throw failure(error, 'a blob could not be read')
    }
  }
  const find = async (scope: Scope, hash: string): Promise<BlobRef | undefined> => {
    const found = await look(scope, hash)
    return found === 'misplaced' ? undefined : found
  }
  const there = async (scope: Scope, hash: string): Promise<BlobRef> => {
    const found = await look(scope, hash)
    if (found === 'misplaced') throw misplaced(hash, pathOf(scope, hash))
    if (!found) throw missing(hash)
    return found
  }

  /** Copies chunks into a temporary file on disk. */
  const draft = async (chunks: AsyncIterable<Uint8Array>): Promise<BlobRef & { path: string }> => {
    const path = tmp.file('.blob')
    const handle = await open(path, 'wx')
    try {
      const digest = createHash('sha256')
      let bytes = 0
      for await (const chunk of chunks) {
        digest.update(chunk)
        bytes += chunk.byteLength
        await handle.writeFile(chunk)
      }
      await handle.sync()
      await handle.close()
      return { path, hash: digest.digest('hex'), bytes }
    } catch (error) {
      await handle.close().catch(() => undefined)
      await rm(path, { force: true })
      throw error
    }
  }

  const settle = async (scope: Scope, from: string, hash: string): Promise<void> => {
    const path = pathOf(scope, hash)
    const folder = dirname(path)
    await mend(
      () => makeLasting(folder, root),
      () => rm(folder),
    )
    await mend(
      () => rename(from, path),
      () => rm(path, { recursive: true }),
    )
    await syncFolder(folder)
  }

  async function* opened(scope: Scope, hash: string): AsyncIterable<Uint8Array> {
    await there(scope, hash)
    try {
      yield* checked(hash, read(pathOf(scope, hash)))
    } catch (error) {
      throw failure(error, 'a blob could not be read')
    }
  }

  const verify = async (scope: Scope, hash: string): Promise<BlobRef> => {
    const ref = await there(scope, hash)
    for await (const _ of opened(scope, hash));
    return ref
  }

  return {
    find,
    verify,
    open: opened,
    async put(scope, source) {
      let left: string | undefined
      try {
        const chunks = isFile(source) ? read(source.file) : chunksOf(source)
        const { path, hash, bytes } = await draft(chunks)
        left = path
        // what is there under this name may have been damaged since: the fresh copy takes its place
        await settle(scope, path, hash)
        if (isFile(source) && source.move) await rm(source.file, { force: true })
        return { hash, bytes }
      } catch (error) {
        if (left) await rm(left, { force: true }).catch(() => undefined)
        throw failure(error, 'a blob could not be stored')
      }
    },
    async get(scope, hash) {
      await there(scope, hash)
      let content: Buffer
      try {
        content = await readFile(pathOf(scope, hash))
      } catch (error) {
        throw failure(error, 'a blob could not be read')
      }
      const found = sha256(content)
      if (found !== hash) throw corrupt(hash, found)
      return content
    },
    async path(scope, hash) {
      await there(scope, hash)
      return pathOf(scope, hash)
    },
    async list(scope, page = {}) {
      const after = keyOf(page, 'string')
      const limit = limitOf(page)
      const folder = folderOf(scope)
      const refs: BlobRef[] = []
      try {
        for (const prefix of (await namesIn(folder)).filter((name) => !after || name >= after.slice(0, 2))) {
          for (const rest of await namesIn(join(folder, prefix))) {
            const hash = prefix + rest
            if (after !== undefined && hash <= after) continue
            const ref = await find(scope, hash)
            if (ref) refs.push(ref)
            if (refs.length > limit) return pageOf(refs, limit, (each) => each.hash)
          }
        }
      } catch (error) {
        throw failure(error, 'the blobs could not be listed')
      }
      return pageOf(refs, limit, (ref) => ref.hash)
    },
    async remove(scope, hash) {
      const path = pathOf(scope, hash)
      try {
        await rm(path, { recursive: true }) // also a folder that damage put in its place
        return true
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
        throw failure(error, 'a blob could not be removed')
      }
    },
  }
}

/** Does it; where something of another kind lies in the way, which is damage, that is cleared away first. */
async function mend<T>(work: () => Promise<T>, clear: () => Promise<void>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!['EISDIR', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    await clear()
    return work()
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    await access(folder)
  } catch {
    return []
  }
  return (await readdir(folder)).sort()
}
