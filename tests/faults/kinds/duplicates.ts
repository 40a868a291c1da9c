import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { csv, recipe } from '../../../src/index.ts'
import { feedOf } from '../feed.ts'
import { type Ground, openGround, until } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { worker } from '../workers.ts'

/** Sets a schedule that watches a folder, and gives what counts its jobs. */
async function watching(ground: Ground) {
  const { client, folder, g, scope } = ground
  mkdirSync(join(folder, 'in'))
  writeFileSync(join(folder, 'seen.csv'), 'n\n1\n')
  const made = recipe('watches', (k) => {
    k.dataset('seen', k.source('seen-lines', csv('seen.csv', { n: 'int64' })))
  })
  const body = { recipe: JSON.parse(JSON.stringify(made)), folder, watch: `files:${join(folder, 'in')}/*.csv` }
  writeFileSync(join(folder, 'in', 'first.csv'), 'n\n')
  await client.schedules.set({ name: 'watch', body })
  const known = new Set<number>()
  return {
    touch: (name: string) => writeFileSync(join(folder, 'in', `${name}.csv`), `n\n${name.length}\n`),
    async count() {
      // a page is more than a round queues
      for (const j of (await g.store.jobs.list(scope, { limit: 50 })).items) if (j.schedule === 'watch') known.add(j.number) // biome-ignore format: one line
      return known.size
    },
  }
}

export const duplicates: Kind = {
  name: 'duplicates',
  what: 'a batch is pushed several times at once and again later, a job is queued once by several, a changed folder is seen by three workers',
  async open() {
    const ground = await openGround()
    const feed = await feedOf(ground)
    const watched = await watching(ground)
    const workers = await Promise.all([worker(ground), worker(ground), worker(ground)])
    // of the file that is there from the beginning
    await until('the first job of the trigger', async () => (await watched.count()) > 0)
    let expected = 1
    return roundsOf({
      ground,
      also: ['pushed'],
      alive: () => workers,
      said: () => `${expected} jobs of a trigger`,
      async fault(random, dataset, number) {
        const before = await watched.count()
        if (before !== expected) throw new Error(`the trigger queued ${before} jobs, not ${expected}`)
        watched.touch(`round-${number}`)
        const marks = Array.from({ length: between(random, 1, 3) }, () => ground.nextMark())
        const times = between(random, 2, 4)
        const sent = await Promise.allSettled(marks.flatMap((m) => Array.from({ length: times }, () => feed.push(m))))
        // one that comes while the same is taken in may be put off, and is sent again
        for (const s of sent) if (s.status === 'rejected' && !/ (409|425|429|503): /.test(String(s.reason))) throw s.reason // biome-ignore format: one line
        for (const mark of marks) await feed.push(mark)
        const jobs = await Promise.all(Array.from({ length: times }, () => feed.read()))
        if (new Set(jobs).size !== 1) throw new Error(`what was queued once by ${times} became the jobs ${jobs.join()}`)
        await ground.queue(dataset, 2)
        for (const mark of marks) await feed.push(mark)
        await until('a job of the trigger', async () => (await watched.count()) > before)
        expected = before + 1
      },
    })
  },
}
