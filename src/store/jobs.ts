import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { isOpen } from './approvals.ts'
import type { Database, Queries } from './database.ts'
import { and, desc, eq, inArray, lt, type PgUpdateSetSource, type SQL, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { requirePool } from './pools.ts'
import { jobs } from './schema/jobs.ts'
import { runs } from './schema/runs.ts'
import { fenceWaiting } from './takeover.ts'
import { fence, takingOn } from './taking.ts'

export type Job = typeof jobs.$inferSelect
export type JobStatus = Job['status']
export type NewJob = Pick<Job, 'recipe' | 'recipeJson' | 'folder' | 'engine' | 'priority' | 'tags' | 'mostAttempts'> & {
  /** Milliseconds since 1970; at once unless given. */
  readonly notBefore?: number
  /** Of a schedule: which, and the moment that it stands for. A moment that has a job already gets no other. */
  readonly schedule?: string
  readonly due?: number
  /** What bounds how many jobs run at once; none unless given. */
  readonly pool?: string | null
  /** Jobs of the recipe that may run at once, at most. */
  readonly maxActive?: number | null
  /** ms that a run of it may take. */
  readonly timeout?: number | null
  /** Milliseconds since 1970 by which it is to be done. */
  readonly doneBy?: number | null
}

/** What proves that a worker may still write a job's result. */
export interface JobClaim {
  readonly number: number
  readonly generation: number
}

export interface Jobs {
  /** @throws POOL_UNKNOWN */
  queue(scope: Scope, job: NewJob): Promise<Job>
  /** The same, unless a job of the recipe and partition has not ended yet: gives that one. However many ask at once, one is queued. @throws POOL_UNKNOWN */
  queueOnce(scope: Scope, job: NewJob): Promise<{ readonly job: Job; readonly already: boolean }>
  /**
   * Puts jobs back whose worker's lease ran out. What it was at is fenced off in the same moment: its run counts as failed, and no step of it can complete.
   * A job whose attempts are used up is failed instead; gives those.
   */
  reap(scope: Scope): Promise<Job[]>
  /**
   * Takes the next job for some seconds: the oldest of the highest priority that is due, of which the tags are all among these, whose pool has a slot free,
   * and of whose recipe fewer run than may run at once. However many take at the same moment, no limit is passed.
   */
  take(scope: Scope, tags: readonly string[], seconds: number): Promise<{ job: Job; claim: JobClaim } | undefined>
  /** Notes jobs that were not done when they were to be done, each once, and gives them to whoever noted it. */
  late(scope: Scope): Promise<Job[]>
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
  /** Queues a job again that failed or was cancelled. @throws JOB_UNKNOWN, POOL_UNKNOWN, STORE_CONFLICT for another */
  retry(scope: Scope, number: number): Promise<Job>
}

/** States of a job that has not ended. */
const OPEN: readonly JobStatus[] = ['queued', 'running', 'waiting']

export type JobEnd =
  | { readonly status: 'done' }
  | { readonly status: 'failed' | 'cancelled'; readonly error: unknown }
  /** Until somebody approves; `attempts` are those that count. */
  | { readonly status: 'waiting'; readonly run: string; readonly attempts: number }
  /** To be tried again after `pause` ms; `attempts` are those that count. */
  | { readonly status: 'queued'; readonly error: unknown; readonly pause: number; readonly attempts: number }

const partitionOf = (job: NewJob): string | null => (job.recipeJson as { partition?: string }).partition ?? null

type Values = PgUpdateSetSource<typeof jobs>

/** A moment by the database's own clock, which says what is due: a client's or a worker's may be hours off. */
const fromNow = (pause = 0): SQL =>
  sql`date_trunc('milliseconds', clock_timestamp()) + ${pause} * interval '1 millisecond'`

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
  const partition = partitionOf(job)
  const own = { workspace: scope.workspace, number: rows[0]?.value ?? 1, partition, caller, created: now }
  const [row] = await q
    .insert(jobs)
    .values({ notBefore: fromNow(), ...job, ...own, status: 'queued', attempts: 0, generation: 0 })
    .onConflictDoNothing({ target: [jobs.workspace, jobs.schedule, jobs.due] })
    .returning()
  return row
}

