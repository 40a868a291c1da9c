import { readlinkSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** What is brought to the disk by its handle while something is done: the paths, in order. */
export async function syncedBy(work: () => Promise<unknown>): Promise<string[]> {
  const handle = await open('/', 'r')
  const shared = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const sync = shared.sync
  const synced: string[] = []
  shared.sync = function (this: FileHandle) {
    synced.push(readlinkSync(`/proc/self/fd/${this.fd}`))
    return sync.call(this)
  }
  try {
    await work()
  } finally {
    shared.sync = sync
  }
  return synced
}
