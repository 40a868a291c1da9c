import { z } from 'zod'
import { moment, name, pageOf, pageQuery, route, streamed } from './route.ts'
import { workspaceName } from './workspaces.ts'

const sample = z.object({
  share: z.number().gt(0, 'a share is above 0').max(1, 'a share is at most 1'),
  seed: z.number().int().min(0).max(2 ** 53 - 1), // biome-ignore format: one line
  key: z.array(name).min(1).max(16).optional().describe('rows of one key are in it together, in every dataset'),
})
const branch = z.object({
  name: z.string(),
  parent: z.string().describe('the workspace that it is a branch of'),
  created: moment,
  sample: sample.nullable().describe('null for a branch of whole versions'),
})
const stand = z.object({
  dataset: z.string(),
  base: z.number().describe("the parent's version that the branch began with, 0 for none"),
  own: z.number().describe("the branch's own number of it"),
  branch: z.number().nullable().describe('the newest version there'),
  parent: z.number().nullable(),
  moved: z.enum(['neither', 'branch', 'parent', 'both']).describe('who has other versions since'),
})
const named = z.object({ branch: workspaceName })

export const branches = {
  list: route({
    method: 'get',
    path: '/v1/branches',
    access: 'read',
    summary: 'Branches of all workspaces, by name',
    query: pageQuery,
    output: pageOf(branch),
  }),
  create: route({
    method: 'post',
    path: '/v1/branches',
    access: 'write',
    summary:
      'Makes a workspace whose datasets are those of another, by reference or as a sample; lines of JSON, the last is the result',
    body: z
      .object({
        name: workspaceName,
        from: workspaceName.optional().describe("the request's own workspace unless given"),
        datasets: z.array(name).max(10_000).optional().describe('all unless given'),
        sample: sample.optional(),
      })
      .strict(),
    output: streamed,
    stream: true,
  }),
  get: route({
    method: 'get',
    path: '/v1/branches/{branch}',
    access: 'read',
    summary: 'A branch, and how each dataset stands in it and in its parent',
    params: named,
    output: branch.extend({ datasets: z.array(stand) }),
  }),
  diff: route({
    method: 'get',
    path: '/v1/branches/{branch}/diff',
    access: 'read',
    summary:
      'How a branch differs from its parent: rows, distributions, recipes, models; lines of JSON, the last is the result',
    params: named,
    query: z.object({
      dataset: name.optional().describe('all unless given'),
      key: z
        .string()
        .max(20_000)
        .optional()
        .describe('columns between commas, or a JSON list; the declared key unless given'),
    }),
    output: streamed,
    stream: true,
  }),
  promote: route({
    method: 'post',
    path: '/v1/branches/{branch}/promote',
    access: 'write',
    summary:
      "Publishes what a branch changed as the parent's next versions, by reference and all at once, where the parent did not move since",
    params: named,
    body: z
      .object({
        datasets: z.array(name).max(10_000).optional().describe('all that changed unless given'),
        dryRun: z.boolean().optional().describe('only say what would be published'),
      })
      .strict(),
    output: z.object({
      branch: z.string(),
      parent: z.string(),
      dryRun: z.boolean(),
      datasets: z.array(
        z.object({
          dataset: z.string(),
          from: z.number().describe("the branch's version"),
          version: z.number().describe("the parent's"),
          rows: z.number(),
        }),
      ),
      models: z.array(
        z.object({
          model: z.string(),
          from: z.number().describe("the branch's version"),
          version: z.number().describe("the parent's"),
          dataset: z.string().nullable(),
          datasetVersion: z.number().nullable().describe('what it was trained on, as the parent numbers it'),
        }),
      ),
      positions: z.array(z.string()).describe('sources that the parent goes on reading where the branch stopped'),
      left: z
        .array(z.string())
        .describe('versions that it was made of and that stay in the branch; models that stay there, and why'),
    }),
  }),
}
