import { setTimeout as sleep } from 'node:timers/promises'
import { openGround, until } from '../ground.ts'
import type { Kind } from '../kind.ts'
import { between } from '../random.ts'
import { roundsOf } from '../rounds.ts'
import { worker } from '../workers.ts'

export const workerPaused: Kind = {
  name: 'paused',
  what: 'a worker that has a job is stopped (SIGSTOP) beyond its lease, another one takes the job, and it goes on',
  async open() {
    const ground = await openGround()
    const workers = await Promise.all([worker(ground), worker(ground)])
    let [taken, paused] = [0, 0]
    return roundsOf({
      ground,
      alive: () => workers,
      said: () => `${taken} of ${paused} paused workers had a job that another took over`,
      async fault(random, dataset) {
        const numbers = await ground.queue(dataset, 4)
        const of = () => Promise.all(numbers.map((n) => ground.g.store.jobs.get(ground.scope, n)))
        const running = await until('a running job', async () => {
          const all = await of()
          return all.find((j) => j.status === 'running') ?? (all.every((j) => j.status === 'done') && all[0])
        })
        await sleep(between(random, 0, 60))
        const pid = running.owner?.split(':')[1]
        const victim = workers.find((w) => String(w.child.pid) === pid) ?? workers[0]
        victim?.child.kill('SIGSTOP')
        paused++
        try {
          // a moment before it is over, or after
          await sleep(between(random, 1900, 2800))
          if ((await of()).some((j) => j.attempts > 1)) taken++
        } finally {
          victim?.child.kill('SIGCONT')
        }
      },
    })
  },
}
