import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { and, eq, inArray, sql } from './drizzle.ts'
import { ownToken } from './process.ts'
import type { Runs } from './runs.ts'
import { jobs } from './schema/jobs.ts'
import { runs } from './schema/runs.ts'
import { steps } from './schema/steps.ts'

/**
 * Lets a statement answer before it is on disk. A claim, a lease or a heartbeat that is lost with the server's power is one that nobody holds: its owner can
 * complete nothing with it, and what it does later is on disk only after this is.
 */
export const unflushed = sql`set_config('synchronous_commit', 'off', true) is not null`

/** A run in one of these states; running unless said. */
export const mine = (scope: Scope, id: string, ...status: readonly (typeof runs.$inferSelect)['status'][]) =>
  and(
    eq(runs.workspace, scope.workspace),
    eq(runs.id, id),
    inArray(runs.status, status.length > 0 ? [...status] : ['running']),
  )

/** Steps that were under way when a run was interrupted are run again once it goes on; whoever was at them is fenced off. */
export const again = (
  q: Queries,
  scope: Scope,
  run: string,
  those: readonly (typeof steps.$inferSelect)['status'][] = ['running', 'cancelled'],
) =>
  q
    .update(steps)
    .set({
      status: 'pending',
      owner: null,
      lease: null,
      ended: null,
      error: null,
      generation: sql`${steps.generation} + 1`,
    })
    .where(and(eq(steps.workspace, scope.workspace), eq(steps.run, run), inArray(steps.status, [...those])))

/** Makes sure that no step of a run that comes to its end is still under way: a server that went down may have lost that one was done. */
export async function nothingLost(q: Queries, scope: Scope, run: string, end: 'done' | 'waiting'): Promise<void> {
  const open = end === 'done' ? (['running', 'pending'] as const) : (['running'] as const)
  const [lost] = await q
    .select({ id: steps.id })
    .from(steps)
    .where(and(eq(steps.workspace, scope.workspace), eq(steps.run, run), inArray(steps.status, [...open])))
    .limit(1)
  if (!lost) return
  throw new GalleyError('STORE_UNAVAILABLE', {
    what: `the database went down, and no longer knows that step '${lost.id}' was done`,
    why: 'steps that can be computed again are not brought to its disk one by one',
    fix: 'run it again: what is still there is not computed again',
    details: { step: lost.id },
  })
}

/** Cancels the runs of a job that wait for people. */
export async function fenceWaiting(q: Queries, scope: Scope, job: number, now: number): Promise<void> {
  const ended = await q
    .update(runs)
    .set({ status: 'cancelled', ended: now })
    .where(and(eq(runs.workspace, scope.workspace), eq(runs.job, job), eq(runs.status, 'waiting')))
    .returning({ id: runs.id })
  for (const { id } of ended)
    await q
      .update(steps)
      .set({ status: 'skipped' })
      .where(and(eq(steps.workspace, scope.workspace), eq(steps.run, id), eq(steps.status, 'waiting')))
}

/** Whether a run is of a job that has not ended and that this process is not at: whoever takes that goes on with it. */
const ofAnother = (scope: Scope) => sql`exists (select from ${jobs} where ${jobs.workspace} = ${scope.workspace}
  and ${jobs.number} = ${runs.job} and ${inArray(jobs.status, ['queued', 'running', 'waiting'])}
  and not (${jobs.status} = 'running' and ${jobs.owner} = ${ownToken()}))`

/** How a run comes to another process: one whose process is gone, and one that waited for people. */
export function takingOver(db: Database): Pick<Runs, 'resume' | 'putBack' | 'adopt'> {
  return {
    resume: (scope, id) =>
      db.write(`run ${id} could not go on`, async (q) => {
        const [row] = await q
          .update(runs)
          .set({ status: 'running', ended: null, owner: ownToken(), heartbeat: sql`clock_timestamp()` })
          .where(and(mine(scope, id, 'waiting'), sql`not ${ofAnother(scope)}`))
          .returning()
        if (!row)
          throw new GalleyError('STORE_CONFLICT', {
            what: `run ${id} does not wait, or not for this process`,
            why: 'it was cancelled, another process goes on with it, or it is of a job, whose next worker goes on',
            fix: 'read it again',
          })
        await q
          .update(steps)
          .set({ status: 'pending', ended: null })
          .where(and(eq(steps.workspace, scope.workspace), eq(steps.run, id), eq(steps.status, 'waiting')))
        return row
      }),

    putBack: (scope, id) =>
      db.write(`run ${id} could not be put back`, async (q) => {
        const own = and(mine(scope, id), eq(runs.owner, ownToken()))
        const rows = await q.update(runs).set({ status: 'waiting', ended: null }).where(own).returning({ id: runs.id })
        if (rows.length > 0) await again(q, scope, id)
      }),

    adopt: (scope, run) =>
      db.write(`run ${run.number} could not be taken over`, async (q) => {
        const ofJob = sql`exists (select from ${jobs} where ${jobs.workspace} = ${scope.workspace} and ${jobs.run} = ${run.id}
          and ${inArray(jobs.status, ['queued', 'running', 'waiting'])})`
        const [row] = await q
          .update(runs)
          .set({ owner: ownToken(), heartbeat: sql`clock_timestamp()` })
          .where(and(mine(scope, run.id), eq(runs.owner, run.owner), sql`not ${ofJob}`))
          .returning()
        if (!row)
          throw new GalleyError('STORE_CONFLICT', {
            what: `run ${run.number} could not be taken over`,
            why: 'it has ended, another process was faster, or it is of a job, whose next worker goes on',
            fix: 'read it again',
          })
        await again(q, scope, run.id, ['running', 'cancelled', 'waiting', 'skipped'])
        return row
      }),
  }
}
