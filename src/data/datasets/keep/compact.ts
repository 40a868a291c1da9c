import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { hashJson } from '../../../base/hash.ts'
import type { Scope } from '../../../base/scope.ts'
import type { DatasetVersion } from '../../../store/datasets.ts'
import type { Store } from '../../../store/store.ts'
import { keptFile } from '../files.ts'
import { contentHash, type DataFile, MANIFEST, type Manifest } from '../manifest.ts'
import { publishVersion } from '../publish.ts'
import { fileStatistics } from '../statistics.ts'
import { openVersion, scanFiles, siblingPath, type Version } from '../version.ts'
import type { TableWork } from '../work.ts'

/** Bytes of Parquet that a file is filled up to. */
export const TARGET = 128 << 20

export interface Compacted {
  readonly version: number
  readonly before: number
  readonly after: number
  readonly bytes: number
}

/**
 * Publishes the newest version again with its small files put together: the same rows in the same order, and so the same
 * content. In a dataset with partitions, files of one partition are put together, in the order of their rows.
 * @throws DATASET_UNKNOWN, STORE_CONFLICT when a version was published meanwhile, CANCELLED
 */
export async function compact(
  work: TableWork,
  store: Store,
  scope: Scope,
  { name, target, now, tell }: { name: string; target: number; now: number; tell: (done: number) => void },
): Promise<Compacted> {
  const newest = await store.datasets.get(scope, name)
  const base = await openVersion(join(store.home.datasets, newest.path))
  const { files, partitionBy } = base.manifest
  const groups = grouped(files, target)
  const same = { version: newest.version, before: files.length, after: files.length, bytes: base.manifest.bytes }
  if (groups.length === files.length) return same
  const draft = store.home.tmp.file('.compact')
  await mkdir(draft, { recursive: true })
  const made = new Map<string, string>()
  const next: DataFile[] = []
  for (const [i, group] of groups.entries()) {
    throwIfAborted(work.signal)
    const [only] = group
    if (group.length === 1 && only) next.push({ ...only, path: siblingPath(base.folder, only.path) })
    else {
      const path = `data-${String(i + 1).padStart(5, '0')}.parquet`
      next.push(await together(work, base, group, path, join(draft, path)))
      made.set(path, join(draft, path))
    }
    tell((i + 1) / groups.length)
  }
  const rows = next.reduce((n, f) => n + f.rows, 0)
  if (rows !== base.manifest.rows)
    throw new GalleyError('INTERNAL_BUG', {
      what: `compaction of '${name}' found ${rows} rows where there are ${base.manifest.rows}`,
      why: 'nothing was published',
      fix: 'report it; galley datasets scrub says whether a file is damaged',
    })
  const bytes = next.reduce((n, f) => n + f.bytes, 0)
  const { rejected: _, ...rest } = base.manifest
  const manifest: Manifest = {
    ...rest,
    ...{ files: next, bytes, parents: [{ step: 'compact', hash: newest.hash }], run: '' },
    write: { mode: 'compact', base: newest.hash, batch: null },
    created: new Date(now).toISOString(),
  }
  const version = await publishVersion(store, scope, manifest, made)
  const published = await recorded(store, scope, {
    newest,
    version,
    reordered: partitionBy.length > 0 && isMixed(files),
  })
  return { version: published.version, before: files.length, after: next.length, bytes }
}

async function recorded(
  store: Store,
  scope: Scope,
  { newest, version, reordered }: { newest: DatasetVersion; version: Version; reordered: boolean },
): Promise<DatasetVersion> {
  const { manifest, folder } = version
  const { name, rows, bytes, parents, schema } = manifest
  // rows in the same order are the same content, however they lie in files
  const hash = reordered ? contentHash(manifest) : newest.hash
  const path = relative(store.home.datasets, join(folder, MANIFEST))
  const { rejected: _, rejectedFile: __, ...details } = (newest.details ?? {}) as Record<string, unknown>
  return store.transaction(scope, async (tx) => {
    const write = { mode: 'compact', rows: 0, base: newest.version }
    const row = {
      name,
      rows,
      bytes,
      schema,
      hash,
      path,
      parents,
      details: { ...details, write },
      run: null,
      step: null,
    }
    const published = await tx.datasets.publish(scope, row, { version: newest.version, path: newest.path })
    await tx.events.record(scope, { action: 'dataset.compact', subject: name, details: { version: published.version } })
    return published
  })
}

async function together(
  work: TableWork,
  { manifest, folder }: Version,
  group: readonly DataFile[],
  path: string,
  to: string,
): Promise<DataFile> {
  await work.write(scanFiles(group, folder, manifest.schema), to)
  const { bytes, sha256 } = await keptFile(to, work.signal)
  const found = await fileStatistics(work, to, manifest.schema)
  const partition = group[0]?.partition
  return { path, rows: found.rows, bytes, sha256, ...(partition ? { partition } : {}), columns: found.columns }
}

const partitionKey = (f: DataFile): string => hashJson(f.partition ?? {})

/** Whether files of a partition have others between them. */
function isMixed(files: readonly DataFile[]): boolean {
  const seen = new Set<string>()
  return files.some((f, i) => {
    const key = partitionKey(f)
    const again = seen.has(key) && partitionKey(files[i - 1] ?? f) !== key
    seen.add(key)
    return again
  })
}

/** Files that are put together: neighbours of one partition, until they are as large as the target. */
function grouped(files: readonly DataFile[], target: number): DataFile[][] {
  const groups: DataFile[][] = []
  const open = new Map<string, { files: DataFile[]; bytes: number }>()
  for (const file of files) {
    const key = partitionKey(file)
    const group = open.get(key)
    if (group && group.bytes + file.bytes <= target) {
      group.files.push(file)
      group.bytes += file.bytes
    } else {
      const begun = { files: [file], bytes: file.bytes }
      open.set(key, begun)
      groups.push(begun.files)
    }
  }
  return groups
}
