import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { isOpen } from './approvals.ts'
import type { Database, Queries } from './database.ts'
import { and, desc, eq, inArray, lt, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { ownToken } from './process.ts'
import { jobs } from './schema/jobs.ts'
import { runs } from './schema/runs.ts'
import { steps } from './schema/steps.ts'

export type Job = typeof jobs.$inferSelect
export type JobStatus = Job['status']
export type NewJob = Pick<Job, 'recipe' | 'recipeJson' | 'folder' | 'engine' | 'priority' | 'tags' | 'mostAttempts'> & {
  /** Milliseconds since 1970; at once unless given. */
  readonly notBefore?: number
  /** Of a schedule: which, and the moment that it stands for. A moment that has a job already gets no other. */
  readonly schedule?: string
  readonly due?: number
}

/** What proves that a worker may still write a job's result. */
export interface JobClaim {
  readonly number: number
  readonly generation: number
}

export interface Jobs {
  queue(scope: Scope, job: NewJob): Promise<Job>
  /**
   * Takes the next job for some seconds: one that is due, or one whose worker's lease ran out, of which the tags are all among these. What the
   * worker before was at is fenced off in the same moment: its run counts as failed, and no step of it can complete. A job whose attempts are used
   * up is failed instead of taken.
   */
  take(scope: Scope, tags: readonly string[], seconds: number): Promise<{ job: Job; claim: JobClaim } | undefined>
  /** Says which run the attempt is. @throws STORE_CONFLICT when the claim no longer holds */
  began(scope: Scope, claim: JobClaim, run: string): Promise<void>
  /** Ends a job, or puts it back to be tried again after a moment. @throws STORE_CONFLICT when the claim no longer holds */
  end(scope: Scope, claim: JobClaim, end: JobEnd): Promise<void>
  /** @throws JOB_UNKNOWN */
  get(scope: Scope, number: number): Promise<Job>
  /** Newest first. */
  list(scope: Scope, page?: PageRequest & { status?: JobStatus | undefined }): Promise<Page<Job>>
  /** Ends a job that is not done; its worker learns it from its next renewal. @throws JOB_UNKNOWN, STORE_CONFLICT when it has ended */
  cancel(scope: Scope, number: number): Promise<Job>
  /** Queues a job again that failed or was cancelled. @throws JOB_UNKNOWN, STORE_CONFLICT for another */
  retry(scope: Scope, number: number): Promise<Job>
}

/** States of a job that has not ended. */
const OPEN: readonly JobStatus[] = ['queued', 'running', 'waiting']

export type JobEnd =
  | { readonly status: 'done' }
  | { readonly status: 'failed' | 'cancelled'; readonly error: unknown }
  /** Until somebody approves; `attempts` are those that count. */
  | { readonly status: 'waiting'; readonly run: string; readonly attempts: number }
  /** To be tried again; `attempts` are those that count. */
  | { readonly status: 'queued'; readonly error: unknown; readonly notBefore: number; readonly attempts: number }

/** What a worker left that is gone. */
const GONE = { code: 'STEP_FAILED', what: 'the worker that was at it is gone', why: 'its lease ran out', fix: 'another one goes on: finished steps are kept' } // biome-ignore format: one line

/** Queues a job under the workspace's next number; nothing where it stands for a moment that has one already. */
export async function queued(
  q: Queries,
  scope: Scope,
  job: NewJob,
  now: number,
  caller = scope.caller,
): Promise<Job | undefined> {
  const { rows } = await q.execute<{ value: number }>(sql`
    insert into counters (workspace, noun, value) values (${scope.workspace}, 'job', 1)
    on conflict (workspace, noun) do update set value = counters.value + 1 returning value`)
  const own = { workspace: scope.workspace, number: rows[0]?.value ?? 1, caller, created: now }
  const [row] = await q
    .insert(jobs)
    .values({ notBefore: now, ...job, ...own, status: 'queued', attempts: 0, generation: 0 })
    .onConflictDoNothing({ target: [jobs.workspace, jobs.schedule, jobs.due] })
    .returning()
  return row
}

export function jobsOn(db: Database): Jobs {
  const which = (scope: Scope, number: number) => and(eq(jobs.workspace, scope.workspace), eq(jobs.number, number))
  const held = (scope: Scope, claim: JobClaim) =>
    and(which(scope, claim.number), eq(jobs.status, 'running'), eq(jobs.generation, claim.generation))
  const until = (seconds: number) => sql`clock_timestamp() + make_interval(secs => ${seconds})`
  const unknown = (number: number) =>
    new GalleyError('JOB_UNKNOWN', { what: `there is no job ${number}`, fix: 'list them: galley jobs ls' })
  const ended = ({ number, status }: Job, fix: string) =>
    new GalleyError('STORE_CONFLICT', { what: `job ${number} is ${status}`, fix, details: { job: number, status } })
  const find = async (q: Queries, scope: Scope, number: number): Promise<Job> => {
    const [row] = await q.select().from(jobs).where(which(scope, number)).for('update')
    if (!row) throw unknown(number)
    return row
  }
  const changed = async (q: Queries, scope: Scope, number: number, set: Partial<typeof jobs.$inferInsert>) =>
    (await q.update(jobs).set(set).where(which(scope, number)).returning())[0] as Job
  type Values = Partial<typeof jobs.$inferInsert>
  const holding = async (
    scope: Scope,
    claim: JobClaim,
    set: Values | ((q: Queries) => Promise<Values>),
  ): Promise<void> => {
    const rows = await db.write(`job ${claim.number} could not be changed`, async (q) =>
      q
        .update(jobs)
        .set(typeof set === 'function' ? await set(q) : set)
        .where(held(scope, claim))
        .returning({ number: jobs.number }),
    )
    if (rows.length > 0) return
    throw new GalleyError('STORE_CONFLICT', {
      what: `job ${claim.number} is no longer this worker's`,
      why: 'it was cancelled, or its lease ran out and another worker took it',
      fix: 'leave it; the other one goes on',
      details: { job: claim.number, generation: claim.generation },
    })
  }
  /** A decision that was made meanwhile has found no job that waits: the job is queued then. */
  const wait = (scope: Scope, claim: JobClaim, { run, attempts }: Extract<JobEnd, { status: 'waiting' }>) =>
    holding(scope, claim, async (q) => {
      const status = (await isOpen(q, scope, run)) ? 'waiting' : 'queued'
      return { status, run, attempts, lease: null, owner: null }
    })
  /** Ends what a worker was at that is gone: its run, and every step that it may still think to hold. */
  const fence = async (q: Queries, scope: Scope, run: string, status: 'failed' | 'cancelled'): Promise<void> => {
    const of = and(
      eq(runs.workspace, scope.workspace),
      eq(runs.id, run),
      inArray(runs.status, status === 'cancelled' ? ['running', 'waiting'] : ['running']),
    )
    await q
      .update(runs)
      .set({ status, ended: db.now(), error: status === 'failed' ? GONE : null })
      .where(of)
    await q
      .update(steps)
      .set({ status, owner: null, lease: null, generation: sql`${steps.generation} + 1` })
      .where(and(eq(steps.workspace, scope.workspace), eq(steps.run, run), eq(steps.status, 'running')))
  }
  return {
    queue: (scope, job) =>
      db.write(`the job of '${job.recipe}' could not be queued`, async (q) => {
        const row = await queued(q, scope, job, db.now())
        if (row) return row
        throw new GalleyError('STORE_CONFLICT', { what: `the moment of '${job.schedule}' has a job already` })
      }),

    take: (scope, tags, seconds) =>
      db.write('no job could be taken', async (q) => {
        for (;;) {
          const [job] = await q
            .select()
            .from(jobs)
            .where(
              and(
                eq(jobs.workspace, scope.workspace),
                sql`(${jobs.status} = 'queued' and ${jobs.notBefore} <= clock_timestamp() or ${jobs.status} = 'running' and ${jobs.lease} < clock_timestamp())`,
                sql`${jobs.tags} <@ ${sql.param([...tags])}::text[]`,
              ),
            )
            .orderBy(desc(jobs.priority), jobs.number)
            .limit(1)
            .for('update', { skipLocked: true })
          if (!job) return undefined
          if (job.status === 'running' && job.run) await fence(q, scope, job.run, 'failed')
          if (job.attempts >= job.mostAttempts) {
            const error = job.error ?? { ...GONE, fix: 'look at its runs; galley jobs retry queues it again' }
            await changed(q, scope, job.number, { status: 'failed', error, ended: db.now(), lease: null, owner: null })
            continue
          }
          const taken = await changed(q, scope, job.number, {
            ...{ status: 'running', owner: ownToken(), attempts: job.attempts + 1, generation: job.generation + 1 },
            lease: until(seconds) as unknown as number,
          })
          return { job: taken, claim: { number: taken.number, generation: taken.generation } }
        }
      }),

    began: (scope, claim, run) => holding(scope, claim, { run }),

    end: async (scope, claim, end) => {
      if (end.status === 'waiting') return wait(scope, claim, end)
      await holding(scope, claim, {
        ...{ status: end.status, lease: null, owner: null, error: 'error' in end ? end.error : null },
        ...('attempts' in end ? { attempts: end.attempts } : { ended: db.now() }),
        ...(end.status === 'queued' ? { notBefore: end.notBefore } : {}),
      })
    },

    get: (scope, number) =>
      db.read(`job ${number} could not be read`, async (q) => {
        const [row] = await q.select().from(jobs).where(which(scope, number))
        if (!row) throw unknown(number)
        return row
      }),

    list: (scope, page = {}) =>
      db.read('the jobs could not be read', async (q) => {
        const before = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(jobs)
          .where(
            and(
              eq(jobs.workspace, scope.workspace),
              before === undefined ? undefined : lt(jobs.number, before),
              page.status === undefined ? undefined : inArray(jobs.status, [page.status]),
            ),
          )
          .orderBy(desc(jobs.number))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.number)
      }),

    cancel: (scope, number) =>
      db.write(`job ${number} could not be cancelled`, async (q) => {
        const job = await find(q, scope, number)
        if (!OPEN.includes(job.status)) throw ended(job, 'there is nothing to cancel')
        if (job.status !== 'queued' && job.run) await fence(q, scope, job.run, 'cancelled')
        return changed(q, scope, number, { status: 'cancelled', ended: db.now(), lease: null, owner: null })
      }),

    retry: (scope, number) =>
      db.write(`job ${number} could not be queued again`, async (q) => {
        const job = await find(q, scope, number)
        if (job.status !== 'failed' && job.status !== 'cancelled') throw ended(job, 'one that failed or was cancelled can be queued again') // biome-ignore format: one line
        const again = { status: 'queued', attempts: 0, notBefore: db.now(), error: null, ended: null } as const
        return changed(q, scope, number, again)
      }),
  }
}
