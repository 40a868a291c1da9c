import { newId } from '../base/ids.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, eq, sql } from './drizzle.ts'
import { forgettings } from './schema/forgettings.ts'

export type Forgetting = typeof forgettings.$inferSelect

export interface Forgettings {
  /** Begins one, or goes on with the one of the same value that is pending. */
  begin(scope: Scope, asked: { dataset: string; column: string; value: string }): Promise<Forgetting>
  /** Those that were begun and not ended, the oldest first. */
  pending(scope: Scope, dataset: string): Promise<Forgetting[]>
  /** Notes a folder that a version no longer lies in. */
  left(scope: Scope, id: string, folder: string): Promise<void>
  /** Ends it: the value is removed, the report stays. */
  finish(scope: Scope, id: string, report: unknown): Promise<void>
}

export function forgettingsOn(db: Database): Forgettings {
  const at = (scope: Scope, id: string) => and(eq(forgettings.workspace, scope.workspace), eq(forgettings.id, id))
  const pendingOf = (scope: Scope, dataset: string) =>
    and(eq(forgettings.workspace, scope.workspace), eq(forgettings.dataset, dataset), eq(forgettings.state, 'pending'))
  return {
    begin: (scope, asked) =>
      db.write('the forgetting could not be begun', async (q) => {
        const same = and(eq(forgettings.column, asked.column), eq(forgettings.value, asked.value))
        const [known] = await q
          .select()
          .from(forgettings)
          .where(and(pendingOf(scope, asked.dataset), same))
        if (known) return known
        const values = {
          ...asked,
          ...{ workspace: scope.workspace, id: newId(), state: 'pending' as const, gone: [] },
          ...{ caller: scope.caller, created: db.now() },
        }
        const [row] = await q.insert(forgettings).values(values).returning()
        return row as Forgetting
      }),
    pending: (scope, dataset) =>
      db.read('the forgettings could not be read', (q) =>
        q.select().from(forgettings).where(pendingOf(scope, dataset)).orderBy(asc(forgettings.created)),
      ),
    left: async (scope, id, folder) => {
      const added = sql`(${forgettings.gone}::jsonb || ${JSON.stringify([folder])}::jsonb)::json`
      await db.write('the forgetting could not be noted', (q) =>
        q.update(forgettings).set({ gone: added }).where(at(scope, id)),
      )
    },
    finish: async (scope, id, report) => {
      const values = { state: 'done' as const, value: null, report, ended: db.now() }
      await db.write('the forgetting could not be ended', (q) => q.update(forgettings).set(values).where(at(scope, id)))
    },
  }
}
