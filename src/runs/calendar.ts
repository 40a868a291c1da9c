import { Cron } from 'croner'
import { GalleyError } from '../base/errors.ts'
import { isZone } from '../plan/functions/zones.ts'
import type { Due, Schedule } from '../store/schedules.ts'

/** Moments that were missed and are done all the same, at most; the newest of more. */
export const MOST_MISSED = 1000
/** Moments that are looked at before those are passed over that would not be kept. */
const MOST_LOOKED = 20_000
const DAY = 86_400_000
/** ms that a moment may be late and count as its own time where nothing is caught up on. */
const LATE = 60_000

/** Moments, ms since 1970, in their order. */
export interface Calendar {
  after(moment: number): number | null
}

/**
 * The moments of a cron: five fields (minute, hour, day, month, day of week) read by a time zone's clock. A moment within an hour that the
 * clock skips is at the end of that hour; one that the clock has twice is at the first. @throws SCHEDULE_INVALID
 */
export function calendarOf(cron: string, zone: string): Calendar {
  const invalid = (what: string, why: string, fix: string) => new GalleyError('SCHEDULE_INVALID', { what, why, fix })
  if (!isZone(zone))
    throw invalid(
      `'${zone}' is no time zone`,
      'it is not in the list of the IANA',
      "name one, for instance 'Asia/Seoul'",
    )
  if (cron.trim().split(/\s+/).length !== 5)
    throw invalid(
      `'${cron}' is no cron`,
      'it has five fields: minute, hour, day of the month, month, day of the week',
      "write for instance '0 6 * * 1-5': at six on weekdays",
    )
  let pattern: Cron
  try {
    pattern = new Cron(cron, { timezone: zone, paused: true, mode: '5-part' })
  } catch (cause) {
    const why = (cause as Error).message.replace(/^CronPattern: /, '')
    throw invalid(`'${cron}' is no cron`, why, "write for instance '0 6 * * 1-5': at six on weekdays")
  }
  return { after: (moment) => pattern.nextRun(new Date(moment))?.getTime() ?? null }
}

/** The first moments after one. */
export function momentsAfter(calendar: Calendar, after: number, most: number): number[] {
  const found: number[] = []
  for (let next = calendar.after(after); next !== null && found.length < most; next = calendar.after(next))
    found.push(next)
  return found
}

/** What a schedule comes to whose next moment has come: that one and those since, as it says to catch up. @param moments those that it comes at */
export function dueAt(s: Schedule, now: number, moments: Calendar | null): Due {
  if (moments === null) return { moments: [], next: null }
  const missed: number[] = []
  // a day may have become a holiday since it was noted
  let next = s.next === null || s.rests === null ? s.next : moments.after(s.next - 1000)
  for (let looked = 1; next !== null && next <= now; looked++) {
    missed.push(next)
    if (missed.length > MOST_MISSED) missed.shift()
    // of years of minutes the oldest are not kept anyway
    next = moments.after(looked % MOST_LOOKED === 0 ? Math.max(next, now - MOST_MISSED * 60_000 - DAY) : next)
  }
  const newest = missed.at(-1)
  if (newest === undefined) return { moments: [], next }
  if (s.catchUp === 'all') return { moments: missed, next }
  return { moments: s.catchUp === 'once' || now - newest <= LATE ? [newest] : [], next }
}
