import type { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import { type Calendar, momentsAfter } from '../../runs/calendar.ts'
import { holidaysNamed } from '../../runs/holidays/countries.ts'
import { checkResting, momentsOf, type Resting } from '../../runs/holidays/resting.ts'
import type { Recipe } from '../../runs/specs.ts'
import { requireOthers } from '../../runs/watched.ts'
import type { Schedule } from '../../store/schedules.ts'
import type { Store } from '../../store/store.ts'
import type { schedule } from '../contract/schedules.ts'
import type { NounHandlers } from './handlers.ts'
import { jobOf, present as presentJob, secondsOf } from './jobs.ts'

const present = (s: Schedule): z.input<typeof schedule> => ({
  ...{
    name: s.name,
    recipe: s.recipe,
    cron: s.cron,
    watch: s.watch,
    zone: s.zone,
    catchUp: s.catchUp,
    paused: s.paused,
  },
  ...{ next: s.next, last: s.last, priority: s.priority, tags: [...s.tags] },
  ...{ calendar: s.calendar, except: s.rests, instead: s.instead },
  ...{ pool: s.pool, maxActive: s.maxActive, timeout: secondsOf(s.timeout), doneWithin: secondsOf(s.doneWithin) },
})

/** A schedule's moments, by the holidays as they are known now. @throws SCHEDULE_INVALID, CALENDAR_UNKNOWN */
const momentsIn = async (store: Store, scope: Scope, s: Resting): Promise<Calendar> =>
  momentsOf(s, s.calendar === null ? undefined : (await holidaysNamed(store, scope, s.calendar)).days)

export const schedules: NounHandlers<'schedules'> = {
  list: async ({ ware: { store }, scope, query }) => {
    const page = await store.schedules.list(scope, query)
    return { ...page, items: page.items.map(present) }
  },
  get: async ({ ware: { store }, scope, params }) => {
    const found = await store.schedules.get(scope, params.name)
    return { ...present(found), coming: found.cron === null ? [] : momentsAfter(await momentsIn(store, scope, { ...found, cron: found.cron }), await store.clock(), 5) } // biome-ignore format: one line
  },
  set: async ({ ware: { store }, scope, params, body }) => {
    const { cron = null, watch = null, zone = 'UTC', catchUp = 'once', doneWithin: within, ...more } = body
    const { calendar = null, except = calendar === null ? null : 'non-business-days', instead = null, ...queued } = more
    const doneWithin = within === undefined ? null : Math.round(within * 1000)
    if ((cron === null) === (watch === null))
      throw new GalleyError('SCHEDULE_INVALID', {
        what: `'${params.name}' has ${cron === null ? 'neither a cron nor' : 'both a cron and'} something to watch`,
        why: 'it runs by one of them',
        fix: "give moments (cron: '0 6 * * *'), or what is watched (watch: 'dataset:flights')",
      })
    const job = jobOf(queued)
    if (watch !== null) requireOthers(watch, queued.recipe as { readonly name: string } & Partial<Recipe>)
    const rest = { calendar, rests: except, instead }
    checkResting({ ...rest, cron, watch })
    // a calendar or a zone that is not there is told now, also where there are no moments
    if (cron === null && except !== null)
      await momentsIn(store, scope, { ...rest, instead: null, cron: '0 0 * * *', zone })
    const next =
      cron === null ? null : (await momentsIn(store, scope, { ...rest, cron, zone })).after(await store.clock())
    return present(
      await store.schedules.set(scope, {
        name: params.name,
        ...job,
        cron,
        watch,
        zone,
        catchUp,
        doneWithin,
        ...rest,
        next,
      }),
    )
  },
  pause: async ({ ware: { store }, scope, params }) =>
    present(await store.schedules.pause(scope, params.name, 'pause')),
  resume: async ({ ware: { store }, scope, params }) => {
    const s = await store.schedules.get(scope, params.name)
    const next =
      s.cron === null ? null : (await momentsIn(store, scope, { ...s, cron: s.cron })).after(await store.clock())
    return present(await store.schedules.pause(scope, params.name, next))
  },
  fire: async ({ ware: { store }, scope, params }) => presentJob(await store.schedules.now(scope, params.name)),
  remove: async ({ ware: { store }, scope, params }) => {
    await store.schedules.remove(scope, params.name)
    return { removed: params.name }
  },
}
