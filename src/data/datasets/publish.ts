import { copyFile, link, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import type { Scope } from '../../base/scope.ts'
import type { Store } from '../../store/store.ts'
import { folderOf, publishFolder } from './files.ts'
import { writeIceberg } from './iceberg/metadata.ts'
import { MANIFEST, type Manifest } from './manifest.ts'
import type { Version } from './version.ts'

/**
 * Puts a version's folder in its place in one step: its manifest, and the files that are new, by their names in it. It is a
 * version once its row is in the store.
 */
export async function publishVersion(
  store: Store,
  scope: Scope,
  manifest: Manifest,
  made: ReadonlyMap<string, string>,
): Promise<Version> {
  const folder = store.home.tmp.file('.version')
  await mkdir(folder, { recursive: true })
  for (const [name, from] of made) await place(from, join(folder, name))
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`)
  const target = folderOf(store, scope, manifest.name, identityOf(manifest))
  await publishFolder(folder, target)
  const version = { manifest, folder: target }
  // not part of the version: made of its manifest, and made again where it is missing
  await writeIceberg(version)
  return version
}

/** The folder's name: the same files at the same places, read the same way, are the same folder. */
function identityOf({ files, rejected, schema, split, moment, partitionBy, key, batches }: Manifest): string {
  const content = [files.map((f) => [f.path, f.sha256]), rejected?.sha256 ?? null, schema, split, moment]
  return hashJson([content, partitionBy, key, batches]).slice(0, 32)
}

/** A file at another place too, sharing its bytes where the file system can: a draft may be begun again. */
export async function place(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to))
}
