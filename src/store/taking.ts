import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { and, eq, inArray, sql } from './drizzle.ts'
import type { Job, Jobs } from './jobs.ts'
import { ownToken } from './process.ts'
import { jobs } from './schema/jobs.ts'
import { runs } from './schema/runs.ts'
import { steps } from './schema/steps.ts'
import { again, mine } from './takeover.ts'

/** What a worker left that is gone. */
const GONE = { code: 'STEP_FAILED', what: 'the worker that was at it is gone', why: 'its lease ran out' }
const GOES_ON = { ...GONE, fix: 'another one goes on: finished steps are kept' }
const GAVE_UP = { ...GONE, fix: 'look at its runs; galley jobs retry queues it again' }

const until = (seconds: number) => sql`clock_timestamp() + make_interval(secs => ${seconds})`

/** Ends what a worker was at that is gone: its run, and every step that it may still think to hold. */
export async function fence(
  q: Queries,
  scope: Scope,
  run: string,
  status: 'failed' | 'cancelled',
  now: number,
): Promise<void> {
  const under = status === 'cancelled' ? ['running' as const, 'waiting' as const] : ['running' as const]
  const of = and(eq(runs.workspace, scope.workspace), eq(runs.id, run), inArray(runs.status, under))
  await q
    .update(runs)
    .set({ status, ended: now, error: status === 'failed' ? GOES_ON : null })
    .where(of)
  await q
    .update(steps)
    .set({ status, owner: null, lease: null, generation: sql`${steps.generation} + 1` })
    .where(and(eq(steps.workspace, scope.workspace), eq(steps.run, run), eq(steps.status, 'running')))
}

/** Lets a run go on that was approved of and whose worker is gone: what was asked about is what is published. False for another run. */
async function goesOn(q: Queries, scope: Scope, run: string): Promise<boolean> {
  const given = sql`exists (select from ${steps} where ${steps.workspace} = ${scope.workspace} and ${steps.run} = ${run}
    and ${steps.kind} = 'approval' and ${steps.status} = 'done')`
  const rows = await q
    .update(runs)
    .set({ status: 'waiting' })
    .where(and(mine(scope, run), given))
    .returning({ id: runs.id })
  if (rows.length > 0) await again(q, scope, run)
  return rows.length > 0
}

/**
 * The next job that may run beside those that do: passed over are those whose pool is full, and those of a recipe of which as many run as the job itself, or one
 * that runs, lets run at once. Every job that is noted as running counts: one whose lease ran out is put back before.
 */
async function nextOf({
  q,
  scope,
  tags,
  holding,
}: {
  q: Queries
  scope: Scope
  tags: readonly string[]
  holding: boolean
}): Promise<number | undefined> {
  const { rows } = await q.execute<{ number: number }>(sql`
    with running as materialized (
      select pool, recipe, max_active from jobs where workspace = ${scope.workspace} and status = 'running'),
    full_pools as (
      select name from pools p where p.workspace = ${scope.workspace}
        and p.slots <= (select count(*) from running r where r.pool = p.name)),
    busy as (select recipe, count(*) as active, min(max_active) as most from running group by recipe)
    select j.number from jobs j left join busy b on b.recipe = j.recipe
    where j.workspace = ${scope.workspace} and j.status = 'queued' and j.not_before <= clock_timestamp()
      and j.tags <@ ${sql.param([...tags])}::text[]
      and (j.pool is null or j.pool not in (select name from full_pools))
      and (b.active is null or b.active < least(j.max_active, b.most, 2147483647))
    order by j.priority desc, j.number limit 1
    ${holding ? sql`for update of j skip locked` : sql``}`)
  return rows[0]?.number
}

export function takingOn(db: Database): Pick<Jobs, 'reap' | 'take'> {
  const which = (scope: Scope, number: number) => and(eq(jobs.workspace, scope.workspace), eq(jobs.number, number))
  return {
    reap: (scope) =>
      db.write('jobs whose workers are gone could not be put back', async (q) => {
        const gone = await q
          .select()
          .from(jobs)
          .where(and(eq(jobs.workspace, scope.workspace), eq(jobs.status, 'running'), sql`${jobs.lease} < clock_timestamp()`)) // biome-ignore format: one line
          .orderBy(jobs.number)
          .for('update', { skipLocked: true })
        const failed: Job[] = []
        for (const job of gone) {
          const over = job.attempts >= job.mostAttempts
          if (job.run && (over || !(await goesOn(q, scope, job.run))))
            await fence(q, scope, job.run, 'failed', db.now())
          const end = over ? ({ status: 'failed', error: job.error ?? GAVE_UP, ended: db.now() } as const) : ({ status: 'queued' } as const) // biome-ignore format: one line
          const set = { ...end, lease: null, owner: null }
          const [now] = await q.update(jobs).set(set).where(which(scope, job.number)).returning()
          if (over && now) failed.push(now)
        }
        return failed
      }),

    take: (scope, tags, seconds) =>
      db.write('no job could be taken', async (q) => {
        // most looks find nothing, and wait for nobody
        if ((await nextOf({ q, scope, tags, holding: false })) === undefined) return undefined
        // one after the other, each sees what those before it took
        await q.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`jobs of ${scope.workspace}`}, 0))`)
        const number = await nextOf({ q, scope, tags, holding: true })
        if (number === undefined) return undefined
        const [job] = await q
          .update(jobs)
          .set({
            ...{ status: 'running', owner: ownToken() },
            attempts: sql`${jobs.attempts} + 1`,
            generation: sql`${jobs.generation} + 1`,
            lease: until(seconds) as unknown as number,
          })
          .where(which(scope, number))
          .returning()
        // an attempt ends its run before its job: one that says it is under way is one whose end, or whose beginning, was never answered
        if (job?.run && !(await goesOn(q, scope, job.run))) await fence(q, scope, job.run, 'failed', db.now())
        return job && { job, claim: { number: job.number, generation: job.generation } }
      }),
  }
}
