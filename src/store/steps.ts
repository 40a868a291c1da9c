import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, eq, gt, inArray, lt, or, sql } from './drizzle.ts'
import { earlierSteps } from './earlier.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { ownToken } from './process.ts'
import { steps } from './schema/steps.ts'
import { unflushed } from './takeover.ts'

export type Step = typeof steps.$inferSelect

export interface NewStep {
  readonly id: string
  readonly kind: string
  readonly cacheKey?: string | null
}

/** What proves that a process may still write a step's result. */
export interface StepClaim {
  readonly run: string
  readonly id: string
  readonly generation: number
}

export interface StepEnd {
  readonly output?: unknown
  readonly cached?: boolean
  readonly cacheKey?: string
  readonly keyParts?: unknown
  readonly because?: readonly string[]
  readonly seconds?: number
  readonly engine?: string
  readonly ledger?: unknown
  readonly resources?: unknown
}

export interface Steps {
  /** Records a run's steps in order, all pending. */
  plan(scope: Scope, run: string, list: readonly NewStep[]): Promise<void>
  /**
   * Takes a pending or failed step, or a running one whose lease ran out, for `seconds`. Undefined when another holds it
   * or it is done. Every claim raises the generation, so that the one before can no longer write.
   */
  claim(scope: Scope, run: string, id: string, seconds?: number): Promise<StepClaim | undefined>
  /** Extends the lease. False when the step was taken over: stop working on it. */
  renew(scope: Scope, claim: StepClaim, seconds?: number): Promise<boolean>
  /** Notes how far the step is; nothing where the claim no longer holds. */
  progress(scope: Scope, claim: StepClaim, progress: unknown): Promise<void>
  /**
   * Marks the step done. Call it first in the transaction that publishes what the step made: then all of it happens only
   * if the claim still holds. @throws STORE_CONFLICT when it does not
   */
  complete(scope: Scope, claim: StepClaim, end: StepEnd): Promise<Step>
  /** Marks the step failed (or cancelled). @throws STORE_CONFLICT when the claim no longer holds */
  fail(
    scope: Scope,
    claim: StepClaim,
    error: unknown,
    status?: 'failed' | 'cancelled',
    resources?: unknown,
  ): Promise<Step>
  /** Marks the step as one that waits for an approval. @throws STORE_CONFLICT when the claim no longer holds */
  wait(scope: Scope, claim: StepClaim, approval: number): Promise<Step>
  /** Marks steps that will not run. */
  skip(scope: Scope, run: string, ids: readonly string[]): Promise<void>
  /** The newest of that id that is done, whichever run it is of. */
  newest(scope: Scope, id: string): Promise<Step | undefined>
  /** The newest of a recipe's step that is done. */
  newestOf(scope: Scope, recipe: string, id: string, partition?: string): Promise<Step | undefined>
  /** What the steps of a recipe's newest run before a number were made of, of those that were done. */
  before(
    scope: Scope,
    recipe: string,
    number: number,
    partition?: string,
  ): Promise<readonly Pick<Step, 'id' | 'run' | 'keyParts' | 'ended'>[]>
  /** In the recipe's order. */
  list(scope: Scope, run: string, page?: PageRequest): Promise<Page<Step>>
}

/** Seconds that a claim holds without renewal. */
const LEASE = 10

