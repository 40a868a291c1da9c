import { z } from 'zod'
import { failure, moment, name, pageOf, pageQuery, route } from './route.ts'

const columns = z.array(z.object({ name: z.string(), type: z.unknown(), nullable: z.boolean() }).loose())
export const endpoint = z.object({
  name,
  model: z.string(),
  state: z.string(),
  generation: z.number(),
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
  score: z.number().describe('probability of the target'),
  positive: z.boolean().describe('score ≥ threshold'),
})
const record = z.record(z.string(), z.unknown())

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
    body: z.union([z.object({ records: z.array(record).min(1).max(10_000) }).strict(), record]),
    output: z.object({ model: z.string(), threshold: z.number(), predictions: z.array(prediction) }),
    limit: 4 << 20,
  }),
  feed: route({
    method: 'post',
    path: '/v1/endpoints/{name}/feed',
    access: 'write',
    summary: 'Takes in events that happened, so that the state stays fresh; kept on disk before the answer',
    params: z.object({ name }),
    body: z.object({ records: z.array(record).min(1).max(10_000) }).strict(),
    output: z.object({ taken: z.number(), ignored: z.number() }),
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
