import { integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** What a run told while it went on, line by line. */
export const lines = pgTable(
  'run_lines',
  {
    workspace: workspaceColumn(),
    run: text('run').notNull(),
    /** From 1 on, in the order in which they were told. */
    number: integer('number').notNull(),
    at: moment('at').notNull(),
    level: text('level').$type<'info' | 'warn' | 'error'>().notNull(),
    /** Null for what is told of the run. */
    step: text('step'),
    message: text('message').notNull(),
    fields: payload('fields'),
  },
  (t) => [primaryKey({ columns: [t.run, t.number] })],
)
