import { openGround } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { wireTo } from '../wire.ts'
import { worker } from '../workers.ts'

/** What a worker asks the database from before it takes a job until a little after its end: measured, about a hundred. */
const ASKED = 120

export const unanswered: Kind = {
  name: 'unanswered',
  what: 'what a worker asks of the database is done, and the answer is lost with its connection',
  async open() {
    const ground = await openGround()
    const wire = await wireTo(ground.home)
    const only = await worker(ground, { env: { GALLEY_DATABASE_URL: wire.url } })
    return roundsOf({
      ground,
      alive: () => [only],
      close: wire.close,
      async fault(random, dataset) {
        wire.lose(between(random, 1, ASKED))
        await ground.queue(dataset, 1)
      },
    })
  },
}
