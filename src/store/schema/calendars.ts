import { pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** Holidays of a workspace's own. */
export const calendars = pgTable(
  'calendars',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    /** Whose holidays are holidays here, too: two capital letters. */
    country: text('country'),
    days: payload('days').notNull(),
    /** Days of the country that are no holidays here. */
    working: text('working').array().notNull(),
    caller: text('caller').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name] })],
)
