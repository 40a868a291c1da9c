import { pgTable, text } from '../drizzle.ts'
import { moment } from './columns.ts'

export const workspaces = pgTable('workspaces', {
  id: text('id').primaryKey(),
  name: text('name').notNull().unique(),
  created: moment('created').notNull(),
  /** Of a branch: the workspace in whose folders its files lie. */
  storage: text('pool'),
  /** Since when it is being removed: its rows are gone, its files may not be. */
  removing: moment('removing'),
})
