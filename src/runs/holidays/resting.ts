import { GalleyError } from '../../base/errors.ts'
import type { Schedule } from '../../store/schedules.ts'
import { type Calendar, calendarOf } from '../calendar.ts'

/** What of a schedule says at which moments it comes. */
export type Resting = Pick<Schedule, 'zone' | 'calendar' | 'rests' | 'instead'> & { readonly cron: string }

const DAY = 86_400_000
/** Days in a row on which nothing is done, at most. */
const MOST_DAYS = 400
/** Moments that are looked at, at most, for one that is left. */
const MOST_LOOKED = 1000

const dayBefore = (date: string): string => new Date(Date.parse(date) - DAY).toISOString().slice(0, 10)
const isWeekend = (date: string): boolean => [0, 6].includes(new Date(date).getUTCDay())

const formats = new Map<string, Intl.DateTimeFormat>()
/** The date that a zone's clock shows. */
function dateIn(zone: string, moment: number): string {
  let format = formats.get(zone)
  if (!format) formats.set(zone, (format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }))) // biome-ignore format: one line
  return format.format(moment)
}

/** @throws SCHEDULE_INVALID for what says nothing, or nothing certain */
export function checkResting({
  cron,
  watch,
  calendar,
  rests,
  instead,
}: Omit<Resting, 'cron' | 'zone'> & { readonly cron: string | null; readonly watch: string | null }): void {
  const invalid = (what: string, why: string, fix: string) => new GalleyError('SCHEDULE_INVALID', { what, why, fix })
  if (cron === null && instead !== null)
    throw invalid(`what runs when ${watch} has changed comes on no other day instead`, 'what changes on a day on which it rests is seen on the first one after', 'leave it out') // biome-ignore format: one line
  if (rests !== null && rests !== 'weekends' && calendar === null)
    throw invalid(`it is to rest on ${rests}, and nothing says which are holidays`, 'each country has its own', 'name a calendar, or a country: --calendar KR') // biome-ignore format: one line
  if (rests === 'weekends' && calendar !== null)
    throw invalid('a calendar is named, and it is to rest on weekends alone', 'holidays would make no difference', 'leave the calendar out, or say --except non-business-days') // biome-ignore format: one line
  if (instead === null) return
  if (rests === null)
    throw invalid(`it is to come on the ${instead.replace('-', ' ')} instead of none`, 'it rests on no days', 'say on which: --except weekends') // biome-ignore format: one line
  if (!/^\s*\d+\s+\d+\s/.test(cron as string))
    throw invalid(`'${cron}' can't come on another day instead`, 'moments are moved to the same time of another day where they have one time', "give one minute and one hour: '30 9 * * *'") // biome-ignore format: one line
}

const isOff = (rests: Schedule['rests'], date: string, holidays: ReadonlyMap<string, string>): boolean =>
  rests !== null && ((rests !== 'weekends' && holidays.has(date)) || (rests !== 'holidays' && isWeekend(date)))

/** Whether a schedule rests on the day that its zone's clock shows at a moment. */
export const restsAt = (
  { rests, zone }: Pick<Schedule, 'rests' | 'zone'>,
  moment: number,
  holidays: ReadonlyMap<string, string> = new Map(),
): boolean => rests !== null && isOff(rests, dateIn(zone, moment), holidays)

/** A schedule's moments: those of its cron but for days on which it rests, by the date that its zone's clock shows then; of those the ones of the next or previous day that is none of them. @throws SCHEDULE_INVALID */
export function momentsOf(s: Resting, holidays: ReadonlyMap<string, string> = new Map()): Calendar {
  const cron = calendarOf(s.cron, s.zone)
  const { rests, instead, zone } = s
  if (rests === null) return cron
  const off = (date: string) => isOff(rests, date, holidays)
  const rested = (moment: number) => off(dateIn(zone, moment))
  if (instead === null) return leavingOut(cron, calendarOf('0 0 * * *', zone), rested)
  const [minute, hour] = s.cron.trim().split(/\s+/)
  const daily = calendarOf(`${minute} ${hour} * * *`, zone)
  return instead === 'next-day'
    ? movedOn(cron, daily, rested, (m) => lengthBefore(dateIn(zone, m), off))
    : movedBack(cron, daily, rested)
}

/** Days before a date on which it rests without a pause. */
function lengthBefore(date: string, off: (date: string) => boolean): number {
  let n = 0
  for (let before = dayBefore(date); n < MOST_DAYS && off(before); before = dayBefore(before)) n++
  return n
}

function leavingOut(cron: Calendar, midnights: Calendar, rested: (moment: number) => boolean): Calendar {
  const later = (from: number | null): number | null => {
    let next = from
    for (let days = 0; next !== null && rested(next); days++) {
      if (days === MOST_DAYS) return null
      next = midnights.after(next)
    }
    return next
  }
  return {
    after(moment) {
      let next = cron.after(moment)
      for (let looked = 0; next !== null && rested(next); looked++) {
        const awake = looked === MOST_LOOKED ? null : later(next)
        next = awake === null ? null : cron.after(awake - 1000)
      }
      return next
    },
  }
}

/** The first of the moments, as they are moved, that is after one, which stays in their order; null once there is none to move to. */
function firstAfter(cron: Calendar, from: number, moment: number, moved: (m: number) => number | null): number | null {
  let next = cron.after(from)
  for (let looked = 0; next !== null && looked < MOST_LOOKED; looked++) {
    const at = moved(next)
    if (at === null || at > moment) return at
    next = cron.after(next)
  }
  return null
}

function movedOn(
  cron: Calendar,
  daily: Calendar,
  rested: (m: number) => boolean,
  before: (m: number) => number,
): Calendar {
  const moved = (m: number): number | null => {
    let at: number | null = m
    for (let days = 0; at !== null && rested(at); days++) at = days === MOST_DAYS ? null : daily.after(at)
    return at
  }
  return { after: (moment) => firstAfter(cron, moment - (before(moment) + 2) * DAY, moment, moved) }
}

function movedBack(cron: Calendar, daily: Calendar, rested: (m: number) => boolean): Calendar {
  const dayBeforeOf = (m: number): number | null => {
    let last: number | null = null
    for (let at = daily.after(m - 2 * DAY - DAY / 12); at !== null && at < m; at = daily.after(at)) last = at
    return last
  }
  const moved = (m: number): number | null => {
    let at: number | null = m
    for (let days = 0; at !== null && rested(at); days++) at = days === MOST_DAYS ? null : dayBeforeOf(at)
    return at
  }
  return {
    after(moment) {
      // nothing is moved to between the moment and the first day on which it does not rest; all that comes from then on is moved no further back
      let awake = daily.after(moment)
      for (let days = 0; awake !== null && rested(awake); days++) awake = days === MOST_DAYS ? null : daily.after(awake)
      const next = awake === null ? null : cron.after(awake - 1000)
      return next === null ? null : moved(next)
    },
  }
}
