import { z } from 'zod'
import { poolName } from './pools.ts'
import { failure, moment, pageOf, pageQuery, route } from './route.ts'

export const job = z.object({
  number: z.number(),
  recipe: z.string(),
  partition: z.string().nullable().describe('the partition that is to be run, where one is'),
  status: z
    .enum(['queued', 'running', 'waiting', 'done', 'failed', 'cancelled'])
    .describe('waiting: until somebody approves'),
  priority: z.number(),
  tags: z.array(z.string()),
  pool: z.string().nullable().describe('the pool that it takes a slot of while it runs'),
  maxActive: z.number().nullable().describe('jobs of its recipe that may run at once, where it says so'),
  timeout: z.number().nullable().describe('seconds that a run of it may take; null: nothing bounds it'),
  doneBy: moment.nullable().describe('by when it is to be done, where its schedule says so'),
  late: moment.nullable().describe('when it was found that it was not done by then'),
  attempts: z.number(),
  mostAttempts: z.number(),
  notBefore: moment.describe('when it is due'),
  run: z.string().nullable().describe('the run of its newest attempt, by id'),
  error: failure.nullable(),
  created: moment,
  ended: moment.nullable(),
})
const number = z.object({
  job: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
})
/** The last moment of the year 9999. */
const LAST = 253_402_300_799_999
const tag = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'tags are lower-case letters, digits and dashes')

const filed = z
  .object({ format: z.literal(1), name: z.string(), file: z.string().max(4096) })
  .strict()
  .describe(
    'a recipe that is run partition by partition, by its file on the worker: the newest window that is over when it is due',
  )

/** What is queued. */
export const queued = z.object({
  recipe: z.union([z.object({ format: z.literal(1), name: z.string(), steps: z.array(z.looseObject({ id: z.string() })) }).loose().describe('a recipe as data, as `galley run --queue` sends it'), filed]), // biome-ignore format: one line
  folder: z.string().max(4096).describe('where relative paths of its sources start, on the worker'),
  engine: z.enum(['auto', 'processor', 'gpu']).optional(),
  priority: z.number().int().min(-1000).max(1000).optional().describe('higher ones are taken first; 0 unless given'),
  tags: z.array(tag).max(20).optional().describe('what a worker has to have'),
  pool: poolName.optional().describe('the pool that it takes a slot of while it runs: it waits while all are taken'),
  maxActive: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('it waits while as many jobs of its recipe run; none begins beside it that would be one too many'),
  timeout: z
    .number()
    .min(0.001)
    .max(3_153_600_000)
    .optional()
    .describe('seconds that a run may take: it fails then, and is not tried again'),
  attempts: z.number().int().min(1).max(100).optional().describe('3 unless given'),
  notBefore: moment.min(0).max(LAST).optional(),
})

export const jobs = {
  list: route({
    method: 'get',
    path: '/v1/jobs',
    access: 'read',
    summary: 'Runs that are to be done by workers, newest first',
    query: pageQuery,
    output: pageOf(job),
  }),
  get: route({ method: 'get', path: '/v1/jobs/{job}', access: 'read', summary: 'A job', params: number, output: job }),
  queue: route({
    method: 'post',
    path: '/v1/jobs',
    access: 'write',
    summary: 'Queues a run: the first worker that has its tags does it',
    body: queued
      .extend({
        once: z
          .boolean()
          .optional()
          .describe(
            'gives the job of the recipe and partition that waits or runs already, where one does, and queues no other',
          ),
      })
      .strict(),
    output: job.extend({
      already: z.boolean().describe('whether it was there already; only where `once` is asked for'),
    }),
    limit: 16 << 20,
  }),
  cancel: route({
    method: 'post',
    path: '/v1/jobs/{job}/cancel',
    access: 'write',
    summary: 'Cancels a job; a worker that is at it stops within a second',
    params: number,
    body: z.object({}).strict(),
    output: job,
  }),
  retry: route({
    method: 'post',
    path: '/v1/jobs/{job}/retry',
    access: 'write',
    summary: 'Queues a job again that failed or was cancelled',
    params: number,
    body: z.object({}).strict(),
    output: job,
  }),
}
