import { integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { count, moment, payload, workspaceColumn } from './columns.ts'

/** Runs that are to be done by workers. */
export const jobs = pgTable(
  'jobs',
  {
    workspace: workspaceColumn(),
    number: integer('number').notNull(),
    recipe: text('recipe').notNull(),
    recipeJson: payload('recipe_json').notNull(),
    /** Of a recipe that is run partition by partition: which one. */
    partition: text('partition'),
    /** Where relative paths of its sources start. */
    folder: text('folder').notNull(),
    engine: text('engine'),
    /** Higher ones are taken first. */
    priority: integer('priority').notNull(),
    /** What a worker has to have. */
    tags: text('tags').array().notNull(),
    pool: text('pool'),
    /** Jobs of the recipe that may run at once. */
    maxActive: integer('max_active'),
    /** ms that a run of it may take. */
    timeout: count('timeout'),
    status: text('status').$type<'queued' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled'>().notNull(),
    attempts: integer('attempts').notNull(),
    mostAttempts: integer('most_attempts').notNull(),
    notBefore: moment('not_before').notNull(),
    lease: moment('lease'),
    owner: text('owner'),
    /** Raised by every claim: a holder of an older one can no longer write. */
    generation: integer('generation').notNull(),
    /** That of the newest attempt. */
    run: text('run'),
    error: payload('error'),
    /** The schedule that it is of, and the moment that it stands for. */
    schedule: text('schedule'),
    due: moment('due'),
    /** By when it is to be done, and when it was found that it was not. */
    doneBy: moment('done_by'),
    late: moment('late'),
    caller: text('caller').notNull(),
    created: moment('created').notNull(),
    ended: moment('ended'),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.number] })],
)
