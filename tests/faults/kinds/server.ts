import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../../../src/sdk/index.ts'
import { feedOf } from '../feed.ts'
import { openGround, until } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { killed, server, worker } from '../workers.ts'

export const serverKilled: Kind = {
  name: 'server',
  what: 'the server is killed (kill -9) while jobs are queued and batches are pushed by it; batches are sent again',
  async open() {
    const ground = await openGround()
    const feed = await feedOf(ground)
    let [up, hand] = await Promise.all([server(ground), worker(ground)])
    return roundsOf({
      ground,
      also: ['pushed'],
      alive: () => [up, hand],
      async fault(random, dataset) {
        const { url } = up
        const client = createClient({ url, fetch: (request) => fetch(request) })
        const batches = Array.from({ length: 3 }, () => ground.nextMark())
        let over = false
        const asking = Promise.all([
          (async () => {
            for (let i = 0; i < 20 && !over; i++) await ground.queue(dataset, 1, client)
          })(),
          // without an answer it is not known whether a batch was taken
          Promise.all(batches.map((mark) => feed.push(mark, url).catch(() => undefined))),
        ])
        // a server that just started takes a while to answer first
        const known = ground.jobs.size
        await until('a job that was queued by the server', async () => ground.jobs.size > known)
        await sleep(between(random, 0, 80))
        await killed(up)
        over = true
        await asking
        up = await server(ground)
        for (const mark of batches) await feed.push(mark, up.url)
        await feed.read()
      },
    })
  },
}
