import { auditFiles, auditRows } from './audit.ts'
import { drained, type Ground } from './ground.ts'
import type { Rounds } from './kind.ts'
import type { Random } from './random.ts'
import { type Started, stopped } from './workers.ts'

/** Rounds that add to one dataset, and between two looks at files. */
const ERA = 10

export interface RoundsOf {
  readonly ground: Ground
  /** Queues work that is to be in the dataset, and does the fault while it is done. */
  fault(random: Random, dataset: string, number: number): Promise<void>
  /** What lives beyond a round, asked for when all is over. */
  alive(): readonly Started[]
  /** Datasets that every round writes to, beside its own. */
  readonly also?: readonly string[]
  said?(): string
  close?(): Promise<void> | void
}

/** Does a fault, waits until no job is open, and looks at the rows each round, and at the files after some. */
export function roundsOf({ ground, fault, alive, also = [], said, close }: RoundsOf): Rounds {
  let jobs = 0
  let done = 0
  return {
    async round(random, number) {
      const dataset = `log-${Math.floor(number / ERA)}`
      await fault(random, dataset, number)
      await drained(ground)
      jobs += ground.jobs.size
      await auditRows(
        ground,
        [dataset, ...also].filter((name) => ground.marks.has(name)),
      )
      done++
      if (number % ERA !== ERA - 1) return
      await auditFiles(ground)
      // what was looked at as a whole is not looked at again
      for (const name of ground.marks.keys()) if (!also.includes(name)) ground.marks.delete(name)
    },
    said: () => `${done} rounds, ${jobs} jobs${said ? `, ${said()}` : ''}`,
    async close() {
      try {
        await stopped(...alive())
        await auditFiles(ground)
      } finally {
        for (const { child } of alive()) child.kill('SIGKILL')
        await ground.close()
        await close?.()
      }
    },
  }
}