export function jobsOn(db: Database): Jobs {
  const which = (scope: Scope, number: number) => and(eq(jobs.workspace, scope.workspace), eq(jobs.number, number))
  const held = (scope: Scope, claim: JobClaim) =>
    and(which(scope, claim.number), eq(jobs.status, 'running'), eq(jobs.generation, claim.generation))
  const unknown = (number: number) =>
    new GalleyError('JOB_UNKNOWN', { what: `there is no job ${number}`, fix: 'list them: galley jobs ls' })
  const ended = ({ number, status }: Job, fix: string) =>
    new GalleyError('STORE_CONFLICT', { what: `job ${number} is ${status}`, fix, details: { job: number, status } })
  const find = async (q: Queries, scope: Scope, number: number): Promise<Job> => {
    const [row] = await q.select().from(jobs).where(which(scope, number)).for('update')
    if (!row) throw unknown(number)
    return row
  }
  const changed = async (q: Queries, scope: Scope, number: number, set: Values) =>
    (await q.update(jobs).set(set).where(which(scope, number)).returning())[0] as Job
  const holding = async (
    scope: Scope,
    claim: JobClaim,
    set: Values | ((q: Queries) => Promise<Values>),
    then?: (q: Queries) => Promise<void>,
  ): Promise<void> => {
    const rows = await db.write(`job ${claim.number} could not be changed`, async (q) => {
      const ours = await q
        .update(jobs)
        .set(typeof set === 'function' ? await set(q) : set)
        .where(held(scope, claim))
        .returning({ number: jobs.number })
      if (ours.length > 0) await then?.(q)
      return ours
    })
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
      const status = (await isOpen(q, scope, run, claim.number)) ? 'waiting' : 'queued'
      return { status, run, attempts, lease: null, owner: null }
    })
  return {
    queue: (scope, job) =>
      db.write(`the job of '${job.recipe}' could not be queued`, async (q) => {
        await requirePool(q, scope, job.pool)
        const row = await queued(q, scope, job, db.now())
        if (row) return row
        throw new GalleyError('STORE_CONFLICT', { what: `the moment of '${job.schedule}' has a job already` })
      }),

    queueOnce: (scope, job) =>
      db.write(`the job of '${job.recipe}' could not be queued`, async (q) => {
        await requirePool(q, scope, job.pool)
        await q.execute(
          sql`select pg_advisory_xact_lock(hashtextextended(${`${job.recipe} of ${scope.workspace}`}, 1))`,
        )
        const open = and(eq(jobs.workspace, scope.workspace), eq(jobs.recipe, job.recipe), inArray(jobs.status, [...OPEN])) // biome-ignore format: one line
        const same = sql`${jobs.partition} is not distinct from ${partitionOf(job)}`
        const [already] = await q.select().from(jobs).where(and(open, same)).orderBy(jobs.number).limit(1)
        return already ? { job: already, already: true } : { job: (await queued(q, scope, job, db.now())) as Job, already: false } // biome-ignore format: one line
      }),

    ...takingOn(db),

    late: (scope) =>
      db.write('jobs that are late could not be noted', (q) =>
        q
          .update(jobs)
          .set({ late: db.now() })
          .where(
            and(
              eq(jobs.workspace, scope.workspace),
              sql`${jobs.doneBy} <= clock_timestamp() and ${jobs.late} is null and ${jobs.status} <> 'cancelled' and (${jobs.status} <> 'done' or ${jobs.ended} > ${jobs.doneBy})`,
            ),
          )
          .returning(),
      ),

    began: (scope, claim, run) =>
      holding(scope, claim, { run }, async (q) => {
        await q.update(runs).set({ job: claim.number }).where(and(eq(runs.workspace, scope.workspace), eq(runs.id, run))) // biome-ignore format: one line
      }),

    end: async (scope, claim, end) => {
      if (end.status === 'waiting') return wait(scope, claim, end)
      await holding(scope, claim, {
        ...{ status: end.status, lease: null, owner: null, error: 'error' in end ? end.error : null },
        ...('attempts' in end ? { attempts: end.attempts } : { ended: db.now() }),
        ...(end.status === 'queued' ? { notBefore: fromNow(end.pause) } : {}),
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
        if (job.status !== 'queued' && job.run) await fence(q, scope, job.run, 'cancelled', db.now())
        await fenceWaiting(q, scope, number, db.now())
        return changed(q, scope, number, { status: 'cancelled', ended: db.now(), lease: null, owner: null })
      }),

    retry: (scope, number) =>
      db.write(`job ${number} could not be queued again`, async (q) => {
        const job = await find(q, scope, number)
        if (job.status !== 'failed' && job.status !== 'cancelled') throw ended(job, 'one that failed or was cancelled can be queued again') // biome-ignore format: one line
        await requirePool(q, scope, job.pool)
        // what was refused is asked anew
        const over = and(eq(runs.workspace, scope.workspace), eq(runs.job, number), eq(runs.status, 'failed'))
        await q.update(runs).set({ job: null }).where(over)
        return changed(q, scope, number, { status: 'queued', attempts: 0, notBefore: fromNow(), error: null, ended: null }) // biome-ignore format: one line
      }),
  }
}
