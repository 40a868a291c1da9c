import type { TypeName } from '../../plan/types.ts'
import { pgTable, primaryKey, text, unique } from '../drizzle.ts'
import { count, moment, payload, workspaceColumn } from './columns.ts'

/** Sources that batches are pushed to. */
export const pushSources = pgTable(
  'push_sources',
  {
    workspace: workspaceColumn(),
    name: text('name').notNull(),
    /** Types by column, as the recipe declares them. */
    columns: payload('columns').$type<Readonly<Record<string, TypeName>>>().notNull(),
    /** Those of all columns that batches were taken in with, also of columns that are no longer declared. */
    types: payload('types').$type<Readonly<Record<string, TypeName>>>().notNull(),
    options: payload('options').$type<Readonly<Record<string, unknown>>>().notNull(),
    /** Of all batches together; the number of batches is also that of the newest. */
    batches: count('batches').notNull(),
    rows: count('rows').notNull(),
    broken: count('broken').notNull(),
    bytes: count('bytes').notNull(),
    created: moment('created').notNull(),
    updated: moment('updated').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.name] })],
)

/** What was pushed, in the order in which it was acknowledged. */
export const pushBatches = pgTable(
  'push_batches',
  {
    workspace: workspaceColumn(),
    source: text('source').notNull(),
    /** From 1, without gaps. */
    number: count('number').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of its format and of what came. */
    hash: text('hash').notNull(),
    format: text('format').notNull(),
    rows: count('rows').notNull(),
    broken: count('broken').notNull(),
    bytes: count('bytes').notNull(),
    rejected: payload('rejected').$type<Readonly<Record<string, number>>>().notNull(),
    /** Columns that came and that the source has not, with the rows that had them. */
    unknown: payload('unknown').$type<Readonly<Record<string, number>>>().notNull(),
    /** Within the data folder's `datasets/`. */
    folder: text('folder').notNull(),
    /** Its files by name, as they were written. */
    files: payload('files').$type<readonly { name: string; bytes: number; sha256: string }[]>().notNull(),
    caller: text('caller').notNull(),
    created: moment('created').notNull(),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.source, t.number] }), unique().on(t.workspace, t.source, t.key)],
)
