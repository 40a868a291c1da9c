import { integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, workspaceColumn } from './columns.ts'

/** Named limits of how many jobs run at once. */
export const pools = pgTable(
  'pools',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    /** Jobs of it that run at once, at most; with none those wait that name it. */
    slots: integer('slots').notNull(),
    caller: text('caller').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name] })],
)
