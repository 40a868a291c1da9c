import { z } from 'zod'
import { failure, moment, name, pageOf, pageQuery, route } from './route.ts'

const columns = z.array(z.object({ name: z.string(), type: z.unknown(), nullable: z.boolean() }).loose())
export const endpoint = z.object({
  name,
  model: z.string(),
  state: z.string().describe('of the newest deployment: starting, ready, failed, or stopped when no server has it'),
  generation: z.number().describe('the newest deployment'),
  serving: z.number().nullable().describe('the deployment that answers here; the former one until the newest is ready'),
  updated: moment,
  error: failure.nullable(),
})
export const endpointDetail = endpoint.extend({
  input: columns.describe('what a request brings'),
  feed: columns.describe('what an event that feeds the state brings; empty without state'),
  states: z.array(z.string()),
  example: z.record(z.string(), z.unknown()).describe('a record of the right shape'),
})
export const prediction = z.object({
  score: z
    .number()
    .describe(
      'probability of the target, or of the likeliest class; the number of a regression; of a ranking, higher comes first within a group',
    ),
  positive: z.boolean().optional().describe('score ≥ threshold, of a binary target'),
  class: z.union([z.string(), z.number(), z.boolean()]).optional().describe('the likeliest class, of several'),
  probabilities: z.record(z.string(), z.number()).optional().describe('of each class by its name'),
})
export const explained = prediction.extend({
  features: z.record(z.string(), z.union([z.number(), z.string(), z.null()])).describe('what the model was given'),
  base: z.number().nullable().describe('the score of a row that nothing is known of'),
  contributions: z
    .record(z.string(), z.number())
    .nullable()
    .describe('what each feature adds to the base (SHAP values); null where the model can not tell'),
})
const record = z.record(z.string(), z.unknown())
const MOST = 10_000
/** An explanation takes up to milliseconds. */
const MOST_EXPLAINED = 100
const several = z
  .object(
    {
      records: z
        .array(record)
        .min(1, 'there are no records in it')
        .max(MOST, `at most ${MOST.toLocaleString('en-US')} records go in one request`),
    },
    {
      error: ({ code }) =>
        code === 'invalid_type' ? 'one record is an object, several are {"records": [ … ]}' : undefined,
    },
  )
  .strict()
/** One record, or `records`: an array of that name is always several. */
const body = z.union([
  several,
  record.superRefine((r, ctx) => {
    const wrong = Array.isArray(r['records']) ? several.safeParse(r).error?.issues[0] : undefined
    if (wrong) ctx.addIssue({ code: 'custom', message: wrong.message, path: wrong.path })
  }),
])

const columnDrift = z.object({
  name: z.string(),
  psi: z.number(),
  ks: z.number().nullable(),
  missing: z.number(),
  missingBefore: z.number(),
})
export const drift = z.object({
  status: z.enum(['ok', 'warn', 'alarm', 'too few rows']),
  rows: z.number(),
  worst: z.string().nullable(),
  psi: z.number(),
  ks: z.number(),
  columns: z.array(columnDrift),
})

export const endpoints = {
  list: route({
    method: 'get',
    path: '/v1/endpoints',
    access: 'read',
    summary: 'Endpoints by name',
    query: pageQuery,
    output: pageOf(endpoint),
  }),
  get: route({
    method: 'get',
    path: '/v1/endpoints/{name}',
    access: 'read',
    summary: 'An endpoint: its state, what it takes, an example',
    params: z.object({ name }),
    output: endpointDetail,
  }),
  predict: route({
    method: 'post',
    path: '/v1/endpoints/{name}/predict',
    access: 'predict',
    summary: 'Answers one raw record, or `records` together',
    params: z.object({ name }),
    body,
    output: z.object({ model: z.string(), threshold: z.number().nullable(), predictions: z.array(prediction) }),
    limit: 4 << 20,
  }),
  explain: route({
    method: 'post',
    path: '/v1/endpoints/{name}/explain',
    access: 'predict',
    summary:
      'What the model says of one raw record, or of up to 100 `records`, and what each feature adds; not logged as predictions are',
    params: z.object({ name }),
    body: body.refine((b) => !Array.isArray(b['records']) || b['records'].length <= MOST_EXPLAINED, {
      message: `at most ${MOST_EXPLAINED} records are explained in one request`,
      path: ['records'],
    }),
    output: z.object({
      model: z.string(),
      threshold: z.number().nullable(),
      scale: z
        .enum(['log odds', 'logarithm', 'number'])
        .describe(
          'what base and contributions are sums of: log odds of the target or, up to a constant, of the class; a logarithm; the number itself',
        ),
      explanations: z.array(explained),
    }),
    limit: 1 << 20,
  }),
  feed: route({
    method: 'post',
    path: '/v1/endpoints/{name}/feed',
    access: 'write',
    summary:
      'Takes in an event that happened, or `records` together: all or none of them; kept on disk before the answer',
    params: z.object({ name }),
    body,
    output: z.object({
      taken: z.number(),
      ignored: z
        .number()
        .describe('without effect: a duplicate, refused by the recipe, or older than the history kept'),
      refused: z
        .array(z.object({ index: z.number(), reason: z.string() }))
        .describe('records whose time lies too far ahead; the others are taken'),
    }),
    limit: 16 << 20,
  }),
  drift: route({
    method: 'get',
    path: '/v1/endpoints/{name}/drift',
    access: 'read',
    summary: 'Live inputs and scores against training: overall, and window by window, newest first',
    params: z.object({ name }),
    query: pageQuery,
    output: z.object({
      overall: drift,
      windows: pageOf(z.object({ start: moment, end: moment, rows: z.number(), verdict: drift })),
    }),
  }),
}
