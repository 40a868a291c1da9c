import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, desc, eq, lt } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { events } from './schema/events.ts'

/** One entry of the audit. */
export type AuditEvent = typeof events.$inferSelect

export interface Events {
  /** Records that the scope's caller did `action` (`noun.verb`) to `subject`. Never a secret in `details`. */
  record(scope: Scope, event: { action: string; subject: string; details?: unknown }): Promise<void>
  /** Newest first. */
  list(
    scope: Scope,
    page?: PageRequest & { action?: string | undefined; subject?: string | undefined },
  ): Promise<Page<AuditEvent>>
}

export function eventsOn(db: Database): Events {
  return {
    record: async (scope, { action, subject, details = null }) => {
      const row = { workspace: scope.workspace, caller: scope.caller, at: db.now(), action, subject, details }
      await db.write('the event could not be recorded', (q) => q.insert(events).values(row))
    },
    list: (scope, page = {}) =>
      db.read('the events could not be read', async (q) => {
        const before = keyOf(page, 'moment')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(events)
          .where(
            and(
              eq(events.workspace, scope.workspace),
              before === undefined ? undefined : lt(events.id, before),
              page.action === undefined ? undefined : eq(events.action, page.action),
              page.subject === undefined ? undefined : eq(events.subject, page.subject),
            ),
          )
          .orderBy(desc(events.id))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.id)
      }),
  }
}
