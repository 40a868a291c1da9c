import { readdir, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { throwIfAborted } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import { build } from '../../../plan/nodes.ts'
import type { Schema } from '../../../plan/types.ts'
import type { Store } from '../../../store/store.ts'
import { endOf, JOURNAL, PUSHED, rootOf } from '../files.ts'
import { liveFolders } from '../keep/sweep.ts'
import { MANIFEST } from '../manifest.ts'
import type { TableWork } from '../work.ts'
import { hasKey, isRaw, rawRows } from './aside.ts'
import { forgetPushed, type PushedCopy } from './pushed.ts'
import { rawWithout } from './quarantined.ts'
import { countOf, isAside, type Person } from './rows.ts'
import { linesWith } from './texts.ts'

/** What steps had kept of a person. Paths are within the data folder. */
export interface Copies {
  /** Removed: made again by the next run that needs them, from what its source then holds. Of what an interrupted training left rows are not counted. */
  readonly removed: readonly { readonly path: string; readonly rows: number; readonly unread: boolean }[]
  /** Rows that a source could not read, without those of the person: their key could be read. */
  readonly aside: readonly { readonly path: string; readonly rows: number }[]
  /** Batches that were pushed, written anew without such rows. */
  readonly pushed: readonly PushedCopy[]
  /** Histories that endpoints start from: they go when the endpoint is deployed again. */
  readonly endpoints: readonly { readonly path: string; readonly rows: number }[]
}

/**
 * Removes what steps keep beside datasets (tables, copies of sources, rows set aside), where it holds a person's rows: of the workspace and of the branches
 * that are covered. What another workspace keeps in the same folders stays.
 */
export async function dropCopies(
  work: TableWork,
  store: Store,
  scope: Scope,
  person: Person,
  covered: readonly Scope[],
): Promise<Copies> {
  const root = rootOf(store, scope)
  const among = new Set(covered.map((c) => c.workspace))
  const all = (await store.workspaces.family(scope)).every((m) => among.has(m.workspace))
  const isCovered = (id: string) => all || covered.some((c) => endOf(c) !== '' && id.endsWith(endOf(c)))
  const removed: { path: string; rows: number; unread: boolean }[] = []
  const aside: { path: string; rows: number }[] = []
  const endpoints: { path: string; rows: number }[] = []
  // before what was read of them goes, which is read again from them as they are then
  const pushed: PushedCopy[] = []
  // whoever shares a batch with another first: it goes with the last one that has it
  for (const each of covered.toReversed()) pushed.push(...(await forgetPushed(work, store, each, person)))
  for (const name of await readdir(root).catch(() => [])) {
    if (!name.startsWith('_') || name.startsWith(PUSHED)) continue
    for (const id of await readdir(join(root, name)).catch(() => [])) {
      throwIfAborted(work.signal)
      if (!isCovered(id)) continue
      const folder = join(root, name, id)
      if (!(await stat(folder).catch(() => undefined))?.isDirectory()) continue
      const files = await readdir(folder)
      // what a training had come to says of no row whose it is, and a model of neighbours has them all: it is learnt again
      if (files.some((file) => file.endsWith(JOURNAL))) {
        await rm(folder, { recursive: true, force: true })
        removed.push({ path: relative(store.home.path, folder), rows: 0, unread: false })
        continue
      }
      let [rows, unread] = [0, 0]
      const theirs = new Map<string, number>()
      for (const file of files)
        if (file.endsWith('.parquet')) {
          const found = await rowsIn(work, join(folder, file), person)
          rows += found.rows
          unread += found.unread
          if (found.theirs > 0) theirs.set(join(folder, file), found.theirs)
        } else if (/\.(csv|jsonl)$/.test(file)) rows += await linesWith(join(folder, file), person.value)
      const total = [...theirs.values()].reduce((a, b) => a + b, rows + unread)
      if (total === 0) continue
      const path = relative(store.home.path, folder)
      if (rows + unread === 0) {
        for (const file of theirs.keys()) await rawWithout(work, store, { path: file, folder, person, covered })
        aside.push({ path, rows: total })
        continue
      }
      // what an endpoint starts from is told, not taken from under it
      if (!files.includes(MANIFEST) && files.some((f) => f.startsWith('state-'))) endpoints.push({ path, rows: total })
      else {
        await rm(folder, { recursive: true, force: true })
        removed.push({ path, rows: total, unread: unread > 0 })
      }
    }
  }
  return { removed, aside, pushed, endpoints }
}

/** Folders of a dataset that no version lies in and that hold a person's rows: a writer is about to publish them, or was killed. */
export async function unpublished(
  work: TableWork,
  store: Store,
  scope: Scope,
  dataset: string,
  person: Person,
): Promise<string[]> {
  const live = await liveFolders(store, scope, dataset)
  const root = join(rootOf(store, scope), dataset)
  const found: string[] = []
  for (const id of await readdir(root).catch(() => [])) {
    const folder = join(root, id)
    if (live.has(folder)) continue
    for (const file of await readdir(folder).catch(() => []))
      if (
        file.endsWith('.parquet') &&
        Object.values(await rowsIn(work, join(folder, file), person)).some((n) => n > 0)
      ) {
        found.push(folder)
        break
      }
  }
  return found
}

/** A person's rows in any Parquet file of ours: by the column where it has it, by the text of rows that were set aside. */
async function rowsIn(
  work: TableWork,
  path: string,
  person: Person,
): Promise<{ rows: number; theirs: number; unread: number }> {
  const columns = new Set(await work.columns(path))
  const raw = rawRows(person)
  const none = 'FALSE'
  const theirs = columns.has(person.column) ? hasKey(person) : none
  if (isRaw(columns)) {
    const [rows = 0, whole = 0, unread = 0] = await work.counts(path, [theirs, raw.theirs, raw.unread])
    return { rows, theirs: whole, unread }
  }
  let rows = theirs === none ? 0 : ((await work.counts(path, [theirs]))[0] ?? 0)
  if (columns.has('reason') && columns.has('row')) {
    const schema: Schema = [{ name: 'row', type: 'string', nullable: true }]
    const scan = build({ op: 'scan', from: { kind: 'parquet', files: [path] }, schema })
    rows += await countOf(work, scan, isAside(person))
  }
  return { rows, theirs: 0, unread: 0 }
}
