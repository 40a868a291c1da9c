import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { and, asc, eq, gt, isNotNull } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { calendars } from './schema/calendars.ts'
import { schedules } from './schema/schedules.ts'
import { unknownName } from './unknown.ts'

/** Holidays of a workspace's own: days, `2026-05-01` each, and those of a country but for some. */
export interface HolidayCalendar {
  readonly name: string
  readonly country: string | null
  readonly days: readonly { readonly date: string; readonly name: string }[]
  readonly working: readonly string[]
}

export interface Calendars {
  /** Makes a calendar, or brings it to what is said now. */
  set(scope: Scope, calendar: HolidayCalendar): Promise<void>
  /** @throws CALENDAR_UNKNOWN */
  get(scope: Scope, name: string): Promise<HolidayCalendar>
  /** By name. */
  list(scope: Scope, page?: PageRequest): Promise<Page<HolidayCalendar>>
  /** @throws CALENDAR_UNKNOWN, STORE_CONFLICT while a schedule names it */
  remove(scope: Scope, name: string): Promise<void>
  /** What schedules name: calendars of the workspace, and countries. */
  used(scope: Scope): Promise<readonly (HolidayCalendar | string)[]>
}

const at = (scope: Scope, name: string) => and(eq(calendars.workspace, scope.workspace), eq(calendars.name, name))
const of = ({ name, country, days, working }: typeof calendars.$inferSelect): HolidayCalendar => ({ name, country, days: days as HolidayCalendar['days'], working }) // biome-ignore format: one line
const isCountry = (name: string) => /^[A-Z]{2}$/.test(name)

async function unknown(q: Queries, scope: Scope, name: string): Promise<GalleyError> {
  const mine = eq(calendars.workspace, scope.workspace)
  const all = await q.select({ name: calendars.name }).from(calendars).where(mine).limit(1000)
  const { what, why, details } = unknownName('CALENDAR_UNKNOWN', 'calendar', name, all.map((c) => c.name)) // biome-ignore format: one line
  return new GalleyError('CALENDAR_UNKNOWN', { what, ...(why ? { why } : {}), details, fix: `make it: galley calendars set ${name} --file holidays.ics; or name a country: KR` }) // biome-ignore format: one line
}

/** Holds a calendar that a schedule names, so that it stays until the end of the transaction. @throws CALENDAR_UNKNOWN */
export async function requireCalendar(q: Queries, scope: Scope, name: string | null): Promise<void> {
  if (name === null || isCountry(name)) return
  const [found] = await q.select({ name: calendars.name }).from(calendars).where(at(scope, name)).for('key share')
  if (!found) throw await unknown(q, scope, name)
}

export function calendarsOn(db: Database): Calendars {
  return {
    set: (scope, { name, country, days, working }) =>
      db.write(`the calendar '${name}' could not be set`, async (q) => {
        const set = { country, days, working: [...working] }
        await q
          .insert(calendars)
          .values({ workspace: scope.workspace, name, ...set, caller: scope.caller, created: db.now() })
          .onConflictDoUpdate({ target: [calendars.workspace, calendars.name], set })
      }),
    get: (scope, name) =>
      db.read('the calendar could not be read', async (q) => {
        const [row] = await q.select().from(calendars).where(at(scope, name))
        if (!row) throw await unknown(q, scope, name)
        return of(row)
      }),
    list: (scope, page = {}) =>
      db.read('the calendars could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const mine = eq(calendars.workspace, scope.workspace)
        const rows = await q
          .select()
          .from(calendars)
          .where(and(mine, after === undefined ? undefined : gt(calendars.name, after)))
          .orderBy(asc(calendars.name))
          .limit(limit + 1)
        return pageOf(rows.map(of), limit, (row) => row.name)
      }),
    remove: (scope, name) =>
      db.write(`the calendar '${name}' could not be removed`, async (q) => {
        const [found] = await q.select({ name: calendars.name }).from(calendars).where(at(scope, name)).for('update')
        if (!found) throw await unknown(q, scope, name)
        const named = and(eq(schedules.workspace, scope.workspace), eq(schedules.calendar, name))
        const [schedule] = await q.select({ name: schedules.name }).from(schedules).where(named).limit(1)
        if (schedule)
          throw new GalleyError('STORE_CONFLICT', {
            what: `the calendar '${name}' is in use`,
            why: `the schedule '${schedule.name}' names it`,
            fix: 'set the schedule without it first',
          })
        await q.delete(calendars).where(at(scope, name))
      }),
    used: (scope) =>
      db.read('the calendars could not be read', async (q) => {
        const rows = await q
          .selectDistinctOn([schedules.calendar], { used: schedules.calendar, row: calendars })
          .from(schedules)
          .leftJoin(
            calendars,
            and(eq(calendars.workspace, schedules.workspace), eq(calendars.name, schedules.calendar)),
          )
          .where(and(eq(schedules.workspace, scope.workspace), isNotNull(schedules.calendar)))
        return rows.map(({ used, row }) => (row ? of(row) : (used as string)))
      }),
  }
}
