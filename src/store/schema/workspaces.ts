import { pgTable, text } from '../drizzle.ts'
import { moment } from './columns.ts'

export const workspaces = pgTable('workspaces', {
  id: text('id').primaryKey(),
  name: text('name').notNull().unique(),
  created: moment('created').notNull(),
})
