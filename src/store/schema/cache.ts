import { pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** Outputs of steps by their cache key. */
export const stepOutputs = pgTable(
  'step_outputs',
  {
    workspace: workspaceColumn(),
    key: text('key').notNull(),
    output: payload('output'),
    run: text('run').notNull(),
    step: text('step').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.key] })],
)
