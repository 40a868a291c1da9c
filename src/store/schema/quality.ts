import { bigserial, boolean, integer, pgTable, text } from '../drizzle.ts'
import { moment, payload, workspaceColumn } from './columns.ts'

/** What checking a dataset found, in order. A check that stopped its run has no version. */
export const qualityChecks = pgTable('quality_checks', {
  workspace: workspaceColumn(),
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  dataset: text('dataset').notNull(),
  version: integer('version'),
  run: text('run').notNull(),
  at: moment('at').notNull(),
  passed: boolean('passed').notNull(),
  verdicts: payload('verdicts').notNull(),
  metrics: payload('metrics').notNull(),
  anomalies: payload('anomalies').notNull(),
})
