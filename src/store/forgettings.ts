import { newId } from '../base/ids.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, eq, type SQL, sql } from './drizzle.ts'
import { jsonb } from './json.ts'
import { forgettings } from './schema/forgettings.ts'

export type Forgetting = typeof forgettings.$inferSelect

export interface Forgettings {
  /** Begins one, or goes on with the one of the same value that is pending. */
  begin(scope: Scope, asked: { dataset: string; column: string; value: string }): Promise<Forgetting>
  /** Those that were begun and not ended, the oldest first. */
  pending(scope: Scope, dataset: string): Promise<Forgetting[]>
  /** The datasets that somebody is being forgotten in. */
  open(scope: Scope): Promise<string[]>
  /** Notes a folder that a version no longer lies in. */
  left(scope: Scope, id: string, folder: string): Promise<void>
  /** Changes outputs of steps, kept or of runs, that name a file by its SHA-256. */
  recast(scope: Scope, sha256: string, change: (output: unknown) => unknown): Promise<void>
  /** Takes examples of rows out of what is on record of a dataset: checks, outputs and failures of its steps. */
  redact(scope: Scope, dataset: string): Promise<void>
  /** Blobs of what programs said in runs whose recipe names the dataset. */
  logs(scope: Scope, dataset: string): Promise<string[]>
  /** Has all that says a blob of what a program said say another. */
  relog(scope: Scope, from: string, to: { readonly hash: string; readonly bytes: number }): Promise<void>
  /** Takes what matches a regular expression out of what such runs tell of their programs: their lines, and why they failed. */
  unsay(scope: Scope, dataset: string, pattern: string): Promise<void>
  /** Ends it: the value is removed, the report stays. */
  finish(scope: Scope, id: string, report: unknown): Promise<void>
}

const [error, fields, output, verdicts] = [
  jsonb(sql`error`),
  jsonb(sql`fields`),
  jsonb(sql`output`),
  jsonb(sql`verdicts`),
]

/** Runs whose recipe names a dataset: one that it publishes, or reads. */
const naming = (scope: Scope, dataset: string) => sql`(select id from runs where workspace = ${scope.workspace}
  and (position(${`"${dataset}"`} in recipe_json::text) > 0 or position(${`"${dataset}@`} in recipe_json::text) > 0))`

