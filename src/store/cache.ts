import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, eq, sql } from './drizzle.ts'
import { prepared, told, toldJson, toldMoment } from './prepared.ts'
import { stepOutputs } from './schema/cache.ts'

/** A step's output, kept by its cache key. */
export type CacheEntry = typeof stepOutputs.$inferSelect

export interface Cache {
  find(scope: Scope, key: string): Promise<CacheEntry | undefined>
  /** Keeps an output; one kept before under the key is replaced. */
  put(scope: Scope, entry: { key: string; output: unknown; run: string; step: string }): Promise<void>
  /** Forgets an output, for instance because what it points to is gone. */
  forget(scope: Scope, key: string): Promise<void>
  /** Forgets all outputs of a step. */
  forgetStep(scope: Scope, step: string): Promise<void>
}

const found = prepared((q) =>
  q
    .select()
    .from(stepOutputs)
    .where(and(eq(stepOutputs.workspace, told('workspace')), eq(stepOutputs.key, told('key')))),
)

const kept = prepared((q) => {
  const values = { output: told('output'), run: told('run'), step: told('step'), created: told('now') }
  return q
    .insert(stepOutputs)
    .values({ workspace: told('workspace'), key: told('key'), ...values })
    .onConflictDoUpdate({
      target: [stepOutputs.workspace, stepOutputs.key],
      set: {
        output: sql`excluded.output`,
        run: sql`excluded.run`,
        step: sql`excluded.step`,
        created: sql`excluded.created`,
      },
    })
})

export function cacheOn(db: Database): Cache {
  const at = (scope: Scope, key: string) => and(eq(stepOutputs.workspace, scope.workspace), eq(stepOutputs.key, key))
  return {
    find: (scope, key) =>
      db.read('the cache could not be read', async (q) => {
        const [row] = await found(q, { workspace: scope.workspace, key })
        return row
      }),
    put: async (scope, entry) => {
      await db.statement('the output could not be kept in the cache', (q) =>
        kept(q, {
          ...{ workspace: scope.workspace, key: entry.key, run: entry.run, step: entry.step },
          ...{ output: toldJson(entry.output), now: toldMoment(db.now()) },
        }),
      )
    },
    forget: async (scope, key) => {
      await db.write('the cache could not be changed', (q) => q.delete(stepOutputs).where(at(scope, key)))
    },
    forgetStep: async (scope, step) => {
      const all = and(eq(stepOutputs.workspace, scope.workspace), eq(stepOutputs.step, step))
      await db.write('the cache could not be changed', (q) => q.delete(stepOutputs).where(all))
    },
  }
}
