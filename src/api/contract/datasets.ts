import { z } from 'zod'
import { moment, name, pageOf, pageQuery, route } from './route.ts'

export const dataset = z.object({ name, latest: z.number() })
export const datasetVersion = z.object({
  name,
  version: z.number(),
  rows: z.number(),
  bytes: z.number(),
  hash: z.string(),
  created: moment,
  run: z.string().nullable(),
  schema: z.array(z.object({ name: z.string(), type: z.unknown(), nullable: z.boolean() }).loose()),
  parents: z.unknown(),
  details: z.unknown(),
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
    summary: 'A version of a dataset, the newest unless told otherwise',
    params: z.object({ name }),
    query: z.object({ version: z.coerce.number().int().positive().max(2_147_483_647).optional() }),
    output: datasetVersion,
  }),
  profile: route({
    method: 'get',
    path: '/v1/datasets/{name}/profile',
    access: 'read',
    summary:
      'The profile of a version, the newest unless told otherwise: read anew, which takes seconds for millions of rows',
    params: z.object({ name }),
    query: z.object({
      version: z.coerce.number().int().positive().max(2_147_483_647).optional(),
      target: z.string().max(1000).optional().describe('a column; how the others move it is looked at'),
    }),
    output: z.object({ name, version: z.number(), profile: z.record(z.string(), z.unknown()) }),
  }),
}
