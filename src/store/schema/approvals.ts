import { integer, pgTable, primaryKey, text, unique } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** What people are asked before a run goes on. */
export const approvals = pgTable(
  'approvals',
  {
    workspace: workspaceColumn(),
    number: integer('number').notNull(),
    recipe: text('recipe').notNull(),
    /** Empty for a recipe that has no partitions. */
    partition: text('partition').notNull(),
    step: text('step').notNull(),
    /** Identity of the content that is asked about. */
    subject: text('subject').notNull(),
    ask: text('ask').notNull(),
    /** What is asked about: steps, and what they left in a line. */
    made: payload('made').notNull(),
    /** The run that asked first. */
    run: text('run').notNull(),
    status: text('status').$type<'open' | 'approved' | 'rejected'>().notNull(),
    decidedBy: text('decided_by'),
    note: text('note'),
    created: moment('created').notNull(),
    decided: moment('decided'),
  },
  (t) => [
    primaryKey({ columns: [t.workspace, t.number] }),
    unique().on(t.workspace, t.recipe, t.partition, t.step, t.subject),
  ],
)
