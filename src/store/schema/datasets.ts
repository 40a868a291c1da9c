import { integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { count, moment, payload, workspaceColumn } from './columns.ts'

export const datasets = pgTable(
  'datasets',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    latest: integer('latest').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name] })],
)

export const datasetVersions = pgTable(
  'dataset_versions',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    version: integer('version').notNull(),
    rows: count('rows').notNull(),
    bytes: count('bytes').notNull(),
    schema: payload('schema').notNull(),
    /** SHA-256 of the manifest: equal hashes are equal data. */
    hash: text('hash').notNull(),
    /** The manifest's path within the data folder's `datasets/`. */
    path: text('path').notNull(),
    /** What it was made from. */
    parents: payload('parents').notNull(),
    details: payload('details'),
    run: text('run'),
    step: text('step'),
    /** Of a version that another workspace made: which one, with its run and recipe. */
    origin: payload('origin'),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name, t.version] })],
)

/** Names that people give to versions. */
export const datasetTags = pgTable(
  'dataset_tags',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    tag: text('tag').notNull(),
    version: integer('version').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name, t.tag] })],
)
