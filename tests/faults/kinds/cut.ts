import { setTimeout as sleep } from 'node:timers/promises'
import { openGround } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { wireTo } from '../wire.ts'
import { worker } from '../workers.ts'

export const workerCut: Kind = {
  name: 'cut',
  what: 'a worker is cut from the database while it works, torn or silent, for a moment or beyond its lease, and returns',
  async open() {
    const ground = await openGround()
    const wire = await wireTo(ground.home)
    const near = await worker(ground)
    const far = await worker(ground, { env: { GALLEY_DATABASE_URL: wire.url } })
    return roundsOf({
      ground,
      alive: () => [near, far],
      close: wire.close,
      async fault(random, dataset) {
        await ground.queue(dataset, 4)
        await sleep(between(random, 0, 400))
        const long = random() < 0.3
        await wire.cut(long ? between(random, 2200, 3500) : between(random, 20, 1200), random() < 0.5)
      },
    })
  },
}
