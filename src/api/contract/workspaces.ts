import { z } from 'zod'
import { moment, pageOf, pageQuery, route } from './route.ts'

export const workspaceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'names are small letters, digits and hyphens, beginning with a letter or digit')

/** Who made a version that another workspace made: that workspace, the number there, its run and recipe. */
export const origin = z.object({
  workspace: z.string(),
  version: z.number(),
  run: z.number().nullable(),
  recipe: z.string().nullable(),
})

const workspace = z.object({
  name: z.string(),
  created: moment,
  branchOf: z.string().nullable().describe('the workspace that it is a branch of'),
  removing: z.boolean().describe('its rows are gone, and its files are not yet'),
})
const counts = z.object({
  datasets: z.number(),
  versions: z.number(),
  models: z.number(),
  runs: z.number(),
  sources: z.number(),
  schedules: z.number(),
  jobs: z.number().describe('that have not ended'),
  endpoints: z.number(),
  branches: z.number(),
})
const named = z.object({ workspace: workspaceName })

export const workspaces = {
  list: route({
    method: 'get',
    path: '/v1/workspaces',
    access: 'read',
    summary: 'Workspaces by name, branches among them',
    query: pageQuery,
    output: pageOf(workspace),
  }),
  create: route({
    method: 'post',
    path: '/v1/workspaces',
    access: 'write',
    summary: 'Makes a workspace with nothing in it, if there is none of that name',
    body: z.object({ name: workspaceName }).strict(),
    output: workspace.extend({ made: z.boolean().describe('false where it was there') }),
  }),
  get: route({
    method: 'get',
    path: '/v1/workspaces/{workspace}',
    access: 'read',
    summary: 'A workspace, and how much is in it',
    params: named,
    output: workspace.extend({ counts }),
  }),
  remove: route({
    method: 'post',
    path: '/v1/workspaces/{workspace}/remove',
    access: 'write',
    summary: 'Removes a workspace with all that is in it; files that another one shares stay',
    params: named,
    body: z.object({ dryRun: z.boolean().optional().describe('only say what would go') }).strict(),
    output: z.object({
      workspace: z.string(),
      counts,
      branches: z.array(z.string()).describe('branches of it, which stay'),
      dryRun: z.boolean(),
    }),
  }),
}
