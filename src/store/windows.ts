import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, desc, eq, lt } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { monitorWindows } from './schema/windows.ts'

/** What monitoring found in the requests of an endpoint from `start` up to `end`. */
export type MonitorWindow = typeof monitorWindows.$inferSelect
export type NewMonitorWindow = Omit<MonitorWindow, 'workspace' | 'created'>

export interface MonitorWindows {
  /** Records a window; one with the same start is replaced, and given back. */
  put(scope: Scope, window: NewMonitorWindow): Promise<MonitorWindow | undefined>
  /** Newest first. */
  list(scope: Scope, endpoint: string, page?: PageRequest): Promise<Page<MonitorWindow>>
}

export function windowsOn(db: Database): MonitorWindows {
  return {
    put: async (scope, window) => {
      const values = { ...window, created: db.now() }
      const target = [monitorWindows.workspace, monitorWindows.endpoint, monitorWindows.start]
      return db.write('the monitoring window could not be recorded', async (q) => {
        const same = and(
          eq(monitorWindows.workspace, scope.workspace),
          eq(monitorWindows.endpoint, window.endpoint),
          eq(monitorWindows.start, window.start),
        )
        const [before] = await q.select().from(monitorWindows).where(same).for('update')
        await q
          .insert(monitorWindows)
          .values({ ...values, workspace: scope.workspace })
          .onConflictDoUpdate({ target, set: values })
        return before
      })
    },
    list: (scope, endpoint, page = {}) =>
      db.read('the monitoring windows could not be read', async (q) => {
        const before = keyOf(page, 'moment')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(monitorWindows)
          .where(
            and(
              eq(monitorWindows.workspace, scope.workspace),
              eq(monitorWindows.endpoint, endpoint),
              before === undefined ? undefined : lt(monitorWindows.start, before),
            ),
          )
          .orderBy(desc(monitorWindows.start))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.start)
      }),
  }
}
