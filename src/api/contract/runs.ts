import { z } from 'zod'
import { failure, moment, pageOf, pageQuery, route, streamed } from './route.ts'

export const run = z.object({
  number: z.number(),
  id: z.string(),
  recipe: z.string(),
  partition: z
    .string()
    .nullable()
    .describe('the partition that it is of, where its recipe is run partition by partition'),
  status: z.enum(['running', 'waiting', 'done', 'failed', 'cancelled']).describe('waiting: until somebody approves'),
  started: moment,
  ended: moment.nullable(),
  error: failure.nullable(),
})
/** What a stage of a step took in, gave out and moved; bytes, and readbacks as a count. */
const moved = z.object({
  bytesIn: z.number(),
  bytesOut: z.number(),
  up: z.number(),
  down: z.number(),
  readbacks: z.number(),
  copied: z.number(),
})
export const step = z.object({
  id: z.string(),
  kind: z.string(),
  status: z.string(),
  cached: z.boolean(),
  seconds: z.number().nullable(),
  error: failure.nullable(),
  started: moment.nullable(),
  progress: z
    .object({
      done: z.number(),
      total: z.number().nullable(),
      unit: z.string(),
      left: z.number().nullable().describe('seconds that are left at the pace so far'),
    })
    .nullable()
    .describe('how far a step under way is, as of a second ago'),
  ledger: z.record(z.string(), moved.partial()).nullable().describe('bytes moved, by stage; null for a cached step'),
  resources: z
    .object({
      cpuSeconds: z.number().describe('processor time, with programs; steps that went on at once share theirs'),
      peakBytes: z.number().describe('the most memory that the process held meanwhile'),
    })
    .nullable()
    .describe('what it took of the machine; null for a cached step'),
  computed: z
    .object({ by: z.string(), why: z.string() })
    .nullable()
    .describe('what computed it and why, where there was a choice'),
  because: z.array(z.string()).describe('why it ran again, where an earlier run had it'),
  rejected: z.record(z.string(), z.number()).describe('rows set aside, by reason'),
  rejectedFile: z.string().nullable().describe('where they are kept, within the data folder'),
})

export const runs = {
  list: route({
    method: 'get',
    path: '/v1/runs',
    access: 'read',
    summary: 'Runs, newest first; of a recipe, or that ended in one way',
    query: pageQuery.extend({ recipe: z.string().max(63).optional(), status: run.shape.status.optional() }),
    output: pageOf(run),
  }),
  get: route({
    method: 'get',
    path: '/v1/runs/{run}',
    access: 'read',
    summary: 'A run and its steps, by number or id',
    params: z.object({ run: z.string().max(64) }),
    output: run.extend({
      steps: z.array(step),
      cost: z
        .object({ amount: z.number(), currency: z.string().nullable() })
        .nullable()
        .describe('of the processor time of its steps, by GALLEY_CORE_HOUR; null where nobody said a price'),
    }),
  }),
  cancel: route({
    method: 'post',
    path: '/v1/runs/{run}/cancel',
    access: 'write',
    summary: 'Cancels a run that is under way, or waits: its process stops at its next heartbeat',
    params: z.object({ run: z.string().max(64) }),
    body: z.object({}).strict(),
    output: run,
  }),
  lines: route({
    method: 'get',
    path: '/v1/runs/{run}/log',
    access: 'read',
    summary: 'What a run told while it went on, line by line; of one step, or from a level on',
    params: z.object({ run: z.string().max(64) }),
    query: pageQuery.extend({
      step: z.string().max(200).optional(),
      level: z.enum(['info', 'warn', 'error']).optional().describe('this one and those above it'),
    }),
    output: pageOf(
      z.object({
        number: z.number().describe('from 1 on'),
        at: moment,
        level: z.enum(['info', 'warn', 'error']),
        step: z.string().nullable().describe('null for what is told of the run'),
        message: z.string(),
        fields: z.record(z.string(), z.unknown()).nullable(),
      }),
    ),
  }),
  log: route({
    method: 'get',
    path: '/v1/runs/{run}/steps/{step}/log',
    access: 'read',
    summary: 'What the program of a step said, its beginning and its end where it is long',
    params: z.object({ run: z.string().max(64), step: z.string().max(200) }),
    output: z.object({ text: z.string() }),
  }),
  events: route({
    method: 'get',
    path: '/v1/runs/{run}/events',
    access: 'read',
    summary:
      'What a run does while it does it, as server-sent events: `run` and `step` where one changes, `end` once it has ended or waits',
    params: z.object({ run: z.string().max(64) }),
    output: streamed,
    stream: true,
  }),
  changes: route({
    method: 'get',
    path: '/v1/runs/{run}/changes',
    access: 'read',
    summary: "How a run's recipe differs from an earlier run's, step by step: what plans mean, options by their place",
    params: z.object({ run: z.string().max(64) }),
    query: z.object({ since: z.string().max(64).describe('the earlier run, by number or id') }),
    output: z.object({
      before: z.number(),
      after: z.number(),
      steps: z.array(
        z.object({ step: z.string(), change: z.enum(['added', 'removed', 'changed']), changes: z.array(z.string()) }),
      ),
    }),
  }),
  clean: route({
    method: 'post',
    path: '/v1/runs/clean',
    access: 'write',
    summary: 'Removes what runs have left and nothing needs; refused while one is under way',
    body: z.object({ days: z.number().int().min(0).max(36_500), dryRun: z.boolean().optional() }).strict(),
    output: z.object({
      folders: z.array(z.object({ path: z.string(), bytes: z.number() })),
      bytes: z.number(),
      outputs: z.number(),
    }),
  }),
  lineage: route({
    method: 'get',
    path: '/v1/runs/{run}/openlineage',
    access: 'read',
    summary: 'What a run and its steps read and made, as events of OpenLineage 2-0-2, in order',
    params: z.object({ run: z.string().max(64) }),
    query: pageQuery,
    output: pageOf(
      z.record(z.string(), z.unknown()).describe('a RunEvent: openlineage.io/spec/2-0-2/OpenLineage.json'),
    ),
  }),
  trace: route({
    method: 'get',
    path: '/v1/runs/{run}/trace',
    access: 'read',
    summary: 'A run and its steps as spans of OpenTelemetry: those that have ended, the whole first',
    params: z.object({ run: z.string().max(64) }),
    query: pageQuery,
    output: pageOf(z.record(z.string(), z.unknown()).describe('TracesData of OTLP 1 in JSON, one span in each')),
  }),
}
