import { pgTable, text } from '../drizzle.ts'
import { count, moment, payload, workspaceColumn } from './columns.ts'

/** Reports and other files that steps leave for people. */
export const artifacts = pgTable('artifacts', {
  workspace: workspaceColumn(),
  id: text('id').primaryKey(),
  run: text('run').notNull(),
  step: text('step').notNull(),
  kind: text('kind').notNull(),
  name: text('name').notNull(),
  mediaType: text('media_type').notNull(),
  /** SHA-256 of the blob. */
  blob: text('blob').notNull(),
  bytes: count('bytes').notNull(),
  details: payload('details'),
  created: moment('created').notNull(),
})
