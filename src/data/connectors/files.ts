import { stat } from 'node:fs/promises'
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
  const info = await stat(path).catch(() => undefined)
  if (!info)
    throw new GalleyError('SOURCE_MISSING', {
      what: `there is no file at ${path}`,
      why: 'the source can not be read',
      fix: 'check the path in the recipe; it is relative to the folder of the recipe',
    })
  if (!info.isFile()) throw new GalleyError('SOURCE_MISSING', { what: `${path} is not a file`, fix: 'name a file' })
  if (info.size === 0)
    throw new GalleyError('SOURCE_BROKEN', { what: `${path} is empty`, fix: 'copy or download the file again' })
  return { hash: await hashFile(path), bytes: info.size, ...(stamp ? { stamp } : {}) }
}

/** Fails when the source lacks a declared column, naming those it has. */
export function requireColumns(spec: SourceSpec, existing: readonly string[], path: string): void {
  for (const name of Object.keys(spec.columns)) if (!existing.includes(name)) throw unknownColumn(name, existing, path)
}
