import { boolean, doublePrecision, integer, pgTable, primaryKey, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

export const steps = pgTable(
  'steps',
  {
    workspace: workspaceColumn(),
    run: text('run').notNull(),
    id: text('id').notNull(),
    /** Place in the recipe, from 0. */
    position: integer('position').notNull(),
    /** The run's number: the newest step of a name is that of the highest. */
    runNumber: integer('run_number').notNull(),
    kind: text('kind').notNull(),
    cacheKey: text('cache_key'),
    /** What the key is made of, each part by its hash. */
    keyParts: payload('key_parts'),
    /** Why it was not taken from the cache, where an earlier run had it. */
    because: payload('because'),
    status: text('status')
      .$type<'pending' | 'running' | 'waiting' | 'done' | 'failed' | 'skipped' | 'cancelled'>()
      .notNull(),
    cached: boolean('cached').notNull(),
    output: payload('output'),
    seconds: doublePrecision('seconds'),
    engine: text('engine'),
    ledger: payload('ledger'),
    error: payload('error'),
    /** How far it is, while it is under way, as it said last. */
    progress: payload('progress'),
    /** What it took of the machine; null where it was taken from the cache. */
    resources: payload('resources'),
    owner: text('owner'),
    lease: moment('lease'),
    /** Raised by every claim: a holder of an older one can no longer write. */
    generation: integer('generation').notNull(),
    started: moment('started'),
    ended: moment('ended'),
  },
  (t) => [primaryKey({ columns: [t.run, t.id] })],
)
