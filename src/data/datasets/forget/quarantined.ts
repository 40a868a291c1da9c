import { rename, rm } from 'node:fs/promises'
import type { Scope } from '../../../base/scope.ts'
import { syncFolder } from '../../../store/files.ts'
import type { Store } from '../../../store/store.ts'
import { type KeptFile, keptFile } from '../files.ts'
import type { TableWork } from '../work.ts'
import { lessened, rawRows } from './aside.ts'
import type { Person } from './rows.ts'

/**
 * Takes a person's rows out of rows that a source could not read, where their key can be read; the other rows stay aside. The file keeps its place: a step's
 * output on record is told how it is now. Killed in between, the file is not as on record, and the next run reads the source again.
 */
export async function rawWithout(
  work: TableWork,
  store: Store,
  { path, folder, person, covered }: { path: string; folder: string; person: Person; covered: readonly Scope[] },
): Promise<void> {
  const draft = store.home.tmp.file('.forget')
  try {
    const before = await keptFile(path, work.signal)
    const gone = await work.reasons(path, rawRows(person).theirs)
    await work.without(path, rawRows(person).theirs, draft)
    const after = await keptFile(draft, work.signal)
    await rename(draft, path)
    await syncFolder(folder)
    for (const scope of covered)
      await store.forgettings.recast(scope, before.sha256, (output) => recast(output, before, after, gone))
  } finally {
    await rm(draft, { force: true })
  }
}

/** An output that names the file as it was, with the file as it is: its size, its hash, and how many rows are set aside. */
function recast(value: unknown, before: KeptFile, after: KeptFile, gone: ReadonlyMap<string, number>): unknown {
  if (Array.isArray(value)) return value.map((v) => recast(v, before, after, gone))
  if (typeof value !== 'object' || value === null) return value
  const all = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, recast(v, before, after, gone)]))
  if (all['sha256'] === before.sha256) return { ...all, bytes: after.bytes, sha256: after.sha256 }
  const { kept, rejected } = value as { kept?: unknown; rejected?: unknown }
  const names = Array.isArray(kept) && kept.some((f) => (f as Partial<KeptFile> | null)?.sha256 === before.sha256)
  if (!names || typeof rejected !== 'object' || rejected === null) return all
  return { ...all, rejected: lessened(rejected as Record<string, number>, gone) }
}
