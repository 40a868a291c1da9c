import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { and, desc, eq, lt, type SQL, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { approvals } from './schema/approvals.ts'
import { jobs } from './schema/jobs.ts'
import { runs } from './schema/runs.ts'
import { steps } from './schema/steps.ts'

export type Approval = typeof approvals.$inferSelect
export type ApprovalStatus = Approval['status']

export interface Asked {
  readonly recipe: string
  readonly partition?: string | undefined
  readonly step: string
  /** Identity of the content that is asked about. */
  readonly subject: string
  readonly ask: string
  readonly made: unknown
  readonly run: string
}

export interface Approvals {
  /** The approval of some content, which is asked for where nobody was asked yet. */
  ask(scope: Scope, asked: Asked): Promise<{ readonly approval: Approval; readonly fresh: boolean }>
  /** @throws APPROVAL_UNKNOWN */
  get(scope: Scope, number: number): Promise<Approval>
  /** Newest first. */
  list(scope: Scope, page?: PageRequest & { status?: ApprovalStatus | undefined }): Promise<Page<Approval>>
  /**
   * Gives or refuses an approval, or changes what was said, and puts jobs back into the queue that waited for it. What was approved stays so:
   * others went on with it. @throws APPROVAL_UNKNOWN, STORE_CONFLICT for one that was approved already
   */
  decide(
    scope: Scope,
    number: number,
    decision: { status: 'approved' | 'rejected'; note?: string | undefined },
  ): Promise<{ readonly approval: Approval; readonly jobs: readonly number[] }>
}

/** Runs of a job: the one that it is at, and those of its other partitions. */
const ofJob = (scope: Scope, job: SQL | number) =>
  sql`select ${runs.id} from ${runs} where ${runs.workspace} = ${scope.workspace} and ${runs.job} = ${job}`

/** Approvals that steps of a run, or of others of its job, wait for. */
const waitedFor = (scope: Scope, run: string, job: number) =>
  sql`${approvals.number} in (select (${steps.output} ->> 'approval')::int from ${steps}
    where ${steps.workspace} = ${scope.workspace} and ${steps.status} = 'waiting' and (${steps.run} = ${run} or ${steps.run} in (${ofJob(scope, job)})))`

/** Whether each run of a job that waits does so for a decision that is not made, until the transaction ends: nobody decides meanwhile. */
export async function isOpen(q: Queries, scope: Scope, run: string, job: number): Promise<boolean> {
  const of = and(eq(approvals.workspace, scope.workspace), waitedFor(scope, run, job))
  const rows = await q.select({ status: approvals.status }).from(approvals).where(of).for('share')
  return rows.length > 0 && rows.every((a) => a.status === 'open')
}

export function approvalsOn(db: Database): Approvals {
  const at = (scope: Scope, number: number) => and(eq(approvals.workspace, scope.workspace), eq(approvals.number, number)) // biome-ignore format: one line
  const unknown = (number: number) =>
    new GalleyError('APPROVAL_UNKNOWN', {
      what: `there is no approval ${number}`,
      why: 'this workspace has none of that number',
      fix: 'list them: galley approvals ls',
    })
  return {
    ask: (scope, { partition = '', ...asked }) =>
      db.write(`the approval '${asked.step}' could not be asked for`, async (q) => {
        const own = and(
          eq(approvals.workspace, scope.workspace),
          eq(approvals.recipe, asked.recipe),
          eq(approvals.partition, partition),
          eq(approvals.step, asked.step),
          eq(approvals.subject, asked.subject),
        )
        const [before] = await q.select().from(approvals).where(own)
        if (before) return { approval: before, fresh: false }
        const { rows } = await q.execute<{ value: number }>(sql`
          insert into counters (workspace, noun, value) values (${scope.workspace}, 'approval', 1)
          on conflict (workspace, noun) do update set value = counters.value + 1 returning value`)
        const [made] = await q
          .insert(approvals)
          .values({ ...asked, partition, workspace: scope.workspace, number: rows[0]?.value ?? 1, status: 'open', created: db.now() }) // biome-ignore format: one line
          .onConflictDoNothing()
          .returning()
        if (made) return { approval: made, fresh: true }
        // another run asked in the same moment
        const [other] = await q.select().from(approvals).where(own)
        return { approval: other as Approval, fresh: false }
      }),

    get: (scope, number) =>
      db.read(`approval ${number} could not be read`, async (q) => {
        const [row] = await q.select().from(approvals).where(at(scope, number))
        if (!row) throw unknown(number)
        return row
      }),

    list: (scope, page = {}) =>
      db.read('the approvals could not be read', async (q) => {
        const before = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(approvals)
          .where(
            and(
              eq(approvals.workspace, scope.workspace),
              before === undefined ? undefined : lt(approvals.number, before),
              page.status === undefined ? undefined : eq(approvals.status, page.status),
            ),
          )
          .orderBy(desc(approvals.number))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.number)
      }),

    decide: (scope, number, { status, note }) =>
      db.write(`approval ${number} could not be decided`, async (q) => {
        const [before] = await q.select().from(approvals).where(at(scope, number)).for('update')
        if (!before) throw unknown(number)
        if (before.status === 'approved')
          throw new GalleyError('STORE_CONFLICT', {
            what: `approval ${number} was given already, by ${before.decidedBy}`,
            why: 'runs have gone on with it',
            fix: status === 'approved' ? 'there is nothing to do' : 'cancel the run, or change the recipe',
            details: { approval: number, status: before.status },
          })
        const [approval] = await q
          .update(approvals)
          .set({ status, note: note ?? null, decidedBy: scope.caller, decided: db.now() })
          .where(at(scope, number))
          .returning()
        const waiting = sql`select ${steps.run} from ${steps} where ${steps.workspace} = ${scope.workspace}
          and ${steps.id} = ${before.step} and ${steps.status} = 'waiting' and (${steps.output} ->> 'approval')::int = ${number}`
        const its = sql`(${jobs.run} in (${waiting}) or exists (${ofJob(scope, sql`${jobs.number}`)} and ${runs.id} in (${waiting})))`
        const queued = await q
          .update(jobs)
          .set({ status: 'queued' })
          .where(and(eq(jobs.workspace, scope.workspace), eq(jobs.status, 'waiting'), its))
          .returning({ number: jobs.number })
        return { approval: approval as Approval, jobs: queued.map((j) => j.number).toSorted((a, b) => a - b) }
      }),
  }
}
