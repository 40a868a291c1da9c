import { readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { type Scope, storageOf } from '../../base/scope.ts'
import { endOf, rootOf } from '../../data/datasets/files.ts'
import { neededByAll } from '../../data/datasets/keep/clean.ts'
import { everything } from '../../data/datasets/keep/everything.ts'
import { liveFolders, sweep } from '../../data/datasets/keep/sweep.ts'
import type { WorkspaceCounts } from '../../store/removal.ts'
import type { Store } from '../../store/store.ts'
import { scopeIn } from '../../store/workspaces.ts'
import { DEFAULT_WORKSPACE, openScope } from '../../tenancy/workspace.ts'

export interface RemovedWorkspace {
  readonly workspace: string
  /** What went, or would go. */
  readonly counts: WorkspaceCounts
  /** Its branches, which stay. */
  readonly branches: readonly string[]
  readonly dryRun: boolean
}

/**
 * Removes a workspace with all that is in it: its rows in one transaction, then its logs, blobs and files, but for those that a workspace uses that shares
 * them. Killed in between it is a workspace that is being removed: asked again, it goes on.
 * @throws WORKSPACE_UNKNOWN, REQUEST_INVALID for `default`, STORE_CONFLICT while a run is under way or an endpoint answers (`live`)
 */
export async function removeWorkspace(
  store: Store,
  name: string,
  {
    caller,
    live,
    dryRun,
  }: { readonly caller: string; readonly dryRun: boolean; live(scope: Scope): readonly string[] },
): Promise<RemovedWorkspace> {
  if (name === DEFAULT_WORKSPACE)
    throw new GalleyError('REQUEST_INVALID', {
      what: `the workspace '${DEFAULT_WORKSPACE}' can't be removed`,
      why: 'it is always there',
      fix: 'remove what is in it: galley datasets retain, galley clean',
    })
  const found = await store.workspaces.find(name)
  const scope = found?.removing ? scopeIn(found, caller) : await openScope(store, name, caller)
  const counts = await store.workspaces.counts(scope)
  const below = await store.branches.below(scope)
  const told = { workspace: name, counts, branches: below.map((b) => b.name), dryRun }
  const serving = live(scope)
  if (serving.length > 0)
    throw new GalleyError('STORE_CONFLICT', {
      what: `the workspace '${name}' is not removed`,
      why: `its endpoint${serving.length === 1 ? '' : 's'} ${serving.join(', ')} ${serving.length === 1 ? 'answers' : 'answer'} requests`,
      fix: 'stop the server that serves it (galley up), then ask again',
    })
  if (dryRun) return told
  const lay = await liesIn(store, scope)
  const blobs = await store.leftovers.hashes(scope)
  const killed = (await store.runs.abandoned(scope)).map((r) => r.id)
  await store.workspaces.clear(scope, killed)
  await removeFiles(store, scope, lay, blobs)
  await store.workspaces.drop(scope)
  const others = await openScope(store, DEFAULT_WORKSPACE, caller)
  await store.events.record(others, { action: 'workspace.remove', subject: name, details: { ...counts } })
  return told
}

/** The folders of all versions, by dataset. */
async function liesIn(store: Store, scope: Scope): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (const { name } of await everything((cursor) => store.datasets.list(scope, { limit: 500, cursor }))) {
    const versions = await everything((cursor) => store.datasets.versions(scope, name, { limit: 500, cursor }))
    found.set(
      name,
      versions.map((v) => dirname(join(store.home.datasets, v.path))),
    )
  }
  return found
}

async function removeFiles(
  store: Store,
  scope: Scope,
  lay: ReadonlyMap<string, readonly string[]>,
  blobs: ReadonlySet<string>,
): Promise<void> {
  await away(store, join(store.home.logs, scope.workspace))
  const others = (await store.workspaces.family(scope)).filter((m) => m.workspace !== scope.workspace)
  const [first] = others
  if (!first) {
    await away(store, rootOf(store, scope))
    await away(store, join(store.home.blobs, storageOf(scope)))
    return
  }
  for (const [name, folders] of lay) {
    const live = await liveFolders(store, first, name)
    const gone = folders.filter((folder) => !live.has(folder))
    if (gone.length > 0) await sweep(store, first, name, gone)
  }
  const needed = await neededByAll(store, first, 0)
  const ends = others.map(endOf).filter((end) => end !== '')
  const own = endOf(scope)
  const root = rootOf(store, scope)
  for (const name of (await readdir(root).catch(() => [])).filter((n) => n.startsWith('_')))
    for (const id of await readdir(join(root, name)).catch(() => [])) {
      // what another one is writing is named after it
      const theirs = own === '' ? ends.some((end) => id.endsWith(end)) : !id.endsWith(own)
      if (!theirs && !needed.has(`${name}/${id}`)) await away(store, join(root, name, id))
    }
  // a run keeps a blob before it is on record
  for (const other of others) if ((await store.leftovers.underWay(other)) > 0) return
  const kept = new Set<string>()
  for (const other of others) for (const hash of await store.leftovers.hashes(other)) kept.add(hash)
  for (const hash of blobs) if (!kept.has(hash)) await store.blobs.remove(scope, hash)
}

/** Takes a folder out of the way in one step, and then removes it: killed in between, the next process removes what is left. */
async function away(store: Store, folder: string): Promise<void> {
  if (!(await stat(folder).catch(() => undefined))) return
  const to = store.home.tmp.file('.removed')
  await rename(folder, to)
  await rm(to, { recursive: true, force: true })
}
