import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../../base/scope.ts'
import { openStore, type Store } from '../store.ts'

/** A store of a test's own, in a folder that goes when it is closed; half a second to open. */
export interface TestStore {
  readonly store: Store
  readonly scope: Scope
  /** A scope in another workspace, to see that nothing leaks. */
  readonly other: Scope
  close(): Promise<void>
}

export async function openTestStore(): Promise<TestStore> {
  const home = mkdtempSync(join(tmpdir(), 'galley-store-'))
  const store = await openStore({ home })
  const scopeOf = async (name: string) => ({ workspace: (await store.workspaces.ensure(name)).id, caller: 'test' })
  return {
    store,
    scope: await scopeOf('default'),
    other: await scopeOf('other'),
    async close() {
      await store.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
