import type { Stats } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { GalleyError, nearest } from '../../base/errors.ts'
import { hashFile } from '../../base/hash.ts'
import { unknownColumn } from '../../plan/types.ts'
import type { Fingerprint, SourceSpec } from './connector.ts'

/** What tells a file that was written to from one that was not, without reading it; undefined where none is there. */
export async function stampOf(path: string): Promise<string | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined)
  return info && [info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join(' ')
}

/** Bytes that a file is read by: of a small one no more memory is taken than it needs, as such memory counts towards the next collection of garbage. */
export const chunkSize = async (path: string, most: number): Promise<number> =>
  Math.min(most, Math.max(4096, (await stat(path)).size + 1))

/** Size and content hash of a file, or an error that says what is there. */
export async function fingerprintFile(path: string): Promise<Fingerprint> {
  // taken before it is read: what is written to it from now on shows
  const stamp = await stampOf(path)
  const info = await requireFile(path)
  return {
    hash: await hashOf(path, stamp, Math.max(info.mtimeMs, info.ctimeMs)),
    bytes: info.size,
    ...(stamp ? { stamp } : {}),
  }
}

/** A file that can be read, and is not empty. @throws SOURCE_MISSING, SOURCE_BROKEN */
export async function requireFile(path: string): Promise<Stats> {
  const info = await stat(path).catch(() => undefined)
  if (!info) throw await missingFile(path)
  if (!info.isFile())
    throw new GalleyError('SOURCE_MISSING', {
      what: `${path} is not a file`,
      why: 'it is a folder, or a device',
      fix: 'name a file',
    })
  if (info.size === 0)
    throw new GalleyError('SOURCE_BROKEN', {
      what: `${path} is empty`,
      why: 'it has not a byte',
      fix: 'copy or download the file again',
    })
  return info
}

/** Names of a folder that are compared with one that is not there. */
const MOST_NAMES = 10_000

/** The error for a file that is not there: names the nearest one of its folder, or the nearest folder that is there. */
export async function missingFile(path: string): Promise<GalleyError> {
  const folder = dirname(path)
  const names = await namesIn(folder)
  const close = names && nearest(basename(path), names)
  const above = names ? undefined : await namesIn(dirname(folder))
  const closeFolder = above && nearest(basename(folder), above)
  return new GalleyError('SOURCE_MISSING', {
    what: `there is no file at ${path}`,
    why: names
      ? names.length > 0
        ? `${folder} has ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' and others' : ''}`
        : `${folder} is empty`
      : `there is no folder ${folder}`,
    fix: close
      ? `did you mean ${join(folder, close)}?`
      : closeFolder
        ? `did you mean ${join(dirname(folder), closeFolder, basename(path))}?`
        : 'check the path; in a recipe it is relative to the folder of the recipe',
  })
}

/** Names in a folder, in order; undefined where there is none. */
async function namesIn(folder: string): Promise<string[] | undefined> {
  const names: string[] = []
  try {
    for await (const entry of await opendir(folder)) if (names.push(entry.name) === MOST_NAMES) break
  } catch {
    return undefined
  }
  return names.sort()
}

/** Hashes of files by their stamps: a step asks for one several times, and a file that did not change is not read again. */
const hashes = new Map<string, string>()
const MOST_HASHES = 1000
/** A file that was written to so shortly before may be written to again without another time on it. */
const SETTLED_MS = 2000

/** The state and hash of a file that was read in this process and did not change since. */
export async function knownHash(path: string): Promise<readonly [stamp: string, hash: string] | undefined> {
  const stamp = await stampOf(path)
  const hash = stamp === undefined ? undefined : hashes.get(stamp)
  return stamp === undefined || hash === undefined ? undefined : [stamp, hash]
}

/** Takes over what another process knows. */
export function rememberHash(stamp: string, hash: string): void {
  hashes.set(stamp, hash)
}

async function hashOf(path: string, stamp: string | undefined, written: number): Promise<string> {
  const known = stamp === undefined ? undefined : hashes.get(stamp)
  if (known !== undefined) return known
  const settled = systemClock.now() - written > SETTLED_MS
  const hash = await hashFile(path)
  if (stamp !== undefined && settled && (await stampOf(path)) === stamp) {
    if (hashes.size >= MOST_HASHES) hashes.clear()
    hashes.set(stamp, hash)
  }
  return hash
}

/** Fails when the source lacks a declared column, naming those it has. */
export function requireColumns(spec: SourceSpec, existing: readonly string[], path: string): void {
  for (const name of Object.keys(spec.columns)) if (!existing.includes(name)) throw unknownColumn(name, existing, path)
}

/** What is said of a file of ours is said of what it was brought from. */
export function saidOf<E>(thrown: E, path: string, as: string): E | GalleyError {
  if (!(thrown instanceof GalleyError)) return thrown
  const { code, what, why, fix, details, cause } = thrown
  const said = (text: string) => text.replaceAll(path, as)
  return new GalleyError(code, {
    ...{ what: said(what), details, cause },
    ...(why ? { why: said(why) } : {}),
    ...(fix ? { fix: said(fix) } : {}),
  })
}
