import { z } from 'zod'
import { moment, name, pageOf, pageQuery, route, streamed } from './route.ts'

export const pushSource = z.object({
  name,
  columns: z.record(z.string(), z.unknown()).describe('types by column'),
  batches: z.number(),
  rows: z.number(),
  broken: z.number().describe('rows that were set aside'),
  bytes: z.number().describe('as they came'),
  updated: moment,
})
export const pushBatch = z.object({
  source: name,
  batch: z.number().describe('from 1, in the order in which they were taken in'),
  key: z.string(),
  rows: z.number(),
  broken: z.number().describe('rows that were set aside'),
  rejected: z.record(z.string(), z.number()).describe('rows that were set aside, by reason'),
  unknown: z
    .record(z.string(), z.number())
    .describe('rows that have a column which the source has not, by that column'),
  bytes: z.number(),
  hash: z.string().describe('SHA-256 of its format, a NUL and what came'),
  taken: moment,
})

/** Bytes of a batch, at most. */
const MOST_BYTES = 64 << 20

export const sources = {
  list: route({
    method: 'get',
    path: '/v1/sources',
    access: 'read',
    summary: 'Sources that batches are pushed to, by name',
    query: pageQuery,
    output: pageOf(pushSource),
  }),
  get: route({
    method: 'get',
    path: '/v1/sources/{name}',
    access: 'read',
    summary: 'A push source: its columns, and what was taken in so far',
    params: z.object({ name }),
    output: pushSource,
  }),
  open: route({
    method: 'post',
    path: '/v1/sources/{name}',
    access: 'write',
    summary: 'Makes a push source known as a recipe declares it; columns may come and go, a type stays',
    params: z.object({ name }),
    body: z
      .object({
        columns: z.record(z.string().min(1), z.unknown()).describe('types by column'),
        mostBroken: z
          .union([z.number().nonnegative(), z.string().max(20)])
          .optional()
          .describe('how many broken rows refuse a batch: a number, or a share such as 0.5%'),
        onSchemaChange: z
          .enum(['stop', 'evolve', 'quarantine'])
          .optional()
          .describe(
            'a batch with columns that the source has not is refused (stop, the default), taken in without them and they are counted, or such rows are set aside',
          ),
      })
      .strict(),
    output: pushSource,
  }),
  push: route({
    method: 'post',
    path: '/v1/sources/{name}/batches',
    access: 'write',
    summary:
      'Takes in a batch of rows: on disk before the answer, once for each Idempotency-Key. A repeated one gives the same answer with Idempotent-Replayed: true; 409 while it is being taken in, 422 for other content under its key',
    params: z.object({ name }),
    query: z.object({ key: z.string().max(600).optional().describe('names the batch; required') }),
    headers: { key: 'idempotency-key' },
    body: streamed,
    takes: [
      'application/json',
      'application/jsonl',
      'application/x-ndjson',
      'text/csv',
      'application/vnd.apache.arrow.stream',
      'application/vnd.apache.arrow.file',
    ],
    output: pushBatch.extend({ replayed: z.boolean().optional() }),
    told: { replayed: 'idempotent-replayed' },
    limit: MOST_BYTES,
  }),
  batches: route({
    method: 'get',
    path: '/v1/sources/{name}/batches',
    access: 'read',
    summary: 'Batches that were pushed to a source, newest first',
    params: z.object({ name }),
    query: pageQuery,
    output: pageOf(pushBatch),
  }),
}
