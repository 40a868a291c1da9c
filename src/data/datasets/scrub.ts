import { readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashFile } from '../../base/hash.ts'
import type { Scope } from '../../base/scope.ts'
import type { Store } from '../../store/store.ts'
import type { KeptFile } from './files.ts'
import { decodeSketch, sketchPath } from './sketches/file.ts'
import { filesOf, openVersion } from './version.ts'

/** A file that is not as it was written, and the versions that are read from it. */
export interface Damage {
  readonly dataset: string
  /** Within the data folder. */
  readonly path: string
  readonly why: string
  readonly versions: readonly number[]
}

/** A file that versions of a dataset use. */
export interface UsedFile extends KeptFile {
  readonly versions: readonly number[]
}

/** All files of all versions of a dataset, each once, by path; manifests that can't be read are damage. */
export async function usedFiles(
  store: Store,
  scope: Scope,
  name: string,
): Promise<{ files: UsedFile[]; damaged: Damage[] }> {
  const files = new Map<string, { file: KeptFile; versions: number[] }>()
  const damaged: Damage[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await store.datasets.versions(scope, name, { limit: 500, cursor })
    for (const v of page.items) {
      const path = join(store.home.datasets, v.path)
      try {
        const version = await openVersion(path)
        const { rejected } = version.manifest
        const aside = rejected ? [{ ...rejected, path: join(version.folder, rejected.path) }] : []
        for (const file of [...filesOf(version), ...aside]) {
          const known = files.get(file.path)
          if (known) known.versions.push(v.version)
          else files.set(file.path, { file, versions: [v.version] })
        }
      } catch (error) {
        if (!(error instanceof GalleyError && error.code === 'STORE_CORRUPT')) throw error
        damaged.push({
          ...{ dataset: name, path: relative(store.home.path, path), why: error.why ?? error.what },
          versions: [v.version],
        })
      }
    }
    cursor = page.next
    if (cursor === undefined) break
  }
  const sorted = [...files.values()].sort((a, b) => (a.file.path < b.file.path ? -1 : 1))
  return { files: sorted.map(({ file, versions }) => ({ ...file, versions: versions.toReversed() })), damaged }
}

/** Bytes and files that one call reads, about: it answers within seconds. */
const MOST = { bytes: 1 << 30, files: 200 }

export interface Scrubbed {
  readonly files: number
  readonly bytes: number
  readonly damaged: readonly Damage[]
  /** Where the next call goes on; undefined when all were read. */
  readonly next?: { readonly dataset: string; readonly after: string }
  /** Share of the dataset that it is in. */
  readonly done: number
}

/**
 * Reads the next files of a dataset again, whatever is known of them, and compares them with their checksums.
 * @throws CANCELLED
 */
export async function scrub(
  store: Store,
  scope: Scope,
  { dataset, after = '', signal }: { dataset: string; after?: string; signal: AbortSignal },
): Promise<Scrubbed> {
  const { files, damaged: broken } = await usedFiles(store, scope, dataset)
  const damaged: Damage[] = after === '' ? [...broken] : []
  let bytes = 0
  let read = 0
  for (const [i, file] of files.entries()) {
    const place = relative(store.home.datasets, file.path)
    if (place <= after) continue
    const why = await damageOf(file, signal)
    const aside = await sketchDamage(file)
    read++
    bytes += file.bytes
    const at = { dataset, versions: file.versions }
    if (why) damaged.push({ ...at, path: join('datasets', place), why })
    if (aside) damaged.push({ ...at, path: join('datasets', sketchPath(place)), why: aside })
    if (i + 1 < files.length && (bytes >= MOST.bytes || read >= MOST.files))
      return { files: read, bytes, damaged, next: { dataset, after: place }, done: (i + 1) / files.length }
  }
  return { files: read, bytes, damaged, done: 1 }
}

/** Why the sketch beside a file is none; it is computed anew when it is next asked for. */
async function sketchDamage({ path, sha256 }: KeptFile): Promise<string | undefined> {
  const bytes = await readFile(sketchPath(path)).catch((error: NodeJS.ErrnoException) => error)
  if (bytes instanceof Error && bytes.code === 'ENOENT') return undefined
  const found = bytes instanceof Error ? 'it can not be read' : decodeSketch(bytes)
  const why = typeof found === 'string' ? found : found.sha256 === sha256 ? undefined : 'it is of another file'
  return why && `${why}: a sketch, which galley datasets show --sketches computes anew`
}

async function damageOf(file: KeptFile, signal: AbortSignal): Promise<string | undefined> {
  const info = await stat(file.path).catch(() => undefined)
  if (!info) return 'it is gone'
  if (info.size !== file.bytes) return `it has ${info.size} bytes and was written with ${file.bytes}`
  const hash = await hashFile(file.path, signal).catch((error: unknown) => {
    if (signal.aborted) throw error
    return undefined
  })
  if (hash === undefined) return 'it can not be read'
  return hash === file.sha256 ? undefined : 'its checksum is another than it was written with'
}
