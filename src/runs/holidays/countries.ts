import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { HolidayCalendar } from '../../store/calendars.ts'
import type { Store } from '../../store/store.ts'

/** Holidays by date (`2026-05-01`), with their names. */
export interface Holidays {
  readonly days: ReadonlyMap<string, string>
  /** The last day up to which they are known; null where nothing says so. */
  readonly until: string | null
}

const endOf = (dates: Iterable<string>): string | null => {
  const years = [...dates].map((date) => date.slice(0, 4)).sort()
  return years.length === 0 ? null : `${years.at(-1)}-12-31`
}

/** Countries whose holidays come with Galley, each loaded when it is first asked for. */
const COUNTRIES: Readonly<Record<string, () => Promise<ReadonlyMap<string, string>>>> = {
  /** As the official gazette has them: by the lunar calendar, substitute and temporary ones, and elections. */
  KR: async () => {
    const years = Object.values(await import('@hyunbinseo/holidays-kr/all'))
    return new Map(years.flatMap((y) => Object.entries(y).map(([date, names]) => [date, (names as readonly string[]).join(', ')]))) // biome-ignore format: one line
  },
  JP: async () => {
    const { default: days } = await import('@holiday-jp/holiday_jp/lib/holidays.js')
    return new Map(Object.values(days).map(({ date, name }) => [date, name]))
  },
}
const loaded = new Map<string, Promise<Holidays>>()

/** @throws CALENDAR_UNKNOWN for a country whose holidays do not come with Galley */
export function holidaysOfCountry(country: string): Promise<Holidays> {
  const load = Object.hasOwn(COUNTRIES, country) ? COUNTRIES[country] : undefined
  if (!load)
    throw new GalleyError('CALENDAR_UNKNOWN', {
      what: `the holidays of '${country}' do not come with Galley`,
      why: `those of ${Object.keys(COUNTRIES).join(' and ')} do`,
      fix: 'make a calendar of a file: galley calendars set NAME --file holidays.ics; calendar services publish one for each country',
    })
  let found = loaded.get(country)
  if (!found) loaded.set(country, (found = load().then((days) => ({ days, until: endOf(days.keys()) }))))
  return found
}

/** A calendar's holidays: those of its country, with its own and without those that are worked. @throws CALENDAR_UNKNOWN */
export async function holidaysOf(given: Omit<HolidayCalendar, 'name'>): Promise<Holidays> {
  const of = given.country === null ? undefined : await holidaysOfCountry(given.country)
  const days = new Map(of?.days)
  for (const date of given.working) days.delete(date)
  for (const { date, name } of given.days) days.set(date, name)
  return { days, until: of ? of.until : endOf(days.keys()) }
}

/** A country's holidays, or those of a calendar of the workspace. @throws CALENDAR_UNKNOWN */
export const holidaysNamed = async (store: Store, scope: Scope, name: string): Promise<Holidays> =>
  /^[A-Z]{2}$/.test(name) ? holidaysOfCountry(name) : holidaysOf(await store.calendars.get(scope, name))

/**
 * What schedules of a workspace need to know of holidays, by the name that they have for it; without those that this Galley does not know: a newer one may have set the schedule.
 */
export async function holidaysUsed(store: Store, scope: Scope): Promise<ReadonlyMap<string, Holidays>> {
  const used = new Map<string, Holidays>()
  for (const each of await store.calendars.used(scope)) {
    const [name, country] = typeof each === 'string' ? [each, each] : [each.name, each.country]
    if (country !== null && !Object.hasOwn(COUNTRIES, country)) continue
    used.set(name, typeof each === 'string' ? await holidaysOfCountry(each) : await holidaysOf(each))
  }
  return used
}