export function forgettingsOn(db: Database): Forgettings {
  const at = (scope: Scope, id: string) => and(eq(forgettings.workspace, scope.workspace), eq(forgettings.id, id))
  const pendingOf = (scope: Scope, dataset: string) =>
    and(eq(forgettings.workspace, scope.workspace), eq(forgettings.dataset, dataset), eq(forgettings.state, 'pending'))
  return {
    begin: (scope, asked) =>
      db.write('the forgetting could not be begun', async (q) => {
        const same = and(eq(forgettings.column, asked.column), eq(forgettings.value, asked.value))
        const [known] = await q
          .select()
          .from(forgettings)
          .where(and(pendingOf(scope, asked.dataset), same))
        if (known) return known
        const values = {
          ...asked,
          ...{ workspace: scope.workspace, id: newId(), state: 'pending' as const, gone: [] },
          ...{ caller: scope.caller, created: db.now() },
        }
        const [row] = await q.insert(forgettings).values(values).returning()
        return row as Forgetting
      }),
    pending: (scope, dataset) =>
      db.read('the forgettings could not be read', (q) =>
        q.select().from(forgettings).where(pendingOf(scope, dataset)).orderBy(asc(forgettings.created)),
      ),
    open: (scope) =>
      db.read('the forgettings could not be read', async (q) => {
        const mine = and(eq(forgettings.workspace, scope.workspace), eq(forgettings.state, 'pending'))
        const rows = await q.selectDistinct({ dataset: forgettings.dataset }).from(forgettings).where(mine)
        return rows.map((r) => r.dataset)
      }),
    left: async (scope, id, folder) => {
      const added = sql`(${forgettings.gone}::jsonb || ${JSON.stringify([folder])}::jsonb)::json`
      await db.write('the forgetting could not be noted', (q) =>
        q.update(forgettings).set({ gone: added }).where(at(scope, id)),
      )
    },
    recast: (scope, sha256, change) =>
      db.write('the outputs of steps could not be changed', async (q) => {
        for (const name of ['step_outputs', 'steps']) {
          const table = sql.identifier(name)
          const { rows } = await q.execute<{ place: string; output: unknown }>(sql`
            select ctid::text as place, output from ${table}
            where workspace = ${scope.workspace} and position(${sha256} in output::text) > 0 for update`)
          for (const { place, output } of rows)
            await q.execute(sql`
              update ${table} set output = ${JSON.stringify(change(output))}::json where ctid = ${place}::tid`)
        }
      }),
    redact: async (scope, dataset) => {
      const mine = sql`workspace = ${scope.workspace}`
      /** Verdicts without their examples. */
      const bare = (json: SQL) =>
        sql`(select coalesce(jsonb_agg(v - 'examples'), '[]') from jsonb_array_elements(${json}) as v)`
      const within = (table: SQL, column: SQL, where: SQL) => sql`
        update ${table} set ${column} = jsonb_set(${jsonb(column)}, '{verdicts}', ${bare(sql`${jsonb(column)} -> 'verdicts'`)})::json
        where ${mine} and ${where} and jsonb_typeof(${jsonb(column)} -> 'verdicts') = 'array'`
      const failed = (table: SQL, where: SQL) => sql`
        update ${table} set error = (${error} #- '{details,examples}' || '{"why":"what it named was removed"}')::json
        where ${mine} and ${where} and ${error} ->> 'code' = 'QUALITY_FAILED'`
      const runs = sql`id in (select run from steps where ${mine} and id = ${dataset})`
      await db.write('examples of rows could not be removed', async (q) => {
        await q.execute(sql`update quality_checks set verdicts = ${bare(verdicts)}::json
          where ${mine} and dataset = ${dataset} and jsonb_typeof(${verdicts}) = 'array'`)
        await q.execute(within(sql`dataset_versions`, sql`details`, sql`name = ${dataset}`))
        await q.execute(within(sql`steps`, sql`output`, sql`id = ${dataset}`))
        await q.execute(within(sql`step_outputs`, sql`output`, sql`step = ${dataset}`))
        await q.execute(failed(sql`steps`, sql`id = ${dataset}`))
        await q.execute(failed(sql`runs`, runs))
        await q.execute(failed(sql`jobs`, sql`run in (select run from steps where ${mine} and id = ${dataset})`))
        await q.execute(sql`update run_lines set fields = (${fields} || '{"why":"what it named was removed"}')::json
          where ${mine} and run in (select run from steps where ${mine} and id = ${dataset}) and ${fields} ->> 'code' = 'QUALITY_FAILED'`)
        await q.execute(sql`update run_lines set message = 'what was told was removed'
          where ${mine} and step = ${dataset} and level = 'warn'`)
      })
    },
    logs: (scope, dataset) =>
      db.read('what programs said could not be read', async (q) => {
        const { rows } = await q.execute<{ blob: string }>(sql`
          select blob from artifacts where workspace = ${scope.workspace} and kind = 'log' and run in ${naming(scope, dataset)}
          union select ${output} ->> 'log' from steps where workspace = ${scope.workspace} and kind = 'process'
            and ${output} ->> 'log' is not null and run in ${naming(scope, dataset)}`)
        return rows.map((r) => r.blob)
      }),
    relog: async (scope, from, { hash, bytes }) => {
      await db.write('what programs said could not be changed', (q) =>
        q.execute(sql`update artifacts set blob = ${hash}, bytes = ${bytes}
          where workspace = ${scope.workspace} and kind = 'log' and blob = ${from}`),
      )
    },
    unsay: async (scope, dataset, pattern) => {
      const runs = naming(scope, dataset)
      const mine = sql`workspace = ${scope.workspace}`
      const bare = (table: SQL, where: SQL) => sql`
        update ${table} set error = ((case when ${error} ->> 'what' ~ ${pattern} then ${error} || '{"what":"what was told was removed"}' else ${error} end)
          #- '{details,items}' || '{"why":"what it named was removed"}')::json
        where ${mine} and ${where} and ${error} ->> 'code' = 'STEP_FAILED' and error::text ~ ${pattern}`
      const told = sql`${mine} and run in ${runs} and step in (select id from steps s where s.run = run_lines.run and kind = 'process')`
      await db.write('what programs said could not be removed', async (q) => {
        await q.execute(bare(sql`steps`, sql`kind = 'process' and run in ${runs}`))
        await q.execute(bare(sql`runs`, sql`id in ${runs}`))
        await q.execute(bare(sql`jobs`, sql`run in ${runs}`))
        await q.execute(sql`update run_lines set message = 'what was told was removed' where ${told} and message ~ ${pattern}`) // biome-ignore format: one line
        await q.execute(sql`update run_lines set fields = (${fields} || '{"why":"what it named was removed"}')::json
          where ${told} and fields::text ~ ${pattern}`)
      })
    },
    finish: async (scope, id, report) => {
      const values = { state: 'done' as const, value: null, report, ended: db.now() }
      await db.write('the forgetting could not be ended', (q) => q.update(forgettings).set(values).where(at(scope, id)))
    },
  }
}
