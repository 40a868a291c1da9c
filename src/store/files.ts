import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { newId } from '../base/ids.ts'
import { failure } from './failures.ts'
import { fileNameOf, isAlive, ownToken, tokenIn } from './process.ts'

/** Makes a rename or a new file in `folder` survive power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    if (!refusesSync(error)) throw error
  } finally {
    await handle.close()
  }
}

/** `syncFolder` for the few moments at which nothing else goes on. */
export function syncFolderNow(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } catch (error) {
    if (!refusesSync(error)) throw error
  } finally {
    closeSync(handle)
  }
}

/** Some file systems refuse to sync a folder; there is nothing more to do on those. */
const refusesSync = (error: unknown): boolean =>
  ['EINVAL', 'ENOTSUP', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Folders that this process has brought to the disk with those above them: which one of a name it is, and the name. */
const lasting = new Set<string>()
const MOST_LASTING = 10_000

/**
 * Makes a folder with those above it, so that they survive power loss: the names of all that it makes, and of those below `root` also where another process
 * made them, which may have been killed before it came to that. Each is brought to the disk once a process.
 */
export async function makeLasting(folder: string, root: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true })
  const top = made !== undefined && made.length <= root.length ? dirname(made) : root
  const names: string[] = []
  for (let at = folder; at.length > top.length && dirname(at) !== at; at = dirname(at)) {
    const { ino, birthtimeNs } = await stat(at, { bigint: true })
    // one that was removed since and made again is another
    const name = `${ino} ${birthtimeNs} ${at}`
    if (lasting.has(name)) break
    await syncFolder(dirname(at))
    names.push(name)
  }
  if (lasting.size > MOST_LASTING) lasting.clear()
  for (const name of names) lasting.add(name)
}

/**
 * Writes the whole file or nothing: to a temporary name beside it, flushed to disk, renamed, the folder flushed.
 * Creates the folder. @throws DISK_FULL
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${newId().slice(0, 12)}.tmp`)
  let handle: FileHandle | undefined
  try {
    await makeLasting(folder, folder)
    handle = await open(temporary, 'wx')
    await handle.writeFile(data)
    await handle.sync()
    await handle.close()
    await rename(temporary, path)
    await syncFolder(folder)
  } catch (error) {
    await handle?.close().catch(() => undefined)
    await rm(temporary, { force: true }).catch(() => undefined)
    throw failure(error, `${path} could not be written`)
  }
}

/** The file's text, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failure(error, `${path} could not be read`)
  }
}

/** A folder for what need not outlast this process. */
export interface TempFolder {
  /** Absolute. */
  readonly path: string
  /** A path in it that nothing uses yet; nothing is created. */
  file(suffix?: string): string
  /** Removes what was left there, while nothing is under way; what the batch engine keeps stays. */
  clear(): void
  /** Removes it and all that is in it. */
  close(): void
}

/** Leftovers of a process of another machine or container can't be judged, only their age. */
const STRANGER_MS = 24 * 3_600_000

/**
 * This process's own folder under `root`. First removes what dead processes left there; a folder of a living process
 * stays, and one of another machine's process does for a day.
 */
export function openTempFolder(root: string): TempFolder {
  const path = join(root, fileNameOf(ownToken(), newId().slice(0, 8)))
  mkdirSync(path, { recursive: true })
  const now = statSync(path).mtimeMs
  for (const name of readdirSync(root)) {
    if (name.startsWith('.')) continue
    const left = join(root, name)
    const alive = isAlive(tokenIn(name))
    const old = now - (statSync(left, { throwIfNoEntry: false })?.mtimeMs ?? now) > STRANGER_MS
    if (alive === false || (alive === undefined && old)) rmSync(left, { recursive: true, force: true })
  }
  return {
    path,
    file: (suffix = '') => join(path, `${newId()}${suffix}`),
    clear() {
      for (const name of readdirSync(path))
        if (!name.startsWith('duckdb_')) rmSync(join(path, name), { recursive: true, force: true })
    },
    close: () => rmSync(path, { recursive: true, force: true }),
  }
}
