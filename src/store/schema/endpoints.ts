import { integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

export type EndpointState = 'starting' | 'ready' | 'draining' | 'stopped' | 'failed'

export const endpoints = pgTable(
  'endpoints',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    model: text('model').notNull(),
    modelVersion: integer('model_version').notNull(),
    /** What it serves, the slice of the plan included. */
    config: payload('config').notNull(),
    state: text('state').$type<EndpointState>().notNull(),
    error: payload('error'),
    /** Raised by every deployment. */
    generation: integer('generation').notNull(),
    created: moment('created').notNull(),
    updated: moment('updated').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name] })],
)

/** Every deployment that an endpoint has had; `generation` says which. */
export const deployments = pgTable(
  'deployments',
  {
    workspace: workspaceColumn(),
    endpoint: text('endpoint').notNull(),
    generation: integer('generation').notNull(),
    model: text('model').notNull(),
    modelVersion: integer('model_version').notNull(),
    config: payload('config').notNull(),
    run: text('run'),
    step: text('step'),
    caller: text('caller').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.endpoint, t.generation] })],
)
