import type { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { requireCalendar } from './calendars.ts'
import { clockOf, type Database, type Queries } from './database.ts'
import { and, asc, eq, gt, isNotNull, isNull, lte } from './drizzle.ts'
import { type Job, type NewJob, queued } from './jobs.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { requirePool } from './pools.ts'
import { jobs } from './schema/jobs.ts'
import { schedules } from './schema/schedules.ts'
import { unknownName } from './unknown.ts'

export type Schedule = typeof schedules.$inferSelect
/** What a schedule bounds its jobs by; nothing unless it is said. */
type Limits = Pick<Schedule, 'pool' | 'maxActive' | 'timeout' | 'doneWithin' | 'calendar' | 'rests' | 'instead'>
const UNLIMITED: Limits = {
  pool: null,
  maxActive: null,
  timeout: null,
  doneWithin: null,
  calendar: null,
  rests: null,
  instead: null,
}
export type NewSchedule = Omit<
  Schedule,
  'workspace' | 'last' | 'caller' | 'created' | 'paused' | 'watch' | 'seen' | keyof Limits
> & {
  readonly watch?: string | null
} & Partial<Limits>

/** What a schedule that is due comes to: moments that get a job each, and the one after. */
export interface Due {
  readonly moments: readonly number[]
  readonly next: number | null
}

export interface Schedules {
  /** Makes a schedule, or brings it to what is said now; it stays paused if it was. @throws POOL_UNKNOWN, CALENDAR_UNKNOWN */
  set(scope: Scope, schedule: NewSchedule): Promise<Schedule>
  /** @throws SCHEDULE_UNKNOWN */
  get(scope: Scope, name: string): Promise<Schedule>
  /** By name. */
  list(scope: Scope, page?: PageRequest): Promise<Page<Schedule>>
  /** Stops it, or lets it go on from the moment given. @throws SCHEDULE_UNKNOWN */
  pause(scope: Scope, name: string, next: number | null | 'pause'): Promise<Schedule>
  /** Brings the moment that comes to what it is by a calendar that was changed, unless it has come meanwhile. */
  moves(scope: Scope, s: Pick<Schedule, 'name' | 'next'>, next: number | null): Promise<void>
  /** Takes it away; jobs that it queued stay. @throws SCHEDULE_UNKNOWN */
  remove(scope: Scope, name: string): Promise<void>
  /**
   * Queues a job for each moment that `plan` gives of schedules whose next one has come, and notes the one after, all or nothing. Of many that ask at once
   * each moment gets one job. Gives the jobs that were queued.
   */
  fire(scope: Scope, now: number, plan: (s: Schedule) => Due): Promise<number>
  /** Those that watch something and are not paused. */
  watching(scope: Scope): Promise<Schedule[]>
  /**
   * Notes how that is which a schedule watches, and queues a job where it was otherwise before. Of many that see the same change one queues it; none does while
   * a job of the schedule waits, which will see it, too. True where one was queued.
   */
  saw(scope: Scope, s: Pick<Schedule, 'name' | 'seen'>, state: string, now: number): Promise<boolean>
  /** Queues a job of it now. @throws SCHEDULE_UNKNOWN */
  now(scope: Scope, name: string): Promise<Job>
}

/** The job of a moment. */
const jobOf = (s: Schedule, due: number): NewJob => {
  const { recipe, recipeJson, folder, engine, priority, tags, mostAttempts, pool, maxActive, timeout } = s
  const as = { recipe, recipeJson, folder, engine, priority, tags, mostAttempts, pool, maxActive, timeout }
  const doneBy = s.doneWithin === null ? null : due + s.doneWithin
  return { ...as, schedule: s.name, due, notBefore: due, doneBy }
}

export function schedulesOn(db: Database): Schedules {
  const at = (scope: Scope, name: string) => and(eq(schedules.workspace, scope.workspace), eq(schedules.name, name))
  const unknown = async (q: Queries, scope: Scope, name: string): Promise<GalleyError> => {
    const mine = eq(schedules.workspace, scope.workspace)
    const all = await q.select({ name: schedules.name }).from(schedules).where(mine).limit(1000)
    return unknownName('SCHEDULE_UNKNOWN', 'schedule', name, all.map((s) => s.name)) // biome-ignore format: one line
  }
  return {
    set: (scope, given) =>
      db.write(`the schedule '${given.name}' could not be set`, async (q) => {
        const schedule = { ...UNLIMITED, ...given }
        await requirePool(q, scope, schedule.pool)
        await requireCalendar(q, scope, schedule.calendar)
        const own = {
          workspace: scope.workspace,
          paused: false,
          last: null,
          seen: null,
          caller: scope.caller,
          created: db.now(),
        }
        const [row] = await q
          .insert(schedules)
          .values({ ...schedule, ...own })
          .onConflictDoUpdate({ target: [schedules.workspace, schedules.name], set: { ...schedule, seen: null } })
          .returning()
        return row as Schedule
      }),
    get: (scope, name) =>
      db.read('the schedule could not be read', async (q) => {
        const [row] = await q.select().from(schedules).where(at(scope, name))
        if (!row) throw await unknown(q, scope, name)
        return row
      }),
    list: (scope, page = {}) =>
      db.read('the schedules could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const mine = eq(schedules.workspace, scope.workspace)
        const rows = await q
          .select()
          .from(schedules)
          .where(and(mine, after === undefined ? undefined : gt(schedules.name, after)))
          .orderBy(asc(schedules.name))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.name)
      }),
    pause: (scope, name, next) =>
      db.write(`the schedule '${name}' could not be changed`, async (q) => {
        const set = next === 'pause' ? { paused: true } : { paused: false, next }
        const [row] = await q.update(schedules).set(set).where(at(scope, name)).returning()
        if (!row) throw await unknown(q, scope, name)
        return row
      }),
    moves: async (scope, s, next) => {
      const then = s.next === null ? isNull(schedules.next) : eq(schedules.next, s.next)
      await db.write(`the schedule '${s.name}' could not be changed`, (q) =>
        q
          .update(schedules)
          .set({ next })
          .where(and(at(scope, s.name), then)),
      )
    },
    remove: (scope, name) =>
      db.write(`the schedule '${name}' could not be removed`, async (q) => {
        const gone = await q.delete(schedules).where(at(scope, name)).returning({ name: schedules.name })
        if (gone.length === 0) throw await unknown(q, scope, name)
      }),
    fire: (scope, now, plan) =>
      db.write('schedules that are due could not be looked at', async (q) => {
        const due = await q
          .select()
          .from(schedules)
          .where(and(eq(schedules.workspace, scope.workspace), eq(schedules.paused, false), lte(schedules.next, now)))
          .for('update', { skipLocked: true })
        let count = 0
        for (const s of due) {
          const { moments, next } = plan(s)
          for (const due of moments) if (await queued(q, scope, jobOf(s, due), db.now(), s.caller)) count++
          await q
            .update(schedules)
            .set({ next, last: moments.at(-1) ?? s.last })
            .where(at(scope, s.name))
        }
        return count
      }),
    watching: (scope) =>
      db.read('the schedules could not be read', (q) =>
        q
          .select()
          .from(schedules)
          .where(
            and(eq(schedules.workspace, scope.workspace), eq(schedules.paused, false), isNotNull(schedules.watch)),
          ),
      ),
    saw: (scope, { name, seen }, state, now) =>
      db.write(`what the schedule '${name}' watches could not be noted`, async (q) => {
        const before = seen === null ? isNull(schedules.seen) : eq(schedules.seen, seen)
        const [s] = await q
          .update(schedules)
          .set({ seen: state, last: now })
          .where(and(at(scope, name), before, eq(schedules.paused, false)))
          .returning()
        if (!s || seen === state) return false
        const own = and(eq(jobs.workspace, scope.workspace), eq(jobs.schedule, name), eq(jobs.status, 'queued'))
        const waiting = await q.select({ number: jobs.number }).from(jobs).where(own).limit(1)
        if (waiting.length > 0) return false
        return (await queued(q, scope, jobOf(s, now), db.now(), s.caller)) !== undefined
      }),
    now: (scope, name) =>
      db.write(`a job of the schedule '${name}' could not be queued`, async (q) => {
        const [s] = await q.select().from(schedules).where(at(scope, name)).for('update')
        if (!s) throw await unknown(q, scope, name)
        // a moment that has a job already is that job's
        for (let due = await clockOf(q); ; due++) {
          const job = await queued(q, scope, jobOf(s, due), db.now())
          if (job) return job
        }
      }),
  }
}
