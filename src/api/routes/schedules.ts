import type { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import { calendarOf, momentsAfter } from '../../runs/calendar.ts'
import type { Schedule } from '../../store/schedules.ts'
import type { schedule } from '../contract/schedules.ts'
import type { NounHandlers } from './handlers.ts'
import { jobOf } from './jobs.ts'

const present = (s: Schedule): z.input<typeof schedule> => ({
  ...{ name: s.name, recipe: s.recipe, cron: s.cron, zone: s.zone, catchUp: s.catchUp, paused: s.paused },
  ...{ next: s.next, last: s.last, priority: s.priority, tags: [...s.tags] },
})

export const schedules: NounHandlers<'schedules'> = {
  list: async ({ ware: { store }, scope, query }) => {
    const page = await store.schedules.list(scope, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware: { store }, scope, params }) => {
    const found = await store.schedules.get(scope, params.name)
    return { ...present(found), coming: momentsAfter(found.cron, found.zone, systemClock.now(), 5) }
  },
  set: async ({ ware: { store }, scope, params, body }) => {
    const { cron, zone, catchUp = 'once', ...queued } = body
    const next = calendarOf(cron, zone).after(systemClock.now())
    return present(await store.schedules.set(scope, { name: params.name, ...jobOf(queued), cron, zone, catchUp, next }))
  },
  pause: async ({ ware: { store }, scope, params }) =>
    present(await store.schedules.pause(scope, params.name, 'pause')),
  resume: async ({ ware: { store }, scope, params }) => {
    const { cron, zone } = await store.schedules.get(scope, params.name)
    return present(await store.schedules.pause(scope, params.name, calendarOf(cron, zone).after(systemClock.now())))
  },
  remove: async ({ ware: { store }, scope, params }) => {
    await store.schedules.remove(scope, params.name)
    return { removed: params.name }
  },
}
