import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { GalleyError } from '../base/errors.ts'
import { codeOf, failure } from './failures.ts'
import { openTempFolder, readIfThere, syncFolder, syncFolderNow, type TempFolder, writeFileAtomic } from './files.ts'
import { takeLock } from './lock.ts'

/** The format of the data folder; a change that older releases can't read raises it. */
export const HOME_FORMAT = 1

/** The data folder, laid out. Nothing is written outside it. */
export interface Home {
  readonly path: string
  /** The embedded database. */
  readonly postgres: string
  /** Content-addressed files. */
  readonly blobs: string
  /** Manifests and Parquet. */
  readonly datasets: string
  /** Append-only logs: feeds, predictions. */
  readonly logs: string
  /** This process's own part of `tmp/`. */
  readonly tmp: TempFolder
}

/**
 * Creates what is missing, checks VERSION, cleans up after dead processes.
 * @throws CONFIG_INVALID where no data folder can be, STORE_FORMAT_NEWER, DISK_FULL
 */
export async function openHome(path: string): Promise<Home> {
  const root = resolve(path)
  const at = (name: string) => join(root, name)
  try {
    for (const name of ['postgres', 'blobs', 'datasets', 'logs', 'tmp']) makeFolder(at(name))
    await checkVersion(root)
    return {
      path: root,
      postgres: at('postgres'),
      blobs: at('blobs'),
      datasets: at('datasets'),
      logs: at('logs'),
      tmp: openTempFolder(at('tmp')),
    }
  } catch (error) {
    throw unusable(root, error) ?? failure(error, `the data folder ${root} could not be opened`)
  }
}

/** Makes a folder and those above it. Node's own recursive form never comes back where a file system takes none (`/proc`). */
function makeFolder(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o755 })
    syncFolderNow(dirname(path))
  } catch (error) {
    // another process may have made it a moment ago
    if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}

/** Why a folder that was named can't hold data, by the system's code. */
const UNUSABLE: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it lies on a file system that is mounted read-only',
  ENOTDIR: 'it, or a part of its path, is a file',
  EEXIST: 'it, or a folder in it, is a file',
  ENOENT: 'a folder of its path can not be made',
  ELOOP: 'its path goes round in a circle of links',
  ENAMETOOLONG: 'its path is too long',
}

function unusable(root: string, error: unknown): GalleyError | undefined {
  const told = codeOf(error) ?? ''
  const code = told === 'ENOENT' ? (notWritable(root) ?? told) : told
  const why = Object.hasOwn(UNUSABLE, code) ? UNUSABLE[code] : undefined
  if (why === undefined) return undefined
  return new GalleyError('CONFIG_INVALID', {
    what: `${root} can't be the data folder`,
    why: `${why} (${code})`,
    fix: 'point GALLEY_HOME at a folder that this user can write to, or at one that does not exist yet',
    cause: error,
    details: { home: root },
  })
}

/** Why the nearest folder that is there can't be written to: making several folders at once tells only that it failed. */
function notWritable(path: string): string | undefined {
  let folder = path
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    accessSync(folder, constants.W_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

/** A missing VERSION is written: a folder of ours whose making was cut short, or that lost the file, has the format of today. */
async function checkVersion(root: string): Promise<void> {
  const file = join(root, 'VERSION')
  const text = await readIfThere(file)
  if (text === undefined) {
    const release = await takeLock(join(root, 'tmp', '.lock'), 10_000)
    try {
      // the folder's own name, where whoever made it was killed before it came to that
      await syncFolder(dirname(root))
      if ((await readIfThere(file)) === undefined) await writeFileAtomic(file, `${HOME_FORMAT}\n`)
    } finally {
      release()
    }
    return
  }
  const found = Number(text.trim())
  if (!Number.isInteger(found) || found < 1)
    throw new GalleyError('STORE_CORRUPT', {
      what: `the data folder's VERSION can't be read`,
      why: `${file} holds ${JSON.stringify(text.slice(0, 40))} instead of a number`,
      fix: 'point GALLEY_HOME at a folder that Galley made, or at a new one',
    })
  if (found > HOME_FORMAT)
    throw new GalleyError('STORE_FORMAT_NEWER', {
      what: 'the data folder was written by a newer Galley',
      why: `${root} has format ${found}, this release knows up to ${HOME_FORMAT}`,
      fix: 'use the newer release, or point GALLEY_HOME at another folder',
      details: { found, known: HOME_FORMAT },
    })
}
