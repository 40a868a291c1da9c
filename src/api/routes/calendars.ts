import { systemClock } from '../../base/clock.ts'
import type { Scope } from '../../base/scope.ts'
import { holidaysNamed, holidaysOf } from '../../runs/holidays/countries.ts'
import { momentsOf } from '../../runs/holidays/resting.ts'
import type { HolidayCalendar } from '../../store/calendars.ts'
import type { Store } from '../../store/store.ts'
import type { NounHandlers } from './handlers.ts'

const present = ({ name, country, days, working }: HolidayCalendar) => ({ name, country, days: [...days], working: [...working] }) // biome-ignore format: one line

/** Brings what schedules of a calendar come at next to what it says now; what is due already stays due. */
async function moveSchedules(store: Store, scope: Scope, calendar: HolidayCalendar): Promise<void> {
  const { days } = await holidaysOf(calendar)
  const now = systemClock.now()
  for (let cursor: string | undefined; ; ) {
    const page = await store.schedules.list(scope, { limit: 500, ...(cursor ? { cursor } : {}) })
    for (const s of page.items)
      if (s.calendar === calendar.name && s.cron !== null && (s.next === null || s.next > now))
        await store.schedules.moves(scope, s, momentsOf({ ...s, cron: s.cron }, days).after(now))
    if (!page.next) return
    cursor = page.next
  }
}

export const calendars: NounHandlers<'calendars'> = {
  list: async ({ ware: { store }, scope, query }) => {
    const page = await store.calendars.list(scope, query)
    return { ...page, items: page.items.map(({ name, country, days, working }) => ({ name, country, days: days.length, working: working.length })) } // biome-ignore format: one line
  },
  get: async ({ ware: { store }, scope, params: { name }, query: { year } }) => {
    const { days, until } = await holidaysNamed(store, scope, name)
    const own = /^[A-Z]/.test(name) ? { name, country: name, days: [], working: [] } : await store.calendars.get(scope, name) // biome-ignore format: one line
    const all = [...days].map(([date, called]) => ({ date, name: called })).toSorted((a, b) => (a.date < b.date ? -1 : 1)) // biome-ignore format: one line
    return { ...present(own), until, holidays: all.filter(({ date }) => year === undefined || date.startsWith(`${year}-`)) } // biome-ignore format: one line
  },
  set: async ({ ware: { store }, scope, params, body }) => {
    const made = { name: params.name, country: body.country ?? null, days: body.days ?? [], working: body.working ?? [] } // biome-ignore format: one line
    await holidaysOf(made)
    await store.calendars.set(scope, made)
    await moveSchedules(store, scope, made)
    return made
  },
  remove: async ({ ware: { store }, scope, params }) => {
    await store.calendars.remove(scope, params.name)
    return { removed: params.name }
  },
}
