import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../base/errors.ts'
import { takeLock } from '../store/lock.ts'
import type { Store } from '../store/store.ts'

/** Lets one process make an output while others wait for it; `others`: one may have been at it before. */
export async function onlyOne(
  store: Store,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly release: () => void; readonly others: boolean }> {
  const folder = join(store.home.path, 'tmp', '.steps', key)
  const others = mkdirSync(folder, { recursive: true }) === undefined
  for (;;) {
    throwIfAborted(signal)
    try {
      return { release: await takeLock(folder, 1000), others }
    } catch (error) {
      if (!(error instanceof GalleyError && error.code === 'STORE_CONFLICT')) throw error
      await sleep(100)
    }
  }
}
