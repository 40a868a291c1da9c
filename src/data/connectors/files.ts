import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { systemClock } from '../../base/clock.ts'
import { GalleyError } from '../../base/errors.ts'
import { hashFile } from '../../base/hash.ts'
import { unknownColumn } from '../../plan/types.ts'
import type { Fingerprint, SourceSpec } from './connector.ts'

/** What tells a file that was written to from one that was not, without reading it; undefined where none is there. */
export async function stampOf(path: string): Promise<string | undefined> {
  const info = await stat(path, { bigint: true }).catch(() => undefined)
  return info && [info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join(' ')
}

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
  if (!info)
    throw new GalleyError('SOURCE_MISSING', {
      what: `there is no file at ${path}`,
      why: 'the source can not be read',
      fix: 'check the path in the recipe; it is relative to the folder of the recipe',
    })
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

/** Hashes of files by their stamps: a step asks for one several times, and a file that did not change is not read again. */
const hashes = new Map<string, string>()
const MOST_HASHES = 1000
/** A file that was written to so shortly before may be written to again without another time on it. */
const SETTLED_MS = 2000

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
