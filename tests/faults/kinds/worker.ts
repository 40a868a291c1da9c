import { setTimeout as sleep } from 'node:timers/promises'
import { openGround } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { killed, type Started, worker } from '../workers.ts'

export const workerKilled: Kind = {
  name: 'worker',
  what: 'one of two workers is killed (kill -9) while both work; another one starts',
  async open() {
    const ground = await openGround()
    const workers: Started[] = await Promise.all([worker(ground), worker(ground)])
    return roundsOf({
      ground,
      alive: () => workers,
      async fault(random, dataset) {
        await ground.queue(dataset, 4)
        await sleep(between(random, 0, 700))
        const [victim] = workers.splice(between(random, 0, 1), 1)
        const [next] = await Promise.all([worker(ground), victim && killed(victim)])
        workers.push(next)
      },
    })
  },
}