export function stepsOn(db: Database): Steps {
  const where = (scope: Scope, run: string, id: string) =>
    and(eq(steps.workspace, scope.workspace), eq(steps.run, run), eq(steps.id, id))
  const held = (scope: Scope, claim: StepClaim) =>
    and(
      where(scope, claim.run, claim.id),
      eq(steps.status, 'running'),
      eq(steps.generation, claim.generation),
      eq(steps.owner, ownToken()),
    )
  const until = (seconds: number) => sql`clock_timestamp() + make_interval(secs => ${seconds})`
  const end = async (scope: Scope, claim: StepClaim, values: Partial<typeof steps.$inferInsert>): Promise<Step> =>
    db.statement(`the end of step '${claim.id}' could not be recorded`, async (q) => {
      const [row] = await q
        .update(steps)
        .set({ ...values, ended: db.now(), lease: null, owner: null, progress: null })
        .where(held(scope, claim))
        .returning()
      if (row) return row
      throw new GalleyError('STORE_CONFLICT', {
        what: `step '${claim.id}' was taken over`,
        why: 'its lease ran out and another process claimed it, or the database lost the claim when it went down; nothing of this attempt was kept',
        fix: 'look at the newest run of the recipe (galley runs ls); where none goes on, run it again',
        details: { step: claim.id, generation: claim.generation },
      })
    })
  return {
    plan: async (scope, run, list) => {
      if (list.length === 0) return
      await db.write('the steps could not be recorded', (q) =>
        q.insert(steps).values(
          list.map((step, position) => ({
            workspace: scope.workspace,
            run,
            id: step.id,
            position,
            kind: step.kind,
            runNumber: sql`(select number from runs where id = ${run})`,
            cacheKey: step.cacheKey ?? null,
            status: 'pending' as const,
            cached: false,
            generation: 0,
          })),
        ),
      )
    },

    claim: (scope, run, id, seconds = LEASE) =>
      db.statement(`step '${id}' could not be claimed`, async (q) => {
        const free = or(
          inArray(steps.status, ['pending', 'failed']),
          and(eq(steps.status, 'running'), lt(steps.lease, sql`clock_timestamp()`)),
        )
        const [row] = await q
          .update(steps)
          .set({
            status: 'running',
            owner: ownToken(),
            lease: until(seconds),
            generation: sql`${steps.generation} + 1`,
            started: db.now(),
            error: null,
          })
          .where(and(where(scope, run, id), free, unflushed))
          .returning({ generation: steps.generation })
        return row && { run, id, generation: row.generation }
      }),

    renew: (scope, claim, seconds = LEASE) =>
      db.statement(`the lease of step '${claim.id}' could not be extended`, async (q) => {
        const rows = await q
          .update(steps)
          .set({ lease: until(seconds) })
          .where(and(held(scope, claim), unflushed))
          .returning({ id: steps.id })
        return rows.length > 0
      }),

    progress: async (scope, claim, progress) => {
      await db.statement(`the progress of step '${claim.id}' could not be noted`, (q) =>
        q
          .update(steps)
          .set({ progress })
          .where(and(held(scope, claim), unflushed)),
      )
    },

    complete: (scope, claim, result) =>
      end(scope, claim, {
        status: 'done',
        output: result.output ?? null,
        cached: result.cached ?? false,
        ...(result.cacheKey === undefined ? {} : { cacheKey: result.cacheKey }),
        keyParts: result.keyParts ?? null,
        because: result.because ?? null,
        seconds: result.seconds ?? null,
        engine: result.engine ?? null,
        ledger: result.ledger ?? null,
        resources: result.resources ?? null,
      }),

    fail: (scope, claim, error, status = 'failed', resources = null) =>
      end(scope, claim, { status, error: error ?? null, resources }),

    wait: (scope, claim, approval) => end(scope, claim, { status: 'waiting', output: { approval } }),

    skip: async (scope, run, ids) => {
      if (ids.length === 0) return
      await db.write('the skipped steps could not be recorded', (q) =>
        q
          .update(steps)
          .set({ status: 'skipped' })
          .where(
            and(
              eq(steps.workspace, scope.workspace),
              eq(steps.run, run),
              inArray(steps.id, [...ids]),
              inArray(steps.status, ['pending', 'waiting']),
            ),
          ),
      )
    },

    ...earlierSteps(db),

    list: (scope, run, page = {}) =>
      db.read('the steps could not be read', async (q) => {
        const after = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(steps)
          .where(
            and(
              eq(steps.workspace, scope.workspace),
              eq(steps.run, run),
              after === undefined ? undefined : gt(steps.position, after),
            ),
          )
          .orderBy(asc(steps.position))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.position)
      }),
  }
}
