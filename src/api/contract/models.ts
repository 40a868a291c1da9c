import { z } from 'zod'
import { moment, name, pageOf, pageQuery, route, streamed } from './route.ts'

export const model = z.object({ name, latest: z.number() })
export const modelVersion = z.object({
  name,
  version: z.number(),
  kind: z.string(),
  metrics: z.unknown(),
  blob: z.string().describe('SHA-256 of the model: equal hashes are equal models'),
  bytes: z.number(),
  dataset: z.string().nullable(),
  datasetVersion: z.number().nullable(),
  planHash: z.string().nullable(),
  codeHash: z.string().nullable(),
  features: z.unknown(),
  details: z.unknown(),
  created: moment,
  run: z.string().nullable(),
})

export const models = {
  list: route({
    method: 'get',
    path: '/v1/models',
    access: 'read',
    summary: 'Models by name',
    query: pageQuery,
    output: pageOf(model),
  }),
  versions: route({
    method: 'get',
    path: '/v1/models/{name}/versions',
    access: 'read',
    summary: 'Versions of a model, newest first',
    params: z.object({ name }),
    query: pageQuery,
    output: pageOf(modelVersion),
  }),
  get: route({
    method: 'get',
    path: '/v1/models/{name}',
    access: 'read',
    summary: 'A version of a model, the newest unless told otherwise',
    params: z.object({ name }),
    query: z.object({ version: z.coerce.number().int().positive().max(2_147_483_647).optional() }),
    output: modelVersion,
  }),
  export: route({
    method: 'get',
    path: '/v1/models/{name}/export',
    access: 'read',
    summary: 'A version of a model as a file for elsewhere: ONNX, or one TypeScript file that needs nothing',
    params: z.object({ name }),
    query: z.object({
      version: z.coerce.number().int().positive().max(2_147_483_647).optional(),
      format: z.enum(['onnx', 'typescript']),
    }),
    output: streamed,
    stream: true,
  }),
  card: route({
    method: 'get',
    path: '/v1/models/{name}/card',
    access: 'read',
    summary: 'The newest card of a version, the newest version unless told otherwise: one HTML file',
    params: z.object({ name }),
    query: z.object({ version: z.coerce.number().int().positive().max(2_147_483_647).optional() }),
    output: z.object({
      name,
      version: z.number(),
      bytes: z.number(),
      created: moment,
      run: z.string(),
      html: z.string(),
    }),
  }),
}
