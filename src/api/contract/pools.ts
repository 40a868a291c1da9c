import { z } from 'zod'
import { pageOf, pageQuery, route } from './route.ts'

export const poolName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'names are lower-case letters, digits and dashes, beginning with a letter')

const pool = z.object({
  name: z.string(),
  slots: z.number().describe('jobs of it that run at once, at most'),
  running: z.number().describe('slots that are taken'),
  queued: z.number().describe('jobs of it that wait'),
})
const named = z.object({ name: poolName })

export const pools = {
  list: route({
    method: 'get',
    path: '/v1/pools',
    access: 'read',
    summary: 'Pools, by name: how many of their jobs run at once, and wait',
    query: pageQuery,
    output: pageOf(pool),
  }),
  set: route({
    method: 'post',
    path: '/v1/pools/{name}',
    access: 'write',
    summary: 'Makes a pool, or gives it other slots: jobs that run go on where there are fewer',
    params: named,
    body: z
      .object({ slots: z.number().int().min(0).max(10_000).describe('with 0 all jobs wait that name it') })
      .strict(),
    output: pool,
  }),
  remove: route({
    method: 'post',
    path: '/v1/pools/{name}/remove',
    access: 'write',
    summary: 'Takes a pool away that no schedule and no job names that has not ended',
    params: named,
    body: z.object({}).strict(),
    output: z.object({ removed: z.string() }),
  }),
}
