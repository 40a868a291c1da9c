import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, eq, inArray, lt, or, type SQL, sql } from './drizzle.ts'
import { prepared, told, toldJson, toldMoment } from './prepared.ts'
import { ownToken } from './process.ts'
import { stepOutputs } from './schema/cache.ts'
import { steps } from './schema/steps.ts'
import type { StepClaim, Steps } from './steps.ts'
import { unflushed } from './takeover.ts'

/** Seconds that a claim holds without renewal. */
const LEASE = 10

/** A step by `workspace`, `run` and `id`. */
const toldStep = and(eq(steps.workspace, told('workspace')), eq(steps.run, told('run')), eq(steps.id, told('id')))

const claimed = prepared((q) =>
  q
    .update(steps)
    .set({
      status: 'running',
      owner: told('owner'),
      lease: until(told('seconds')),
      generation: sql`${steps.generation} + 1`,
      started: told('now'),
      error: null,
    })
    .where(
      and(
        toldStep,
        or(
          inArray(steps.status, ['pending', 'failed']),
          and(eq(steps.status, 'running'), lt(steps.lease, sql`clock_timestamp()`)),
        ),
        unflushed,
      ),
    )
    .returning({ generation: steps.generation }),
)

/** A step that is still this owner's, of this claim. */
const toldClaim = and(
  toldStep,
  eq(steps.status, 'running'),
  eq(steps.generation, told('generation')),
  eq(steps.owner, told('owner')),
)

const ended = {
  status: 'done' as const,
  output: told('output'),
  cached: told('cached'),
  cacheKey: sql`coalesce(${told('cacheKey')}, ${steps.cacheKey})`,
  keyParts: told('keyParts'),
  because: told('because'),
  seconds: told('seconds'),
  engine: told('engine'),
  ledger: told('ledger'),
  resources: told('resources'),
  ended: told('now'),
  lease: null,
  owner: null,
  progress: null,
}

const done = prepared((q) => q.update(steps).set(ended).where(toldClaim).returning({ id: steps.id }))

/** The same, not on disk before it is answered. */
const doneAgain = prepared((q) =>
  q.update(steps).set(ended).where(and(toldClaim, unflushed)).returning({ id: steps.id }),
)

/** The same, with the output in the cache. */
const doneAndKept = prepared((q) => {
  const { output, run, step, created } = stepOutputs
  const kept = q.$with('kept').as(
    q
      .insert(stepOutputs)
      .select(
        sql`select ${told('workspace')}, ${told('cacheKey')}, ${told('output')}::json, ${told('run')}, ${told('id')}, ${told('now')}::timestamptz from ${steps} where ${toldClaim}`,
      )
      .onConflictDoUpdate({
        target: [stepOutputs.workspace, stepOutputs.key],
        set: Object.fromEntries(
          Object.entries({ output, run, step, created }).map(([name, of]) => [name, sql.raw(`excluded.${of.name}`)]),
        ),
      })
      .returning({ key: stepOutputs.key }),
  )
  return q.with(kept).update(steps).set(ended).where(and(toldClaim, unflushed)).returning({ id: steps.id })
})

function until(seconds: number | SQL): SQL {
  return sql`clock_timestamp() + make_interval(secs => ${seconds})`
}

function takenOver(claim: StepClaim): GalleyError {
  return new GalleyError('STORE_CONFLICT', {
    what: `step '${claim.id}' was taken over`,
    why: 'its lease ran out and another process claimed it, or the database lost the claim when it went down; nothing of this attempt was kept',
    fix: 'look at the newest run of the recipe (galley runs ls); where none goes on, run it again',
    details: { step: claim.id, generation: claim.generation },
  })
}

/** How a step is taken, kept and ended. */
export function claimsOn(db: Database): Pick<Steps, 'claim' | 'renew' | 'progress' | 'complete' | 'fail' | 'wait'> {
  const where = (scope: Scope, run: string, id: string) =>
    and(eq(steps.workspace, scope.workspace), eq(steps.run, run), eq(steps.id, id))
  const held = (scope: Scope, claim: StepClaim) =>
    and(
      where(scope, claim.run, claim.id),
      eq(steps.status, 'running'),
      eq(steps.generation, claim.generation),
      eq(steps.owner, ownToken()),
    )
  const end = async (scope: Scope, claim: StepClaim, values: Partial<typeof steps.$inferInsert>): Promise<void> =>
    db.statement(`the end of step '${claim.id}' could not be recorded`, async (q) => {
      const [row] = await q
        .update(steps)
        .set({ ...values, ended: db.now(), lease: null, owner: null, progress: null })
        .where(held(scope, claim))
        .returning({ id: steps.id })
      if (!row) throw takenOver(claim)
    })
  return {
    claim: (scope, run, id, seconds = LEASE) =>
      db.statement(`step '${id}' could not be claimed`, async (q) => {
        const [row] = await claimed(q, {
          ...{ workspace: scope.workspace, run, id, owner: ownToken(), seconds },
          now: toldMoment(db.now()),
        })
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
      db.statement(`the end of step '${claim.id}' could not be recorded`, async (q) => {
        const statement = !result.repeatable ? done : result.keep ? doneAndKept : doneAgain
        const [row] = await statement(q, {
          ...{ workspace: scope.workspace, run: claim.run, id: claim.id, owner: ownToken() },
          ...{ generation: claim.generation, now: toldMoment(db.now()) },
          ...{ output: toldJson(result.output), cached: result.cached ?? false, cacheKey: result.cacheKey ?? null },
          ...{ keyParts: toldJson(result.keyParts), because: toldJson(result.because) },
          ...{ seconds: result.seconds ?? null, engine: result.engine ?? null },
          ...{ ledger: toldJson(result.ledger), resources: toldJson(result.resources) },
        })
        if (!row) throw takenOver(claim)
      }),

    fail: (scope, claim, error, status = 'failed', resources = null) =>
      end(scope, claim, { status, error: error ?? null, resources }),

    wait: (scope, claim, approval) => end(scope, claim, { status: 'waiting', output: { approval } }),
  }
}
