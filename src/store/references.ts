import type { Queries } from './database.ts'
import { type SQL, sql } from './drizzle.ts'
import { jsonb } from './json.ts'

/** What a branch gets of its parent: these datasets, or all. */
export interface Chosen {
  readonly datasets?: readonly string[] | undefined
}

/** Rows of a table as another workspace's, but for columns that are given otherwise. */
async function copied(
  q: Queries,
  table: string,
  [from, to]: readonly [string, string],
  where: SQL = sql`true`,
  otherwise: Readonly<Record<string, SQL>> = {},
  order: SQL = sql``,
): Promise<void> {
  const { rows } = await q.execute<{ name: string }>(sql`
    select column_name as name from information_schema.columns
    where table_schema = current_schema() and table_name = ${table} and coalesce(column_default, '') not like 'nextval%' order by ordinal_position`)
  const names = rows.map((r) => r.name)
  const given: Readonly<Record<string, SQL>> = { ...otherwise, workspace: sql`${to}` }
  const columns = sql.join(names.map((n) => sql.identifier(n)), sql`, `) // biome-ignore format: one line
  const values = sql.join(names.map((n) => (Object.hasOwn(given, n) ? (given[n] as SQL) : sql`t.${sql.identifier(n)}`)), sql`, `) // biome-ignore format: one line
  await q.execute(sql`insert into ${sql.identifier(table)} (${columns}) select ${values} from ${sql.identifier(table)} t
    where t.workspace = ${from} and ${where} ${order}`)
}

/** How far a source was read, among what the cache keeps: it has pieces. */
export const isPosition = sql`json_typeof(t.output) = 'object' and jsonb_typeof(${jsonb(sql`t.output`)} -> 'pieces') = 'array'`

/** Fills a branch with rows that point to what its parent's point to. */
export async function refer(q: Queries, from: string, to: string, { datasets }: Chosen): Promise<void> {
  const way = [from, to] as const
  const list = (names: readonly string[]) => sql`(${sql.join(names.map((n) => sql`${n}`), sql`, `)})` // biome-ignore format: one line
  const chosen = (column: string): SQL =>
    datasets === undefined ? sql`true` : datasets.length === 0 ? sql`false` : sql`t.${sql.identifier(column)} in ${list(datasets)}` // biome-ignore format: one line
  await copied(q, 'datasets', way, chosen('name'))
  // a run is of its own workspace: who made a version is told beside it
  const made = sql`coalesce(t.origin, (select json_build_object('workspace', w.name, 'version', t.version, 'run', r.number,
      'recipe', r.recipe, 'recipeJson', case when t.version = d.latest then r.recipe_json end)
    from workspaces w join datasets d on d.workspace = w.id and d.name = t.name
    left join runs r on r.workspace = t.workspace and r.id = t.run where w.id = t.workspace))`
  await copied(q, 'dataset_versions', way, chosen('name'), { run: sql`null`, origin: made })
  await copied(q, 'dataset_tags', way, chosen('name'))
  // numbered anew, in their order
  await copied(q, 'quality_checks', way, chosen('dataset'), {}, sql`order by t.id`)
  await copied(q, 'models', way)
  // one that was trained on a dataset that is left out is left out
  await copied(q, 'model_versions', way, sql`(t.dataset is null or ${chosen('dataset')})`, { run: sql`null` })
  await q.execute(sql`delete from models m where workspace = ${to}
    and not exists (select from model_versions v where v.workspace = ${to} and v.name = m.name and v.version = m.latest)`)
  // what was kept of a dataset or model that is not here would name a version that is none
  const gone = (noun: string) =>
    sql`not exists (select from ${sql.identifier(noun)} p where p.workspace = ${from} and p.name = t.step
      and not exists (select from ${sql.identifier(noun)} o where o.workspace = ${to} and o.name = t.step))`
  await copied(q, 'step_outputs', way, sql`${gone('datasets')} and ${gone('models')}`)
  await q.execute(sql`insert into branch_bases (workspace, noun, name, base, own, mark)
    select workspace, 'dataset', name, latest, latest, null from datasets where workspace = ${to}
    union all select workspace, 'model', name, latest, latest, null from models where workspace = ${to}
    union all select t.workspace, 'position', t.key, 0, 0, md5(t.output::text) from step_outputs t
      where t.workspace = ${to} and ${isPosition}`)
  await referSources(q, from, to)
}

/** Fills a branch with what was pushed to its parent, and with whom not to write again. */
export async function referSources(q: Queries, from: string, to: string): Promise<void> {
  const way = [from, to] as const
  for (const table of ['push_sources', 'push_batches', 'suppression_salts', 'suppressions']) await copied(q, table, way)
}
