import { setTimeout as sleep } from 'node:timers/promises'
import { openGround, until } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { worker } from '../workers.ts'

export const postgresKilled: Kind = {
  name: 'postgres',
  what: 'the database server is killed (kill -9) under two workers and a client that queues',
  async open() {
    const ground = await openGround()
    const workers = await Promise.all([worker(ground), worker(ground)])
    return roundsOf({
      ground,
      alive: () => workers,
      async fault(random, dataset) {
        await ground.queue(dataset, 3)
        const queuing = ground.queue(dataset, 2)
        await sleep(between(random, 0, 500))
        const pid = await until('a database server', async () => ground.g.store.serverPid())
        process.kill(pid, 'SIGKILL')
        await queuing
        await until('another database server', async () => {
          await ground.g.store.clock()
          return ground.g.store.serverPid() !== pid
        })
      },
    })
  },
}
