import { pgTable, primaryKey, text } from '../drizzle.ts'
import { count, moment, payload, workspaceColumn } from './columns.ts'

/** What monitoring found in one window of an endpoint's requests. */
export const monitorWindows = pgTable(
  'monitor_windows',
  {
    workspace: workspaceColumn(),
    endpoint: text('endpoint').notNull(),
    start: moment('start').notNull(),
    end: moment('end').notNull(),
    rows: count('rows').notNull(),
    verdict: payload('verdict').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.endpoint, t.start] })],
)
