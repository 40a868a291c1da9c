import { pgTable, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** Persons whose rows are taken out of a dataset, and what came of it. */
export const forgettings = pgTable('forgettings', {
  workspace: workspaceColumn(),
  id: text('id').primaryKey(),
  dataset: text('dataset').notNull(),
  column: text('column_name').notNull(),
  /** Null once it is done. */
  value: text('value'),
  state: text('state').$type<'pending' | 'done'>().notNull(),
  gone: payload('gone').notNull(),
  caller: text('caller').notNull(),
  report: payload('report'),
  created: moment('created').notNull(),
  ended: moment('ended'),
})
