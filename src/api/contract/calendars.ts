import { z } from 'zod'
import { pageOf, pageQuery, route } from './route.ts'

const named = z.object({ name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'names are lower-case letters, digits and dashes, beginning with a letter') }) // biome-ignore format: one line
const country = z.string().regex(/^[A-Z]{2}$/, 'a country is two capital letters')
const date = z.iso.date()
const day = z.object({ date, name: z.string().max(200) })

/** Whose holidays a schedule minds. */
export const calendarName = z.string().regex(/^([A-Z]{2}|[a-z][a-z0-9-]{0,62})$/, 'name a calendar, or a country in two capital letters') // biome-ignore format: one line

const calendar = z.object({
  name: z.string(),
  country: z.string().nullable().describe('whose holidays are holidays here, too'),
  days: z.array(day).describe('its own holidays'),
  working: z.array(z.string()).describe('days of the country that are no holidays here'),
})

export const calendars = {
  list: route({
    method: 'get',
    path: '/v1/calendars',
    access: 'read',
    summary: 'Calendars of holidays, by name',
    query: pageQuery,
    output: pageOf(calendar.pick({ name: true, country: true }).extend({ days: z.number(), working: z.number() })),
  }),
  get: route({
    method: 'get',
    path: '/v1/calendars/{name}',
    access: 'read',
    summary: 'The holidays of a calendar, or of a country (KR, JP)',
    params: z.object({ name: calendarName }),
    query: z.object({ year: z.coerce.number().int().min(1900).max(2200).optional() }),
    output: calendar.extend({
      holidays: z.array(day).describe('all, or those of the year, in their order'),
      until: z.string().nullable().describe('the last day up to which they are known'),
    }),
  }),
  set: route({
    method: 'post',
    path: '/v1/calendars/{name}',
    access: 'write',
    summary: 'Makes a calendar, or brings it to what is said now; schedules that name it go by it at once',
    params: named,
    body: z
      .object({
        country: country.optional(),
        days: z.array(day).max(10_000).optional(),
        working: z.array(date).max(10_000).optional(),
      })
      .strict(),
    output: calendar,
  }),
  remove: route({
    method: 'post',
    path: '/v1/calendars/{name}/remove',
    access: 'write',
    summary: 'Takes a calendar away that no schedule names',
    params: named,
    body: z.object({}).strict(),
    output: z.object({ removed: z.string() }),
  }),
}
