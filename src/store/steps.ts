import type { Scope } from '../base/scope.ts'
import { claimsOn } from './claims.ts'
import type { Database } from './database.ts'
import { and, asc, eq, gt, inArray, sql } from './drizzle.ts'
import { earlierSteps } from './earlier.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { steps } from './schema/steps.ts'

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
  /** Nothing is lost where the server's power takes this away: the step would be taken up again, to the same end. It is on disk before what comes after it. */
  readonly repeatable?: boolean
  /** The output of one that is repeatable is kept in the cache under its key, too. */
  readonly keep?: boolean
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
  complete(scope: Scope, claim: StepClaim, end: StepEnd): Promise<void>
  /** Marks the step failed (or cancelled). @throws STORE_CONFLICT when the claim no longer holds */
  fail(
    scope: Scope,
    claim: StepClaim,
    error: unknown,
    status?: 'failed' | 'cancelled',
    resources?: unknown,
  ): Promise<void>
  /** Marks the step as one that waits for an approval. @throws STORE_CONFLICT when the claim no longer holds */
  wait(scope: Scope, claim: StepClaim, approval: number): Promise<void>
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

export function stepsOn(db: Database): Steps {
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

    ...claimsOn(db),
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
