import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { and, asc, eq, gt, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { jobs } from './schema/jobs.ts'
import { pools } from './schema/pools.ts'
import { schedules } from './schema/schedules.ts'
import { unknownName } from './unknown.ts'

/** A pool, and how many of its jobs run and wait. */
export interface Pool {
  readonly name: string
  readonly slots: number
  readonly running: number
  readonly queued: number
}

export interface Pools {
  /** Makes a pool, or gives it other slots: jobs that run go on where there are fewer. */
  set(scope: Scope, name: string, slots: number): Promise<Pool>
  /** By name. */
  list(scope: Scope, page?: PageRequest): Promise<Page<Pool>>
  /** @throws POOL_UNKNOWN, STORE_CONFLICT while a schedule or a job that has not ended names it */
  remove(scope: Scope, name: string): Promise<void>
}

const at = (scope: Scope, name: string) => and(eq(pools.workspace, scope.workspace), eq(pools.name, name))

async function unknown(q: Queries, scope: Scope, name: string): Promise<GalleyError> {
  const all = await q.select({ name: pools.name }).from(pools).where(eq(pools.workspace, scope.workspace)).limit(1000)
  const { what, why, details } = unknownName('POOL_UNKNOWN', 'pool', name, all.map((p) => p.name)) // biome-ignore format: one line
  return new GalleyError('POOL_UNKNOWN', { what, ...(why ? { why } : {}), details, fix: `make it: galley pools set ${name} --slots 1` }) // biome-ignore format: one line
}

/** Holds a pool that a job or a schedule names, so that it stays until the end of the transaction. @throws POOL_UNKNOWN */
export async function requirePool(q: Queries, scope: Scope, name: string | null | undefined): Promise<void> {
  if (name === null || name === undefined) return
  const [found] = await q.select({ name: pools.name }).from(pools).where(at(scope, name)).for('key share')
  if (!found) throw await unknown(q, scope, name)
}

export function poolsOn(db: Database): Pools {
  const jobsIn = (status: 'running' | 'queued') =>
    sql<number>`(select count(*)::integer from ${jobs} where ${jobs.workspace} = ${pools.workspace} and ${jobs.pool} = ${pools.name} and ${jobs.status} = ${status})`
  const columns = { name: pools.name, slots: pools.slots, running: jobsIn('running'), queued: jobsIn('queued') }
  return {
    set: (scope, name, slots) =>
      db.write(`the pool '${name}' could not be set`, async (q) => {
        const own = { workspace: scope.workspace, caller: scope.caller, created: db.now() }
        await q
          .insert(pools)
          .values({ ...own, name, slots })
          .onConflictDoUpdate({ target: [pools.workspace, pools.name], set: { slots } })
        return (await q.select(columns).from(pools).where(at(scope, name)))[0] as Pool
      }),
    list: (scope, page = {}) =>
      db.read('the pools could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const mine = eq(pools.workspace, scope.workspace)
        const rows = await q
          .select(columns)
          .from(pools)
          .where(and(mine, after === undefined ? undefined : gt(pools.name, after)))
          .orderBy(asc(pools.name))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.name)
      }),
    remove: (scope, name) =>
      db.write(`the pool '${name}' could not be removed`, async (q) => {
        const [found] = await q.select({ name: pools.name }).from(pools).where(at(scope, name)).for('update')
        if (!found) throw await unknown(q, scope, name)
        const open = and(eq(jobs.workspace, scope.workspace), eq(jobs.pool, name), sql`${jobs.status} in ('queued', 'running', 'waiting')`) // biome-ignore format: one line
        const [job] = await q.select({ number: jobs.number }).from(jobs).where(open).limit(1)
        const named = and(eq(schedules.workspace, scope.workspace), eq(schedules.pool, name))
        const [schedule] = await q.select({ name: schedules.name }).from(schedules).where(named).limit(1)
        if (job || schedule)
          throw new GalleyError('STORE_CONFLICT', {
            what: `the pool '${name}' is in use`,
            why: schedule
              ? `the schedule '${schedule.name}' names it`
              : `job ${job?.number} names it and has not ended`,
            fix: schedule ? 'set the schedule without it first' : 'wait for its jobs, or cancel them',
          })
        await q.delete(pools).where(at(scope, name))
      }),
  }
}
