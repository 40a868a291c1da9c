import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import { syncFolder } from '../../../store/files.ts'
import { removeFreeLocks } from '../../../store/lock.ts'
import type { Store } from '../../../store/store.ts'
import { PUSHED, rootOf } from '../files.ts'
import { MANIFEST } from '../manifest.ts'
import { ofFamily, sweep } from './sweep.ts'

/** What was removed, or would be. */
export interface Cleaned {
  /** Folders of tables, pieces of sources, rows set aside and datasets that were never published; within the workspace's part of the data folder. */
  readonly folders: readonly { readonly path: string; readonly bytes: number }[]
  readonly bytes: number
  /** Outputs in the cache that were forgotten. */
  readonly outputs: number
}

const DAY = 86_400_000
/** A folder that is younger may be about to be published. ms */
const YOUNG = DAY

/**
 * Removes what steps have left beside datasets, and in those of datasets that were not published, and nothing needs: no version, endpoint or model, no run of the last `days`, not the newest
 * output of a step, and nothing that the cache keeps, which forgets what is older than `days`. How far sources were read is kept. A folder is taken out of the way in
 * one step and then removed: killed in between, what is left is removed when the next process begins. What any branch needs, or a workspace that it is a branch of, stays.
 * @throws STORE_CONFLICT while a run is under way, CANCELLED
 */
export async function clean(
  store: Store,
  scope: Scope,
  { days, dryRun, signal }: { days: number; dryRun: boolean; signal: AbortSignal },
): Promise<Cleaned> {
  const now = systemClock.now()
  const before = now - days * DAY
  await requireIdle(store, scope)
  // what the cache no longer gives no run takes while its folder goes
  const outputs = dryRun ? 0 : await store.leftovers.expire(scope, before)
  const needed = await neededByAll(store, scope, before)
  const root = rootOf(store, scope)
  const folders: { path: string; bytes: number }[] = []
  for (const name of await readdir(root).catch(() => [])) {
    if (!name.startsWith('_')) {
      // what a writer left of a dataset that was killed before it published
      const left = await sweep(store, scope, name, [], dryRun)
      folders.push(...left.folders.map(({ id, bytes }) => ({ path: `${name}/${id}`, bytes })))
      continue
    }
    for (const id of await readdir(join(root, name)).catch(() => [])) {
      throwIfAborted(signal)
      const path = `${name}/${id}`
      const folder = join(root, name, id)
      const info = await stat(folder).catch(() => undefined)
      // a batch lies in its place a moment before it is on record, while no run is under way
      const young = name.startsWith(PUSHED) ? YOUNG : Math.min(YOUNG, days * DAY)
      if (needed.has(path) || !info?.isDirectory() || now - info.mtimeMs < young) continue
      const files = await readdir(folder)
      // what an endpoint starts from is its own
      if (!files.includes(MANIFEST) && files.some((f) => f.startsWith('state-'))) continue
      let bytes = 0
      for (const file of files) bytes += (await stat(join(folder, file)).catch(() => undefined))?.size ?? 0
      folders.push({ path, bytes })
      if (dryRun) continue
      await requireIdle(store, scope)
      const away = store.home.tmp.file('.cleaned')
      await rename(folder, away)
      await rm(away, { recursive: true, force: true })
    }
    if (!dryRun) await syncFolder(join(root, name)).catch(() => undefined)
  }
  if (!dryRun) removeFreeLocks(join(store.home.path, 'tmp', '.steps'), YOUNG, () => store.home.tmp.file('.lock'))
  const bytes = folders.reduce((n, f) => n + f.bytes, 0)
  if (!dryRun && folders.length + outputs > 0)
    await store.events.record(scope, { action: 'runs.clean', subject: `${days} days`, details: { folders: folders.length, bytes, outputs } }) // biome-ignore format: one line
  return { folders, bytes, outputs }
}

/** What is needed, here and in workspaces that share the folders: of those all that their caches and runs say. */
export async function neededByAll(store: Store, scope: Scope, before: number): Promise<ReadonlySet<string>> {
  const needed = new Set<string>()
  await ofFamily(store, scope, async (member) => {
    const own = member.workspace === scope.workspace
    for (const folder of await store.leftovers.needed(member, own ? before : 0)) needed.add(folder)
  })
  return needed
}

async function requireIdle(store: Store, scope: Scope): Promise<void> {
  for (const member of await store.workspaces.family(scope)) {
    const killed = (await store.runs.abandoned(member)).length
    if ((await store.leftovers.underWay(member)) <= killed) continue
    throw new GalleyError('STORE_CONFLICT', {
      what: member.workspace === scope.workspace ? 'a run is under way' : `a run is under way in '${member.name}'`,
      why: 'it may take from the cache what would be removed',
      fix: 'wait until it ends (galley runs ls), then clean again',
    })
  }
}
