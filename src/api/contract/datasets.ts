import { z } from 'zod'
import { moment, name, pageOf, pageQuery, reference, route, streamed } from './route.ts'
import { origin } from './workspaces.ts'

export const dataset = z.object({ name, latest: z.number() })
export const datasetVersion = z.object({
  name,
  version: z.number(),
  rows: z.number(),
  bytes: z.number(),
  hash: z.string(),
  created: moment,
  run: z.string().nullable(),
  origin: origin.nullable().describe('of a version that another workspace made'),
  schema: z.array(z.object({ name: z.string(), type: z.unknown(), nullable: z.boolean() }).loose()),
  parents: z.unknown(),
  details: z.unknown(),
})

const tag = z.object({ tag: z.string(), version: z.number(), created: moment })
const schema = z.array(z.object({ name: z.string(), type: z.unknown(), nullable: z.boolean() }).loose())
const record = z.record(z.string(), z.unknown())
/** Which columns and rows of a version are wanted. */
const selection = z.object({
  columns: z
    .string()
    .max(20_000)
    .optional()
    .describe('names between commas, or a JSON list of names; all unless given'),
  where: z.string().max(100_000).optional().describe("a condition: `delay > 15 and city in ('Jeju')`, or an expression's JSON"), // biome-ignore format: one line
})

