import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { type SQL, sql } from './drizzle.ts'
import { jsonb } from './json.ts'

/** What runs have left and nothing asks for any more. */
export interface Leftovers {
  /** Runs that say they are under way; a killed one does, too. */
  underWay(scope: Scope): Promise<number>
  /**
   * Folders of steps' files (`_orders/0123…`) that something on record says: versions, endpoints, models, steps of runs since `before`, the newest output of each
   * step, and outputs in the cache that `expire` leaves.
   */
  needed(scope: Scope, before: number): Promise<ReadonlySet<string>>
  /** Hashes of blobs that something on record says. */
  hashes(scope: Scope): Promise<ReadonlySet<string>>
  /** Forgets outputs in the cache from before a time, but for the newest of each step and for how far sources were read. Gives how many. Logs of runs of then go too. */
  expire(scope: Scope, before: number): Promise<number>
}

const output = jsonb(sql`output`)

/** Tables whose rows are looked at otherwise, or say only what was. */
const APART = ['step_outputs', 'steps', 'runs', 'run_lines', 'events']
/** A folder within the workspace's part of the data folder, in any text. */
const FOLDER = '/(_[^/"]+/[0-9a-z]{8,64})(?![0-9a-z])'

export function leftoversOn(db: Database): Leftovers {
  const mine = (scope: Scope) => sql`workspace = ${scope.workspace}`
  // an output has the hash of its content; how far a source was read has not, and can't be found out again
  const expired = (scope: Scope, before: number): SQL => sql`
    ${mine(scope)} and created < ${new Date(before).toISOString()}
    and ${output} ->> 'hash' is not null and ${output} -> 'pieces' is null
    and key not in (select distinct on (step) key from step_outputs where ${mine(scope)}
      and ${output} ->> 'hash' is not null order by step, created desc)`
  return {
    underWay: (scope) =>
      db.read('the runs could not be counted', async (q) => {
        const { rows } = await q.execute<{ n: string }>(
          sql`select count(*) as n from runs where ${mine(scope)} and status = 'running'`,
        )
        return Number(rows[0]?.n ?? 0)
      }),
    needed: (scope, before) =>
      db.read('what is needed could not be read', async (q) => {
        const tables = await q.execute<{ name: string }>(sql`
          select table_name as name from information_schema.columns
          where table_schema = current_schema() and column_name = 'workspace'`)
        const others = tables.rows
          .filter(({ name }) => !APART.includes(name))
          .map(({ name }) => sql`select t::text as said from ${sql.identifier(name)} as t where ${mine(scope)}`)
        const said = [
          ...others,
          sql`select output::text from step_outputs where ${mine(scope)} and not (${expired(scope, before)})`,
          sql`select output::text from steps where ${mine(scope)} and (started >= ${new Date(before).toISOString()}
            or run in (select id from runs where ${mine(scope)} and status in ('running', 'waiting')))`,
          sql`select said from (select distinct on (id) output::text as said from steps
            where ${mine(scope)} and status = 'done' order by id, started desc) as newest`,
        ]
        const { rows } = await q.execute<{ folder: string }>(sql`
          select distinct m[1] as folder from (${sql.join(said, sql` union all `)}) as every(said),
            regexp_matches(said, ${FOLDER}, 'g') as m`)
        return new Set(rows.map((r) => r.folder))
      }),
    hashes: (scope) =>
      db.read('what is needed could not be read', async (q) => {
        const said = ['model_versions', 'artifacts', 'step_outputs', 'steps', 'endpoints', 'deployments'].map(
          (name) => sql`select t::text as said from ${sql.identifier(name)} as t where ${mine(scope)}`,
        )
        const { rows } = await q.execute<{ hash: string }>(sql`
          select distinct m[1] as hash from (${sql.join(said, sql` union all `)}) as every(said),
            regexp_matches(said, '([0-9a-f]{64})', 'g') as m`)
        return new Set(rows.map((r) => r.hash))
      }),
    expire: (scope, before) =>
      db.write('the cache could not be changed', async (q) => {
        const { rowCount } = await q.execute(sql`delete from step_outputs where ${expired(scope, before)}`)
        await q.execute(sql`delete from run_lines where ${mine(scope)} and at < ${new Date(before).toISOString()}`)
        return rowCount ?? 0
      }),
  }
}
