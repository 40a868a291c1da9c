import { GalleyError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, desc, eq, gt, inArray, isNotNull, lt, notInArray, or, type SQL, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { isAlive, ownToken } from './process.ts'
import { jobs } from './schema/jobs.ts'
import { runs } from './schema/runs.ts'
import { steps } from './schema/steps.ts'
import { fenceWaiting, mine, nothingLost, takingOver, unflushed } from './takeover.ts'

export type Run = typeof runs.$inferSelect
export type RunStatus = Run['status']

export interface NewRun {
  readonly recipe: string
  /** Hash of the recipe's JSON. */
  readonly recipeHash: string
  readonly partition?: string | undefined
  readonly recipeJson?: unknown
  /** Chosen by who starts it, to know it by where the answer is lost; a new one unless given. */
  readonly id?: string
}

export interface Runs {
  /** A new run of this process, with the workspace's next number. */
  start(scope: Scope, run: NewRun): Promise<Run>
  /** By number or id. @throws RUN_UNKNOWN */
  get(scope: Scope, run: number | string): Promise<Run>
  /** Newest first; `killed` names those that say that they run and can't. */
  list(
    scope: Scope,
    page?: PageRequest & {
      recipe?: string | undefined
      status?: RunStatus | undefined
      killed?: readonly string[] | undefined
    },
  ): Promise<Page<Run>>
  /** The newest run of each recipe, by the recipe's name. */
  newest(scope: Scope, page?: PageRequest): Promise<Page<Run>>
  /** The newest run of each partition of a recipe, by the partition's name; of those of a job. */
  partitions(scope: Scope, recipe: string, page?: PageRequest & { job?: number | undefined }): Promise<Page<Run>>
  /**
   * Ends a run of this process. @throws STORE_CONFLICT when it ended already or another process has taken it over; STORE_UNAVAILABLE where the database lost the
   * end of one of its steps when it went down
   */
  finish(
    scope: Scope,
    id: string,
    end: { status: Exclude<RunStatus, 'running'>; summary?: unknown; error?: unknown },
  ): Promise<Run>
  /** Says that this process is at it. False when it should stop: cancelled, ended or taken over. */
  heartbeat(scope: Scope, id: string): Promise<boolean>
  /** Makes a run that waited this process's own, to go on with it. @throws STORE_CONFLICT for one that does not wait */
  resume(scope: Scope, id: string): Promise<Run>
  /** Lets a run of this process that went on after an approval, and is interrupted, wait again: it goes on from where it was. */
  putBack(scope: Scope, id: string): Promise<void>
  /** Marks a run cancelled that is running or waiting, whoever runs it; its process learns it from its heartbeat. */
  cancel(scope: Scope, id: string): Promise<boolean>
  /** Runs whose process is gone: dead on this machine, or silent for a minute on another. */
  abandoned(scope: Scope): Promise<Run[]>
  /**
   * Makes an abandoned run this process's own, to go on with it; what its former process still does is fenced off. Steps that did not come to their end are
   * pending again. @throws STORE_CONFLICT for one that has ended, that another process took, or that a job goes on with
   */
  adopt(scope: Scope, run: Run): Promise<Run>
}

/** Runs of a state; those that were killed have failed, and say that they run. */
const stands = (status: RunStatus, killed: readonly string[]) => {
  if (status === 'running') return and(eq(runs.status, status), notInArray(runs.id, [...killed]))
  return status === 'failed' ? or(eq(runs.status, status), inArray(runs.id, [...killed])) : eq(runs.status, status)
}

/** Silence after which a run of another machine counts as abandoned. */
const SILENCE = '60 seconds'

export function runsOn(db: Database): Runs {
  /** The newest run of each value of a column, by that. */
  const newestBy = (
    scope: Scope,
    by: typeof runs.recipe | typeof runs.partition,
    which: SQL | undefined,
    key: (row: Run) => string,
    page: PageRequest,
  ): Promise<Page<Run>> =>
    db.read('the newest runs could not be read', async (q) => {
      const after = keyOf(page, 'string')
      const limit = limitOf(page)
      const rows = await q
        .selectDistinctOn([by])
        .from(runs)
        .where(and(eq(runs.workspace, scope.workspace), which, after === undefined ? undefined : gt(by, after)))
        .orderBy(asc(by), desc(runs.number))
        .limit(limit + 1)
      return pageOf(rows, limit, key)
    })
  return {
    ...takingOver(db),

    start: (scope, run) =>
      db.write(`the run of '${run.recipe}' could not be recorded`, async (q) => {
        const { rows } = await q.execute<{ value: number }>(sql`
          insert into counters (workspace, noun, value) values (${scope.workspace}, 'run', 1)
          on conflict (workspace, noun) do update set value = counters.value + 1 returning value`)
        const [row] = await q
          .insert(runs)
          .values({
            workspace: scope.workspace,
            id: run.id ?? newId(),
            number: rows[0]?.value ?? 1,
            recipe: run.recipe,
            recipeHash: run.recipeHash,
            partition: run.partition ?? null,
            recipeJson: run.recipeJson ?? null,
            status: 'running',
            started: db.now(),
            owner: ownToken(),
            heartbeat: sql`clock_timestamp()`,
          })
          .returning()
        return must(row)
      }),

    get: async (scope, run) => {
      const which = typeof run === 'number' ? eq(runs.number, run) : eq(runs.id, run)
      const [row] = await db.read(`run ${run} could not be read`, (q) =>
        q
          .select()
          .from(runs)
          .where(and(eq(runs.workspace, scope.workspace), which)),
      )
      if (row) return row
      throw new GalleyError('RUN_UNKNOWN', {
        what: `there is no run ${run}`,
        why: 'this workspace has none of that number or id',
        fix: 'list the runs to see those there are',
      })
    },

    list: (scope, page = {}) =>
      db.read('the runs could not be read', async (q) => {
        const before = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(runs)
          .where(
            and(
              eq(runs.workspace, scope.workspace),
              before === undefined ? undefined : lt(runs.number, before),
              page.recipe === undefined ? undefined : eq(runs.recipe, page.recipe),
              page.status === undefined ? undefined : stands(page.status, page.killed ?? []),
            ),
          )
          .orderBy(desc(runs.number))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.number)
      }),

    newest: (scope, page = {}) => newestBy(scope, runs.recipe, undefined, (row) => row.recipe, page),

    partitions: (scope, recipe, page = {}) =>
      newestBy(
        scope,
        runs.partition,
        and(
          eq(runs.recipe, recipe),
          isNotNull(runs.partition),
          page.job === undefined ? undefined : eq(runs.job, page.job),
        ),
        (row) => row.partition as string,
        page,
      ),

    finish: (scope, id, end) =>
      db.write(`the end of run ${id} could not be recorded`, async (q) => {
        const [row] = await q
          .update(runs)
          .set({
            status: end.status,
            ended: end.status === 'waiting' ? null : db.now(),
            summary: end.summary ?? null,
            error: end.error ?? null,
          })
          .where(and(mine(scope, id), eq(runs.owner, ownToken())))
          .returning()
        if (row && (end.status === 'done' || end.status === 'waiting')) await nothingLost(q, scope, id, end.status)
        if (row) return row
        throw new GalleyError('STORE_CONFLICT', {
          what: `run ${id} is no longer this process's to end`,
          why: 'it was cancelled, has ended, or another process took it over',
          fix: 'read it again',
        })
      }),

    heartbeat: (scope, id) =>
      db.statement(`the heartbeat of run ${id} could not be recorded`, async (q) => {
        const rows = await q
          .update(runs)
          .set({ heartbeat: sql`clock_timestamp()` })
          .where(and(mine(scope, id), eq(runs.owner, ownToken()), unflushed))
          .returning({ id: runs.id })
        return rows.length > 0
      }),

    cancel: (scope, id) =>
      db.write(`run ${id} could not be cancelled`, async (q) => {
        const rows = await q
          .update(runs)
          .set({ status: 'cancelled', ended: db.now() })
          .where(mine(scope, id, 'running', 'waiting'))
          .returning({ id: runs.id, job: runs.job })
        await q
          .update(steps)
          .set({ status: 'skipped' })
          .where(and(eq(steps.workspace, scope.workspace), eq(steps.run, id), eq(steps.status, 'waiting')))
        const open = inArray(jobs.status, rows.length > 0 ? ['waiting', 'queued'] : ['waiting'])
        const its = rows.length > 0 ? or(eq(jobs.run, id), eq(jobs.number, rows[0]?.job ?? 0)) : eq(jobs.run, id)
        const ended = await q
          .update(jobs)
          .set({ status: 'cancelled', ended: db.now() })
          .where(and(eq(jobs.workspace, scope.workspace), its, open))
          .returning({ number: jobs.number })
        // a job is cancelled as one: what else of it waits would wait for ever
        for (const { number } of ended) await fenceWaiting(q, scope, number, db.now())
        return rows.length > 0
      }),

    abandoned: async (scope) => {
      const silent = sql<boolean>`${runs.heartbeat} < clock_timestamp() - ${SILENCE}::interval`
      const rows = await db.read('the abandoned runs could not be read', (q) =>
        q
          .select({ run: runs, silent })
          .from(runs)
          .where(and(eq(runs.workspace, scope.workspace), eq(runs.status, 'running')))
          .orderBy(runs.number),
      )
      return rows.filter(({ run, silent }) => !(isAlive(run.owner) ?? !silent)).map(({ run }) => run)
    },
  }
}

function must<T>(row: T | undefined): T {
  if (row === undefined) throw new GalleyError('INTERNAL_BUG', { what: 'an insert gave no row back' })
  return row
}
