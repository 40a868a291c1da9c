import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { throwIfAborted } from '../../../base/errors.ts'
import type { Scope } from '../../../base/scope.ts'
import type { PushBatch } from '../../../store/sources.ts'
import type { Store } from '../../../store/store.ts'
import { folderOf, keptFile, PUSHED, publishFolder, rootOf } from '../files.ts'
import { everything } from '../keep/everything.ts'
import type { TableWork } from '../work.ts'
import { hasKey, lessened, rawRows } from './aside.ts'
import type { Person } from './rows.ts'

/** A batch that was pushed and held rows of a person. Its path is within the data folder. */
export interface PushedCopy {
  readonly path: string
  /** Rows that were taken out. */
  readonly rows: number
  /** Rows set aside that were taken out; all of the batch where the key of one can't be read. */
  readonly aside: number
  readonly unread: boolean
}

/**
 * Takes a person's rows out of every batch that was pushed: each is written anew in another folder, and the old one removed that no branch has. What a batch was sent as (its key and
 * hash) stays, so that it is not taken in again. Killed in between, a folder that no batch lies in is removed the next time.
 */
export async function forgetPushed(
  work: TableWork,
  store: Store,
  scope: Scope,
  person: Person,
): Promise<readonly PushedCopy[]> {
  const found: PushedCopy[] = []
  for (const { name, types } of await everything((cursor) => store.sources.list(scope, { limit: 500, cursor }))) {
    for (let last = 0; ; ) {
      const page = await store.sources.after(scope, name, last, 500)
      for (const batch of page) {
        throwIfAborted(work.signal)
        const taken = await rewritten(work, store, scope, { batch, person, has: Object.hasOwn(types, person.column) })
        if (taken) found.push(taken)
      }
      if (page.length < 500) break
      last = page.at(-1)?.number ?? last
    }
    await removeUnused(store, scope, name)
  }
  return found
}

async function rewritten(
  work: TableWork,
  store: Store,
  scope: Scope,
  { batch: seen, person, has }: { batch: PushBatch; person: Person; has: boolean },
): Promise<PushedCopy | undefined> {
  if ((await countIn(work, store, seen, person, has)).every((n) => n === 0)) return undefined
  const draft = store.home.tmp.file('.forget')
  let taken: PushedCopy | undefined
  try {
    await store.sources.rewrite(scope, seen.source, seen.number, async (batch) => {
      // as it is now: another forgetting may have been first
      const [rows = 0, theirs = 0, unread = 0] = await countIn(work, store, batch, person, has)
      if (rows + theirs + unread === 0) return undefined
      await mkdir(draft, { recursive: true })
      const from = join(store.home.datasets, batch.folder)
      const [data, aside] = batch.files
      const files: { name: string; bytes: number; sha256: string }[] = []
      const write = async (name: string, condition: string) => {
        await work.without(join(from, name), condition, join(draft, name))
        const { bytes, sha256 } = await keptFile(join(draft, name), work.signal)
        files.push({ name, bytes, sha256 })
      }
      if (data) await write(data.name, rows > 0 ? hasKey(person) : 'FALSE')
      const all = unread > 0
      const gone = all ? batch.broken : theirs
      if (aside && !all && gone < batch.broken) await write(aside.name, rawRows(person).theirs)
      const id = `${String(batch.number).padStart(12, '0')}f${(files[0]?.sha256 ?? '').slice(0, 8)}${(files[1]?.sha256 ?? '').slice(0, 8)}`
      const folder = folderOf(store, scope, `${PUSHED}${batch.source}`, id)
      await publishFolder(draft, folder)
      taken = { path: relative(store.home.path, folder), rows, aside: gone, unread: all }
      return {
        ...{
          folder: relative(store.home.datasets, folder),
          files,
          rows: batch.rows - rows,
          broken: batch.broken - gone,
        },
        rejected:
          all || !aside
            ? {}
            : lessened(batch.rejected, await work.reasons(join(from, aside.name), rawRows(person).theirs)),
      }
    })
    return taken
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Rows of a person, rows of theirs set aside, and rows set aside that say the value and can't be read. */
async function countIn(
  work: TableWork,
  store: Store,
  { folder, files }: PushBatch,
  person: Person,
  has: boolean,
): Promise<readonly number[]> {
  const [data, aside] = files.map((f) => join(store.home.datasets, folder, f.name))
  const columns = data !== undefined && has ? await work.columns(data) : []
  const [rows = 0] =
    data !== undefined && columns.includes(person.column) ? await work.counts(data, [hasKey(person)]) : []
  const { theirs, unread } = rawRows(person)
  return [rows, ...(aside === undefined ? [] : await work.counts(aside, [theirs, unread]))]
}

/** Removes folders that no batch lies in: of a forgetting, or of a batch that was never taken in, that was killed. */
async function removeUnused(store: Store, scope: Scope, source: string): Promise<void> {
  const root = join(rootOf(store, scope), `${PUSHED}${source}`)
  const folders = (await readdir(root).catch(() => [])).map((id) => relative(store.home.datasets, join(root, id)))
  if (folders.length === 0) return
  await store.sources.sweep(scope, source, folders, async (unused) => {
    for (const folder of unused) await rm(join(store.home.datasets, folder), { recursive: true, force: true })
  })
}
