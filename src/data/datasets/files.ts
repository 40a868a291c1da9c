import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { GalleyError } from '../../base/errors.ts'
import { hashFile } from '../../base/hash.ts'
import { type Scope, storageOf } from '../../base/scope.ts'
import { makeLasting, syncFolder } from '../../store/files.ts'
import type { Store } from '../../store/store.ts'
import { stampOf } from '../connectors/files.ts'
import { MANIFEST, readManifest } from './manifest.ts'

/** A file as it was written: what it is later compared with. */
export interface KeptFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** How the folders of batches begin, one for each source that is pushed to. */
export const PUSHED = '_push.'

/** Where a workspace's files lie; a branch's lie beside those that it shares. */
export const rootOf = (store: Store, scope: Scope): string => join(store.home.datasets, storageOf(scope))

/** How names of folders end that only a branch writes to; empty for a workspace that is none. */
export const endOf = ({ workspace, storage }: Scope): string => (storage === undefined ? '' : workspace.slice(0, 8))

/** How the names of files end that hold what an interrupted training had come to. */
export const JOURNAL = '.journal'

/**
 * The folder of one published table, within the data folder. `id` is the identity of its content, or for what steps keep (names with `_`) may be that of what was
 * asked: then branches have folders of their own.
 */
export const folderOf = (store: Store, scope: Scope, name: string, id: string): string =>
  join(rootOf(store, scope), name, name.startsWith('_') ? `${id}${endOf(scope)}` : id)

/** Size and SHA-256 of a file just written. */
export async function keptFile(path: string, signal?: AbortSignal): Promise<KeptFile> {
  return { path, bytes: (await stat(path)).size, sha256: await hashFile(path, signal) }
}

/** Files that are put on disk at once. */
const TOGETHER = 16

/**
 * Moves a finished folder to its place in one step: readers see all of it or nothing. When the same content stands
 * there already, that one is kept; what stands there and is not the same was damaged since, and is replaced.
 * Everything is on disk before the answer, unless it is left to whoever calls `syncPublished`.
 */
export async function publishFolder(draft: string, target: string, { lasting = true } = {}): Promise<void> {
  if (lasting) {
    const [names] = await Promise.all([readdir(draft), makeNames(target)])
    await syncFiles(draft, names)
  } else await mkdir(dirname(target), { recursive: true })
  while (!(await moved(draft, target))) {
    if (await same(draft, target)) {
      await rm(draft, { recursive: true })
      break
    }
    await setAside(target, `${draft}.damaged`)
  }
  if (lasting) await syncFolder(dirname(target))
}

/** Brings a folder to the disk that was moved to its place without; nothing where it is gone. */
export async function syncPublished(target: string): Promise<void> {
  try {
    const names = await readdir(target)
    await Promise.all([syncFiles(target, names), makeNames(target)])
    await syncFolder(dirname(target))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** The folders that it lies in: below the folder of all workspaces, that of one, and of a name in it. */
const makeNames = (target: string) => makeLasting(dirname(target), resolve(target, '../../..'))

async function syncFiles(folder: string, names: readonly string[]): Promise<void> {
  const sync = async (name: string) => {
    const file = await open(join(folder, name), 'r+')
    await file.sync().finally(() => file.close())
  }
  for (let i = 0; i < names.length; i += TOGETHER)
    await Promise.all([...names.slice(i, i + TOGETHER).map(sync), ...(i === 0 ? [syncFolder(folder)] : [])])
}

async function moved(draft: string, target: string): Promise<boolean> {
  try {
    await rename(draft, target)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    return false
  }
}

/** Takes a folder out of the way; another process may have done so a moment ago. */
async function setAside(target: string, aside: string): Promise<void> {
  await rename(target, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rm(aside, { recursive: true, force: true })
}

/** True when every file of the draft stands in the target with the same bytes; of manifests, what they say of files counts. */
async function same(draft: string, target: string): Promise<boolean> {
  try {
    for (const name of await readdir(draft)) {
      const [ours, theirs] = [join(draft, name), join(target, name)]
      if (name === MANIFEST) {
        const files = async (path: string) => JSON.stringify(readManifest(await readFile(path, 'utf8'), path).files)
        if ((await files(ours)) !== (await files(theirs))) return false
      } else if ((await hashFile(ours)) !== (await hashFile(theirs))) return false
    }
    return true
  } catch (error) {
    if (error instanceof GalleyError && error.code !== 'STORE_CORRUPT') throw error
    return false
  }
}

/** What files were found to hold, by path, with their state (`stampOf`) before they were read. */
const known = new Map<string, { readonly stamp: string; readonly sha256: string }>()
const MOST_KNOWN = 10_000
/** A file that was written to so shortly before may be written to again without another time on it. ms */
const SETTLED = 2000

/** SHA-256 of a file; it is read once for each state that it is seen in. */
export async function hashOnce(path: string): Promise<string> {
  const stamp = await stampOf(path)
  const before = known.get(path)
  if (stamp !== undefined && before?.stamp === stamp) return before.sha256
  const { ctimeMs } = await stat(path)
  const settled = systemClock.now() - ctimeMs > SETTLED
  const sha256 = await hashFile(path)
  if (known.size >= MOST_KNOWN) known.clear()
  if (stamp !== undefined && settled && (await stampOf(path)) === stamp) known.set(path, { stamp, sha256 })
  return sha256
}

/**
 * True when all files are there with the content that they were written with. Their sizes are looked at each time; they
 * are read whole, at the speed of SHA-256, once a process and whenever their state on disk has changed since.
 */
export async function intact(files: readonly KeptFile[]): Promise<boolean> {
  for (const f of files) {
    if ((await stat(f.path).catch(() => undefined))?.size !== f.bytes) return false
    if ((await hashOnce(f.path).catch(() => undefined)) !== f.sha256) return false
  }
  return true
}
