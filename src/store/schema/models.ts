import { integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { count, moment, payload, workspaceColumn } from './columns.ts'

export const models = pgTable(
  'models',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    latest: integer('latest').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name] })],
)

export const modelVersions = pgTable(
  'model_versions',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    version: integer('version').notNull(),
    kind: text('kind').notNull(),
    metrics: payload('metrics').notNull(),
    /** SHA-256 of the model's blob. */
    blob: text('blob').notNull(),
    bytes: count('bytes').notNull(),
    dataset: text('dataset'),
    datasetVersion: integer('dataset_version'),
    planHash: text('plan_hash'),
    codeHash: text('code_hash'),
    features: payload('features').notNull(),
    details: payload('details'),
    run: text('run'),
    step: text('step'),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name, t.version] })],
)
