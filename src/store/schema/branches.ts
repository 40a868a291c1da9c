import { integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** Workspaces whose datasets were another's when they were made. */
export const branches = pgTable('branches', {
  workspace: text('workspace').primaryKey(),
  /** Null once it is gone. */
  parent: text('parent'),
  parentName: text('parent_name').notNull(),
  /** Null for a branch of whole versions. */
  sample: payload('sample'),
  caller: text('caller').notNull(),
  created: moment('created').notNull(),
})

/** What a branch began with. */
export const branchBases = pgTable(
  'branch_bases',
  {
    workspace: workspaceColumn(),
    noun: text('noun').$type<'dataset' | 'model' | 'position'>().notNull(),
    /** Of a position the key that it is kept under. */
    name: text('name').notNull(),
    /** The parent's version that it stands for, and its own; 0 for none. */
    base: integer('base').notNull(),
    own: integer('own').notNull(),
    mark: text('mark'),
  },
  (t) => [primaryKey({ columns: [t.workspace, t.noun, t.name] })],
)
