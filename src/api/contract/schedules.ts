import { z } from 'zod'
import { job, queued } from './jobs.ts'
import { moment, pageOf, pageQuery, route } from './route.ts'

export const schedule = z.object({
  name: z.string(),
  recipe: z.string(),
  cron: z.string(),
  zone: z.string(),
  catchUp: z.enum(['none', 'once', 'all']),
  paused: z.boolean(),
  next: moment.nullable().describe('when it comes next; null when never'),
  last: moment.nullable().describe('the newest moment that got a job'),
  priority: job.shape.priority,
  tags: job.shape.tags,
})
const named = z.object({ name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'names are lower-case letters, digits and dashes, beginning with a letter') }) // biome-ignore format: one line
const nothing = z.object({}).strict()

export const schedules = {
  list: route({
    method: 'get',
    path: '/v1/schedules',
    access: 'read',
    summary: 'Schedules, by name',
    query: pageQuery,
    output: pageOf(schedule),
  }),
  get: route({
    method: 'get',
    path: '/v1/schedules/{name}',
    access: 'read',
    summary: 'A schedule, and the moments that come',
    params: named,
    output: schedule.extend({ coming: z.array(moment).describe('the next five') }),
  }),
  set: route({
    method: 'post',
    path: '/v1/schedules/{name}',
    access: 'write',
    summary: 'Runs a recipe at moments of a calendar: workers queue and do them',
    params: named,
    body: queued
      .omit({ notBefore: true })
      .extend({
        cron: z.string().max(200).describe('five fields: minute, hour, day, month, day of the week'),
        zone: z.string().max(64).describe('the time zone whose clock is read'),
        catchUp: z
          .enum(['none', 'once', 'all'])
          .optional()
          .describe('moments at which no worker ran: once unless given'),
      })
      .strict(),
    output: schedule,
    limit: 16 << 20,
  }),
  pause: route({
    method: 'post',
    path: '/v1/schedules/{name}/pause',
    access: 'write',
    summary: 'Stops a schedule until it is resumed',
    params: named,
    body: nothing,
    output: schedule,
  }),
  resume: route({
    method: 'post',
    path: '/v1/schedules/{name}/resume',
    access: 'write',
    summary: 'Lets a schedule go on with the next moment from now; those in between are left out',
    params: named,
    body: nothing,
    output: schedule,
  }),
  remove: route({
    method: 'post',
    path: '/v1/schedules/{name}/remove',
    access: 'write',
    summary: 'Takes a schedule away; jobs that it queued stay',
    params: named,
    body: nothing,
    output: z.object({ removed: z.string() }),
  }),
}
