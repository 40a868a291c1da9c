import { readdir, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import type { Scope } from '../../../base/scope.ts'
import { syncFolder } from '../../../store/files.ts'
import type { Store } from '../../../store/store.ts'
import { rootOf } from '../files.ts'
import { usedFiles } from '../scrub.ts'
import { sketchPath } from '../sketches/file.ts'
import { everything } from './everything.ts'

/** A folder without a row may be one that is being published; one as old as this was left by a process that was killed. ms */
const LEFT = 24 * 3_600_000

export interface Swept {
  readonly files: number
  readonly bytes: number
  /** Folders that something was removed from, by name. */
  readonly folders: readonly { readonly id: string; readonly bytes: number }[]
}

/**
 * Removes what no version of a dataset uses: files of versions whose rows are gone, and folders that were never published.
 * `gone` are folders whose versions were just removed. A dry run only says what would go.
 */
export async function sweep(
  store: Store,
  scope: Scope,
  name: string,
  gone: readonly string[],
  dryRun = false,
): Promise<Swept> {
  const used = await usedByAll(store, scope, name)
  // what a manifest names that can't be read is not known: nothing is removed then
  if (!used) return { files: 0, bytes: 0, folders: [] }
  const live = await liveFolders(store, scope, name)
  const root = join(rootOf(store, scope), name)
  const now = systemClock.now()
  let count = 0
  const folders: { id: string; bytes: number }[] = []
  for (const id of await readdir(root).catch(() => [])) {
    const folder = join(root, id)
    const left = now - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? now) > LEFT
    if (live.has(folder) || !(gone.includes(folder) || left)) continue
    let [files, bytes] = [0, 0]
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || used.has(path)) continue
      bytes += (await stat(path).catch(() => undefined))?.size ?? 0
      files++
      if (dryRun) continue
      await rm(path, { force: true })
      // one that was put beside it a moment ago goes with it
      await rm(sketchPath(path), { force: true })
    }
    count += files
    if (files > 0) folders.push({ id, bytes })
    if (!dryRun) await removeEmpty(folder)
  }
  if (!dryRun) await syncFolder(root).catch(() => undefined)
  return { files: count, bytes: folders.reduce((n, f) => n + f.bytes, 0), folders }
}

/**
 * Looks at all workspaces whose files lie in the same folders. A branch that was made meanwhile has what its parent had a moment ago: they are looked at again
 * until there is none.
 */
export async function ofFamily(store: Store, scope: Scope, look: (member: Scope) => Promise<void>): Promise<void> {
  const seen = new Set<string>()
  for (;;) {
    const fresh = (await store.workspaces.family(scope)).filter((m) => !seen.has(m.workspace))
    if (fresh.length === 0) return
    for (const member of fresh) {
      seen.add(member.workspace)
      await look(member)
    }
  }
}

/** All files, with their sketches, that versions of a dataset use, of the workspace or its branches; undefined where one can't be read. */
async function usedByAll(store: Store, scope: Scope, name: string): Promise<ReadonlySet<string> | undefined> {
  const used = new Set<string>()
  let whole = true
  await ofFamily(store, scope, async (member) => {
    const { files, damaged } = await usedFiles(store, member, name)
    whole = whole && damaged.length === 0
    for (const f of files) used.add(f.path).add(sketchPath(f.path))
  })
  return whole ? used : undefined
}

/** The folders that versions lie in, of the workspace or its branches. */
export async function liveFolders(store: Store, scope: Scope, name: string): Promise<ReadonlySet<string>> {
  const live = new Set<string>()
  await ofFamily(store, scope, async (member) => {
    const all = await everything((cursor) => store.datasets.versions(member, name, { limit: 500, cursor }))
    for (const v of all) live.add(dirname(join(store.home.datasets, v.path)))
  })
  return live
}

async function removeEmpty(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeEmpty(join(folder, entry.name))
  await rmdir(folder).catch(() => undefined) // it has files that others use
}
