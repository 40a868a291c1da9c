import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { smallDisk } from '../../../src/store/testing/disk.ts'
import { drained, type Ground, openGround } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { worker } from '../workers.ts'

/** MB, of which the database takes some 50. */
const SIZE = 400

export const diskFull: Kind = {
  name: 'disk',
  what: 'the disk is full for a moment under two workers; jobs that failed for that are queued again by hand',
  hindered: () => (process.getuid?.() === 0 && process.platform === 'linux' ? undefined : 'only root can mount a small disk'), // biome-ignore format: one line
  async open() {
    const disk = smallDisk(SIZE)
    if (!disk) throw new Error('a small disk can not be mounted here')
    const ground = await openGround(disk.path)
    const workers = await Promise.all([worker(ground), worker(ground)])
    const filler = join(disk.path, 'filler')
    let again = 0
    return roundsOf({
      ground,
      alive: () => workers,
      said: () => `${again} jobs failed for want of room and were queued again`,
      close: () => disk.close(),
      async fault(random, dataset) {
        await ground.queue(dataset, 3)
        await sleep(between(random, 0, 300))
        const { bavail, bsize } = statfsSync(disk.path)
        const room = Buffer.alloc(Math.max(0, bavail * bsize - between(random, 0, 60) * 4096))
        try {
          try {
            writeFileSync(filler, room)
          } catch (thrown) {
            // workers were faster: it is as full as it gets
            if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown
          }
          await Promise.all([ground.queue(dataset, 2), sleep(between(random, 50, 600))])
        } finally {
          rmSync(filler, { force: true })
        }
        await drained(ground)
        again += await retried(ground)
      },
    })
  },
}

/** Queues again what failed because the disk was full. */
async function retried({ g, scope, client, jobs }: Ground): Promise<number> {
  let count = 0
  for (const number of jobs) {
    const { status, error } = await g.store.jobs.get(scope, number)
    // a program of a step that finds no room says so itself
    if (status !== 'failed' || !/DISK_FULL|ENOSPC/.test(JSON.stringify(error))) continue
    await client.jobs.retry({ job: number, body: {} })
    count++
  }
  return count
}
