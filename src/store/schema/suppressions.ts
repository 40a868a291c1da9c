import { pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, workspaceColumn } from './columns.ts'

/** What keys of a dataset are hashed with. */
export const suppressionSalts = pgTable(
  'suppression_salts',
  { workspace: workspaceColumn(), dataset: text('dataset').notNull(), salt: text('salt').notNull() },
  (t) => [primaryKey({ columns: [t.workspace, t.dataset] })],
)

/** Keys whose rows are left out when rows are written. */
export const suppressions = pgTable(
  'suppressions',
  {
    workspace: workspaceColumn(),
    dataset: text('dataset').notNull(),
    column: text('column_name').notNull(),
    hash: text('hash').notNull(),
    caller: text('caller').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.dataset, t.column, t.hash] })],
)
