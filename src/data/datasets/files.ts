import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Scope } from '../../base/scope.ts'
import { syncFolder } from '../../store/files.ts'
import type { Store } from '../../store/store.ts'

/** The folder of one published table, within the data folder. `id` is the identity of its content. */
export const folderOf = (store: Store, scope: Scope, name: string, id: string): string =>
  join(store.home.datasets, scope.workspace, name, id)

/**
 * Moves a finished folder to its place in one step: readers see all of it or nothing. When the same content stands
 * there already, that one is kept. Everything is on disk before the answer.
 */
export async function publishFolder(draft: string, target: string): Promise<void> {
  for (const name of await readdir(draft)) {
    const file = await open(join(draft, name), 'r+')
    await file.sync()
    await file.close()
  }
  await mkdir(dirname(target), { recursive: true })
  try {
    await rename(draft, target)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    await rm(draft, { recursive: true })
  }
  await syncFolder(dirname(target))
}

/** True when all files are there with the sizes they had. */
export async function present(files: readonly { path: string; bytes: number }[]): Promise<boolean> {
  for (const f of files) if ((await stat(f.path).catch(() => undefined))?.size !== f.bytes) return false
  return true
}
