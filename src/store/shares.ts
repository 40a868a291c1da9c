import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, desc, eq, inArray, isNull, or, sql } from './drizzle.ts'
import type { Job } from './jobs.ts'
import { jobs } from './schema/jobs.ts'
import { runs } from './schema/runs.ts'
import { fence } from './taking.ts'

/** Where a job stands. */
export type Standing = Pick<Job, 'number' | 'status' | 'run' | 'error'>

/** Jobs that are shares of a step of a run under way, which tells what came of them. */
export interface Shares {
  /** Where those of these jobs stand that are there. */
  standing(scope: Scope, numbers: readonly number[]): Promise<readonly Standing[]>
  /** Takes back the newest of these jobs that nobody is at: that was not taken, or whose worker's lease ran out. Undefined where somebody is at each that is left. */
  takeBack(scope: Scope, numbers: readonly number[]): Promise<{ readonly number: number; readonly died: boolean } | undefined> // biome-ignore format: one line
  /** Ends those of these jobs that have not ended; whoever is at one learns it from its next renewal. */
  withdraw(scope: Scope, numbers: readonly number[]): Promise<void>
  /** Removes these jobs with their runs. */
  remove(scope: Scope, numbers: readonly number[]): Promise<void>
  /** Jobs of such a name that wait for a worker, of whatever run. */
  waiting(scope: Scope, recipe: string): Promise<readonly Pick<Job, 'number' | 'recipeJson'>[]>
}

const ended = { lease: null, owner: null, status: 'cancelled' } as const

export function sharesOn(db: Database): Shares {
  const among = (scope: Scope, numbers: readonly number[]) =>
    and(eq(jobs.workspace, scope.workspace), inArray(jobs.number, [...numbers]))
  return {
    standing: async (scope, numbers) =>
      numbers.length === 0
        ? []
        : db.read('the jobs could not be read', (q) =>
            q
              .select({ number: jobs.number, status: jobs.status, run: jobs.run, error: jobs.error })
              .from(jobs)
              .where(among(scope, numbers)),
          ),

    takeBack: async (scope, numbers) =>
      numbers.length === 0
        ? undefined
        : db.write('a job could not be taken back', async (q) => {
            const gone = and(eq(jobs.status, 'running'), sql`${jobs.lease} < clock_timestamp()`)
            const [job] = await q
              .select()
              .from(jobs)
              .where(and(among(scope, numbers), or(eq(jobs.status, 'queued'), gone)))
              .orderBy(desc(jobs.number))
              .limit(1)
              .for('update', { skipLocked: true })
            if (!job) return undefined
            const one = among(scope, [job.number])
            if (job.run === null && job.status === 'queued') {
              await q.delete(jobs).where(one)
              return { number: job.number, died: false }
            }
            if (job.run !== null) await fence(q, scope, job.run, 'failed', db.now())
            await q.update(jobs).set({ ...ended, ended: db.now() }).where(one) // biome-ignore format: one line
            return { number: job.number, died: true }
          }),

    withdraw: async (scope, numbers) => {
      if (numbers.length === 0) return
      await db.write('jobs could not be cancelled', async (q) => {
        const all = among(scope, numbers)
        await q.delete(jobs).where(and(all, eq(jobs.status, 'queued'), isNull(jobs.run)))
        const open = await q
          .update(jobs)
          .set({ ...ended, ended: db.now() })
          .where(and(all, inArray(jobs.status, ['queued', 'running', 'waiting'])))
          .returning({ run: jobs.run })
        for (const { run } of open) if (run !== null) await fence(q, scope, run, 'cancelled', db.now())
      })
    },

    remove: async (scope, numbers) => {
      if (numbers.length === 0) return
      await db.write('jobs could not be removed', async (q) => {
        const of = and(eq(runs.workspace, scope.workspace), inArray(runs.job, [...numbers]))
        await q.delete(runs).where(of)
        await q.delete(jobs).where(among(scope, numbers))
      })
    },

    waiting: (scope, recipe) =>
      db.read('the jobs could not be read', (q) =>
        q
          .select({ number: jobs.number, recipeJson: jobs.recipeJson })
          .from(jobs)
          .where(and(eq(jobs.workspace, scope.workspace), eq(jobs.recipe, recipe), eq(jobs.status, 'queued'))),
      ),
  }
}
