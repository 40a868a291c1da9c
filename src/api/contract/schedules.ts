import { z } from 'zod'
import { calendarName } from './calendars.ts'
import { job, queued } from './jobs.ts'
import { moment, pageOf, pageQuery, route } from './route.ts'

export const schedule = z.object({
  name: z.string(),
  recipe: z.string(),
  cron: z.string().nullable().describe('at which moments; null for one that watches something'),
  watch: z
    .string()
    .nullable()
    .describe('what it watches instead: dataset:NAME, files:PATTERN, drift:ENDPOINT or failed:RECIPE'),
  zone: z.string(),
  catchUp: z.enum(['none', 'once', 'all']),
  paused: z.boolean(),
  next: moment.nullable().describe('when it comes next; null when never'),
  last: moment.nullable().describe('the newest moment that got a job'),
  calendar: z.string().nullable().describe('whose holidays it minds'),
  except: z.enum(['holidays', 'weekends', 'non-business-days']).nullable().describe('the days on which it rests'),
  instead: z.enum(['next-day', 'previous-day']).nullable().describe('the day on which it comes instead; null: on none'),
  pool: job.shape.pool,
  maxActive: job.shape.maxActive,
  timeout: job.shape.timeout,
  doneWithin: z.number().nullable().describe('seconds after a moment by which its job is to be done'),
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
    summary: 'Runs a recipe at moments of a cron, or when something has changed: workers queue and do it',
    params: named,
    body: queued
      .omit({ notBefore: true })
      .extend({
        cron: z.string().max(200).optional().describe('five fields: minute, hour, day, month, day of the week'),
        zone: z.string().max(64).optional().describe('the time zone whose clock is read; UTC unless given'),
        watch: z
          .string()
          .max(4096)
          .optional()
          .describe(
            'instead of a cron: dataset:NAME runs it for each new version, files:PATTERN when files are new or changed, drift:ENDPOINT when a window of its requests is an alarm, failed:RECIPE when a job of that has failed for good',
          ),
        calendar: calendarName
          .optional()
          .describe('whose holidays it minds: a calendar, or a country (KR, JP); it rests on non-business days then'),
        except: schedule.shape.except
          .unwrap()
          .optional()
          .describe('the days on which it rests, by the date in its zone'),
        instead: schedule.shape.instead
          .unwrap()
          .optional()
          .describe('comes at the same time of the next or previous day that is none of them'),
        doneWithin: z
          .number()
          .min(0.001)
          .max(3_153_600_000)
          .optional()
          .describe('seconds after a moment by which its job is to be done: an alert is sent where it is not'),
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
  fire: route({
    method: 'post',
    path: '/v1/schedules/{name}/fire',
    access: 'write',
    summary: 'Queues a run of it now: for programs that know when there is something to do',
    params: named,
    body: nothing,
    output: job,
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
