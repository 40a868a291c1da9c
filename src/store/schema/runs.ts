import { integer, pgTable, text, unique } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

export const runs = pgTable(
  'runs',
  {
    workspace: workspaceColumn(),
    id: text('id').primaryKey(),
    number: integer('number').notNull(),
    recipe: text('recipe').notNull(),
    recipeHash: text('recipe_hash').notNull(),
    /** The partition that it is of, where its recipe is run partition by partition. */
    partition: text('partition'),
    recipeJson: payload('recipe_json'),
    /** The job that it is of. */
    job: integer('job'),
    status: text('status').$type<'running' | 'waiting' | 'done' | 'failed' | 'cancelled'>().notNull(),
    started: moment('started').notNull(),
    ended: moment('ended'),
    error: payload('error'),
    summary: payload('summary'),
    owner: text('owner').notNull(),
    heartbeat: moment('heartbeat').notNull(),
  },
  (t) => [unique().on(t.workspace, t.number)],
)