export const datasets = {
  list: route({
    method: 'get',
    path: '/v1/datasets',
    access: 'read',
    summary: 'Datasets by name',
    query: pageQuery,
    output: pageOf(dataset),
  }),
  versions: route({
    method: 'get',
    path: '/v1/datasets/{name}/versions',
    access: 'read',
    summary: 'Versions of a dataset, newest first',
    params: z.object({ name }),
    query: pageQuery,
    output: pageOf(datasetVersion),
  }),
  get: route({
    method: 'get',
    path: '/v1/datasets/{name}',
    access: 'read',
    summary: 'A version of a dataset (name@3, name@tag), the newest unless told otherwise',
    params: z.object({ name: reference }),
    query: z.object({ version: z.coerce.number().int().positive().max(2_147_483_647).optional() }),
    output: datasetVersion,
  }),
  tags: route({
    method: 'get',
    path: '/v1/datasets/{name}/tags',
    access: 'read',
    summary: 'Tags of a dataset by name, and the version that each is given to',
    params: z.object({ name }),
    query: pageQuery,
    output: pageOf(tag),
  }),
  tag: route({
    method: 'post',
    path: '/v1/datasets/{name}/tags',
    access: 'write',
    summary: 'Gives a version a tag, moving it from the one that had it; without a version the tag is removed',
    params: z.object({ name }),
    body: z
      .object({ tag: z.string().max(63), version: z.number().int().positive().max(2_147_483_647).nullable() })
      .strict(),
    output: z.object({ tag: z.string(), version: z.number().nullable() }),
  }),
  rows: route({
    method: 'get',
    path: '/v1/datasets/{name}/rows',
    access: 'read',
    summary:
      'Rows of a version in its order, page by page; 64-bit integers beyond 2⁵³ are texts, as NaN and infinities are',
    params: z.object({ name: reference }),
    query: pageQuery.extend(selection.shape),
    output: pageOf(record).extend({ version: z.number(), schema }),
  }),
  export: route({
    method: 'get',
    path: '/v1/datasets/{name}/export',
    access: 'read',
    summary: 'Rows of a version in its order as a stream: CSV, JSON lines or Arrow IPC',
    params: z.object({ name: reference }),
    query: selection.extend({
      format: z.enum(['csv', 'json', 'arrow']),
      limit: z.coerce.number().int().positive().optional().describe('rows at most'),
      safe: z.enum(['true', 'false']).optional().describe("CSV: a ' before texts that a spreadsheet would compute"),
    }),
    output: streamed,
    stream: true,
  }),
  rejected: route({
    method: 'get',
    path: '/v1/datasets/{name}/rejected',
    access: 'read',
    summary: 'Rows that were set aside, with the reason: of a version, or of the newest run of a named table or source',
    params: z.object({ name: reference }),
    query: pageQuery,
    output: pageOf(record).extend({
      of: z.string(),
      rejected: z.record(z.string(), z.number()).describe('rows set aside or lost, by reason'),
    }),
  }),
  scrub: route({
    method: 'post',
    path: '/v1/datasets/scrub',
    access: 'read',
    summary:
      'Reads files of every version again and compares them with their checksums, some at a time; ask until `next` is gone',
    body: z.object({ name: name.optional(), cursor: z.string().max(1000).optional() }).strict(),
    output: z.object({
      files: z.number().describe('read this time'),
      bytes: z.number(),
      damaged: z.array(
        z.object({ dataset: z.string(), path: z.string(), why: z.string(), versions: z.array(z.number()) }),
      ),
      dataset: z.string().nullable().describe('where it is'),
      done: z.number().describe('share of that dataset, 0 to 1'),
      next: z.string().optional(),
    }),
  }),
  diff: route({
    method: 'get',
    path: '/v1/datasets/{name}/diff',
    access: 'read',
    summary: 'How another version differs: columns, rows by key, distributions; lines of JSON, the last is the result',
    params: z.object({ name: reference }),
    query: z.object({
      with: reference,
      key: z
        .string()
        .max(20_000)
        .optional()
        .describe('columns between commas, or a JSON list; the declared key unless given'),
    }),
    output: streamed,
    stream: true,
  }),
  retain: route({
    method: 'post',
    path: '/v1/datasets/{name}/retain',
    access: 'write',
    summary: 'Removes old versions: kept are the newest, those with a tag, and those that a model was trained on',
    params: z.object({ name }),
    body: z
      .object({
        keep: z.number().int().positive().optional().describe('so many of the newest'),
        days: z.number().nonnegative().optional().describe('those of the last so many days'),
        dryRun: z.boolean().optional(),
      })
      .strict(),
    output: z.object({
      removed: z.array(z.object({ version: z.number(), rows: z.number(), bytes: z.number() })),
      kept: z.array(z.object({ version: z.number(), why: z.string() })),
      files: z.number().describe('removed from disk'),
      bytes: z.number(),
    }),
  }),
  compact: route({
    method: 'post',
    path: '/v1/datasets/{name}/compact',
    access: 'write',
    summary:
      'Puts small files of the newest version together, as a new version of the same rows; lines of JSON, the last is the result',
    params: z.object({ name }),
    body: z
      .object({ target: z.number().int().positive().optional().describe('bytes that a file is filled up to') })
      .strict(),
    output: streamed,
    stream: true,
  }),
  iceberg: route({
    method: 'post',
    path: '/v1/datasets/{name}/iceberg',
    access: 'read',
    summary:
      'Where a version lies as an Iceberg table for readers on this machine; written anew where the data folder has moved',
    params: z.object({ name: reference }),
    body: z.object({}).strict(),
    output: z.object({ version: z.number(), metadata: z.string().describe('path of the table metadata') }),
  }),
  forget: route({
    method: 'post',
    path: '/v1/datasets/{name}/forget',
    access: 'write',
    summary:
      "Takes a person's rows out of every version, and leaves them out when rows are written; without a key, goes on with what was interrupted; lines of JSON, the last is the reports",
    params: z.object({ name }),
    body: z
      .object({
        key: z.string().max(200).optional(),
        value: z.string().max(10_000).optional(),
        allow: z.boolean().optional().describe('nothing is taken out: rows of the person may be written again'),
      })
      .strict(),
    output: streamed,
    stream: true,
  }),
  profile: route({
    method: 'get',
    path: '/v1/datasets/{name}/profile',
    access: 'read',
    summary:
      'The profile of a version, the newest unless told otherwise: computed once, which takes seconds for millions of rows',
    params: z.object({ name }),
    query: z.object({
      version: z.coerce.number().int().positive().max(2_147_483_647).optional(),
      target: z.string().max(1000).optional().describe('a column; how the others move it is looked at'),
    }),
    output: z.object({ name, version: z.number(), profile: z.record(z.string(), z.unknown()) }),
  }),
  profiling: route({
    method: 'post',
    path: '/v1/datasets/{name}/profile',
    access: 'read',
    summary: 'The same as lines of JSON: how far it is, then the profile; a caller that goes cancels it',
    params: z.object({ name }),
    body: z
      .object({
        version: z.number().int().positive().max(2_147_483_647).optional(),
        target: z.string().max(1000).optional(),
      })
      .strict(),
    output: streamed,
    stream: true,
  }),
  sketches: route({
    method: 'post',
    path: '/v1/datasets/{name}/sketches',
    access: 'read',
    summary:
      'What a version holds by column, from the sketches of its files, as lines of JSON: how far it is, then the answer. A file without one is read once; a caller that goes cancels it',
    params: z.object({ name }),
    body: z.object({ version: z.number().int().positive().max(2_147_483_647).optional() }).strict(),
    output: streamed,
    stream: true,
  }),
}
