import { z } from 'zod'
import { moment, name, pageOf, pageQuery, route } from './route.ts'

const verdict = z
  .object({
    title: z.string(),
    kind: z.string(),
    severity: z.enum(['warn', 'quarantine', 'stop']),
    passed: z.boolean(),
    failed: z.number(),
    rows: z.number(),
    measured: z.number().optional(),
    limit: z.number().optional(),
    found: z.string().optional(),
    examples: z.array(z.string()).optional(),
  })
  .loose()
const anomaly = z
  .object({
    metric: z.enum(['rows', 'nulls', 'mean']),
    column: z.string().nullable(),
    value: z.number(),
    usual: z.number(),
    of: z.number(),
    weekday: z.boolean(),
    score: z.number().nullable(),
  })
  .loose()

/** One check of a dataset; `version` is null where it stopped the run. */
export const qualityCheck = z.object({
  dataset: name,
  version: z.number().nullable(),
  run: z.string(),
  at: moment,
  passed: z.boolean(),
  verdicts: z.array(verdict),
  metrics: z.object({
    rows: z.number(),
    nulls: z.record(z.string(), z.number()),
    means: z.record(z.string(), z.number()),
  }),
  anomalies: z.array(anomaly),
})

export const quality = {
  show: route({
    method: 'get',
    path: '/v1/datasets/{name}/quality',
    access: 'read',
    summary: 'What the newest check of a dataset found, or that of a version',
    params: z.object({ name }),
    query: z.object({ version: z.coerce.number().int().positive().max(2_147_483_647).optional() }),
    output: qualityCheck,
  }),
  history: route({
    method: 'get',
    path: '/v1/datasets/{name}/quality/history',
    access: 'read',
    summary: 'Checks of a dataset, newest first; of one expectation alone where it is named',
    params: z.object({ name }),
    query: pageQuery.extend({ expectation: z.string().max(1000).optional().describe('the title of an expectation') }),
    output: pageOf(qualityCheck),
  }),
}
