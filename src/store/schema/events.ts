import { bigserial, pgTable, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** Who did what, in order: the audit. */
export const events = pgTable('events', {
  workspace: workspaceColumn(),
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  at: moment('at').notNull(),
  caller: text('caller').notNull(),
  /** `noun.verb`, such as `endpoint.deploy`. */
  action: text('action').notNull(),
  /** The noun's name or id. */
  subject: text('subject').notNull(),
  details: payload('details'),
})
