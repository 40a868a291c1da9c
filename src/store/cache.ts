import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, eq } from './drizzle.ts'
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

export function cacheOn(db: Database): Cache {
  const at = (scope: Scope, key: string) => and(eq(stepOutputs.workspace, scope.workspace), eq(stepOutputs.key, key))
  return {
    find: (scope, key) =>
      db.read('the cache could not be read', async (q) => {
        const [row] = await q.select().from(stepOutputs).where(at(scope, key))
        return row
      }),
    put: async (scope, entry) => {
      const values = { output: entry.output, run: entry.run, step: entry.step, created: db.now() }
      await db.statement('the output could not be kept in the cache', (q) =>
        q
          .insert(stepOutputs)
          .values({ workspace: scope.workspace, key: entry.key, ...values })
          .onConflictDoUpdate({ target: [stepOutputs.workspace, stepOutputs.key], set: values }),
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
