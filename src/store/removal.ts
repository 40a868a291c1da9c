import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { eq, type SQL, sql } from './drizzle.ts'
import { workspaces } from './schema/workspaces.ts'

/** What a workspace holds, by noun. */
export interface WorkspaceCounts {
  readonly datasets: number
  readonly versions: number
  readonly models: number
  readonly runs: number
  readonly sources: number
  readonly schedules: number
  /** Jobs that have not ended. */
  readonly jobs: number
  readonly endpoints: number
  /** Branches that were made of it. */
  readonly branches: number
}

export interface Removal {
  counts(scope: Scope): Promise<WorkspaceCounts>
  /**
   * Takes all rows of a workspace away and notes that it is being removed; its branches have no parent from then on. `killed` are its runs that say that they run and can't.
   * @throws STORE_CONFLICT while a run is under way
   */
  clear(scope: Scope, killed: readonly string[]): Promise<void>
  /** Takes the workspace itself away, once its files are gone. */
  drop(scope: Scope): Promise<void>
}

/** Rows that others of the workspace point to go after these. */
const FIRST = ['endpoints', 'dataset_tags', 'model_versions']

/** The tables whose rows belong to a workspace. */
export async function workspaceTables(q: Queries): Promise<string[]> {
  const { rows } = await q.execute<{ name: string }>(sql`
    select table_name as name from information_schema.columns
    where table_schema = current_schema() and column_name = 'workspace' order by 1`)
  return rows.map((r) => r.name)
}

export function removalOn(db: Database): Removal {
  const counting = async (q: Queries, { workspace }: Scope): Promise<WorkspaceCounts> => {
    const n = (table: string, and: SQL = sql``) =>
      sql`(select count(*)::int from ${sql.identifier(table)} where workspace = ${workspace} ${and})`
    const { rows } = await q.execute<Record<keyof WorkspaceCounts, number>>(sql`
      select ${n('datasets')} as datasets, ${n('dataset_versions')} as versions, ${n('model_versions')} as models,
        ${n('runs')} as runs, ${n('push_sources')} as sources, ${n('schedules')} as schedules,
        ${n('jobs', sql`and status in ('queued', 'running', 'waiting')`)} as jobs, ${n('endpoints')} as endpoints,
        (select count(*)::int from branches where parent = ${workspace}) as branches`)
    return rows[0] as WorkspaceCounts
  }
  return {
    counts: (scope) => db.read('what the workspace holds could not be counted', (q) => counting(q, scope)),
    clear: async (scope, killed) => {
      await db.write('the workspace could not be removed', async (q) => {
        const { workspace } = scope
        // from here to the end of the transaction nothing begins in it
        await q.select().from(workspaces).where(eq(workspaces.id, workspace)).for('update')
        const { rows } = await q.execute<{ number: number; id: string }>(
          sql`select number, id from runs where workspace = ${workspace} and status = 'running'`,
        )
        const running = rows.filter((r) => !killed.includes(r.id)).map((r) => r.number)
        if (running.length > 0)
          throw new GalleyError('STORE_CONFLICT', {
            what: 'the workspace is not removed',
            why: `run ${running.join(', ')} is under way in it`,
            fix: 'wait until it ends (galley runs ls), or cancel it, then ask again',
          })
        const tables = await workspaceTables(q)
        for (const table of [...FIRST, ...tables.filter((t) => !FIRST.includes(t))])
          await q.execute(sql`delete from ${sql.identifier(table)} where workspace = ${workspace}`)
        await q.execute(sql`update branches set parent = null where parent = ${workspace}`)
        await q.update(workspaces).set({ removing: db.now() }).where(eq(workspaces.id, workspace))
      })
    },
    drop: async ({ workspace }) => {
      await db.write('the workspace could not be removed', (q) =>
        q.delete(workspaces).where(eq(workspaces.id, workspace)),
      )
    },
  }
}
