import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { and, asc, desc, eq, gt, inArray, isNotNull, lt, sql } from './drizzle.ts'
import { jsonb } from './json.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { datasets, datasetVersions } from './schema/datasets.ts'
import { unknownName, unknownVersion } from './unknown.ts'

export type Dataset = typeof datasets.$inferSelect
export type DatasetVersion = typeof datasetVersions.$inferSelect
/** What a version is published with: the rest is given by the store. */
export type NewDatasetVersion = Omit<typeof datasetVersions.$inferInsert, 'workspace' | 'version' | 'created'>

/** A version that something goes on from; 0 for none. */
export interface MadeFrom {
  readonly version: number
  /** Where its manifest lies. */
  readonly path?: string
}
export type Rewritten = Pick<DatasetVersion, 'rows' | 'bytes' | 'hash' | 'path' | 'details'>

/** Who made a version that is here by reference, in whose workspace. */
export interface VersionOrigin {
  readonly workspace: string
  /** Its number there. */
  readonly version: number
  readonly run: number | null
  readonly recipe: string | null
  /** Of a newest version: the recipe as it was run. */
  readonly recipeJson?: unknown
}

export interface Datasets {
  /**
   * Publishes the next version. In a transaction it is visible, and its number taken, only if that commits. With `after`,
   * the version that it was made from (0 for none) has to be the newest still, and to lie where it was.
   * @throws STORE_CONFLICT when another writer published since
   */
  publish(scope: Scope, version: NewDatasetVersion, after?: MadeFrom): Promise<DatasetVersion>
  /** What a version is once rows were taken out of it: another manifest under the same number. @throws STORE_CONFLICT when it lies elsewhere meanwhile */
  rewrite(scope: Scope, name: string, from: MadeFrom, now: Rewritten): Promise<void>
  /** The version, or the newest. @throws DATASET_UNKNOWN */
  get(scope: Scope, name: string, version?: number): Promise<DatasetVersion>
  find(scope: Scope, name: string, version?: number): Promise<DatasetVersion | undefined>
  /** By name. */
  list(scope: Scope, page?: PageRequest): Promise<Page<Dataset>>
  /** Newest first. */
  versions(scope: Scope, name: string, page?: PageRequest): Promise<Page<DatasetVersion>>
  /** Takes versions out of the list; their files are the caller's. The newest, and one with a tag, can't be taken. @throws STORE_CONFLICT */
  remove(scope: Scope, name: string, versions: readonly number[]): Promise<void>
  /** Versions that a run under way has read or names, and those that a job which waits names. */
  readers(scope: Scope, name: string): Promise<readonly { readonly version: number; readonly by: string }[]>
  /** What a run has published. */
  ofRun(scope: Scope, run: string): Promise<DatasetVersion[]>
  /** The newest versions that another workspace made. */
  brought(scope: Scope): Promise<DatasetVersion[]>
}

export function datasetsOn(db: Database): Datasets {
  const named = (scope: Scope, name: string) => and(eq(datasets.workspace, scope.workspace), eq(datasets.name, name))
  const versionsOf = (scope: Scope, name: string) =>
    and(eq(datasetVersions.workspace, scope.workspace), eq(datasetVersions.name, name))

  const findWith = async (q: Queries, scope: Scope, name: string, version?: number) => {
    const wanted = version === undefined ? undefined : eq(datasetVersions.version, version)
    const [row] = await q
      .select()
      .from(datasetVersions)
      .where(and(versionsOf(scope, name), wanted))
      .orderBy(desc(datasetVersions.version))
      .limit(1)
    return row
  }

  /** @throws STORE_CONFLICT for a version that was rewritten since it was read */
  const lies = async (q: Queries, scope: Scope, name: string, { version, path }: MadeFrom) => {
    const there = await findWith(q, scope, name, version)
    if (there?.path === path) return
    throw new GalleyError('STORE_CONFLICT', {
      what: `version ${version} of '${name}' was rewritten meanwhile`,
      why: 'rows were taken out of it, or it was removed',
      fix: 'run the recipe again: it goes on from what is there now',
      details: { dataset: name, version },
    })
  }

  return {
    publish: (scope, version, after) =>
      db.write(`the dataset '${version.name}' could not be published`, async (q) => {
        const [head] = await q
          .insert(datasets)
          .values({ workspace: scope.workspace, name: version.name, latest: 1, created: db.now() })
          .onConflictDoUpdate({
            target: [datasets.workspace, datasets.name],
            set: { latest: sql`${datasets.latest} + 1` },
          })
          .returning({ latest: datasets.latest })
        // the row is locked from here to the end of the transaction
        if (after !== undefined && head?.latest !== after.version + 1)
          throw overtaken(version.name, after.version, head?.latest ?? 1)
        if (after?.path !== undefined) await lies(q, scope, version.name, after)
        const values = { ...version, workspace: scope.workspace, version: head?.latest ?? 1, created: db.now() }
        const [row] = await q.insert(datasetVersions).values(values).returning()
        return row as DatasetVersion
      }),

    find: (scope, name, version) =>
      db.read(`the dataset '${name}' could not be read`, (q) => findWith(q, scope, name, version)),

    get: (scope, name, version) =>
      db.read(`the dataset '${name}' could not be read`, async (q) => {
        const row = await findWith(q, scope, name, version)
        if (row) return row
        const [head] = await q.select().from(datasets).where(named(scope, name))
        if (head) {
          const there = await q.select({ n: datasetVersions.version }).from(datasetVersions).where(versionsOf(scope, name)).orderBy(asc(datasetVersions.version)) // biome-ignore format: one line
          // published since it was looked for
          const now = await findWith(q, scope, name, version)
          if (now) return now
          throw unknownVersion('DATASET_UNKNOWN', 'dataset', name, version ?? head.latest, head.latest, there.map((v) => v.n)) // biome-ignore format: one line
        }
        const all = await q
          .select({ name: datasets.name })
          .from(datasets)
          .where(eq(datasets.workspace, scope.workspace))
        throw unknownName(
          'DATASET_UNKNOWN',
          'dataset',
          name,
          all.map((each) => each.name),
        )
      }),

    list: (scope, page = {}) =>
      db.read('the datasets could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(datasets)
          .where(
            and(eq(datasets.workspace, scope.workspace), after === undefined ? undefined : gt(datasets.name, after)),
          )
          .orderBy(asc(datasets.name))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.name)
      }),

    versions: (scope, name, page = {}) =>
      db.read(`the versions of '${name}' could not be read`, async (q) => {
        const before = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(datasetVersions)
          .where(and(versionsOf(scope, name), before === undefined ? undefined : lt(datasetVersions.version, before)))
          .orderBy(desc(datasetVersions.version))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.version)
      }),

    rewrite: async (scope, name, from, now) => {
      await db.write(`a version of '${name}' could not be rewritten`, async (q) => {
        await q.select().from(datasets).where(named(scope, name)).for('update')
        await lies(q, scope, name, from)
        await q
          .update(datasetVersions)
          .set(now)
          .where(and(versionsOf(scope, name), eq(datasetVersions.version, from.version)))
      })
    },

    remove: async (scope, name, versions) => {
      await db.write(`versions of '${name}' could not be removed`, async (q) => {
        const [head] = await q.select().from(datasets).where(named(scope, name)).for('update')
        if (head && versions.includes(head.latest)) throw overtaken(name, head.latest, head.latest + 1)
        await q
          .delete(datasetVersions)
          .where(and(versionsOf(scope, name), inArray(datasetVersions.version, [...versions])))
      })
    },

    brought: (scope) =>
      db.read('the datasets could not be read', async (q) => {
        const newest = and(
          eq(datasets.workspace, datasetVersions.workspace),
          eq(datasets.name, datasetVersions.name),
          eq(datasets.latest, datasetVersions.version),
        )
        const rows = await q
          .select({ version: datasetVersions })
          .from(datasetVersions)
          .innerJoin(datasets, newest)
          .where(and(eq(datasetVersions.workspace, scope.workspace), isNotNull(datasetVersions.origin)))
          .orderBy(datasetVersions.name)
        return rows.map((r) => r.version)
      }),

    readers: (scope, name) =>
      db.read(`the runs that read '${name}' could not be read`, async (q) => {
        const named = (
          table: string,
        ) => sql`select 'the ' || ${table === 'runs' ? 'run' : 'job'} || ' #' || number as by, s -> 'spec' ->> 'path' as reference
          from ${sql.identifier(table)}, jsonb_array_elements(case when jsonb_typeof(${jsonb(sql`recipe_json`)} -> 'steps') = 'array' then ${jsonb(sql`recipe_json`)} -> 'steps' end) as s
          where workspace = ${scope.workspace} and status in ('queued', 'running', 'waiting') and s -> 'spec' ->> 'connector' = 'dataset'`
        const { rows } = await q.execute<{ by: string; version: number }>(sql`
          select distinct by, split_part(reference, '@', 2)::int as version from (${named('runs')} union all ${named('jobs')} union all
            select 'the run #' || runs.number, ${jsonb(sql`steps.output`)} ->> 'version' from runs join steps on steps.run = runs.id
            where runs.workspace = ${scope.workspace} and runs.status in ('running', 'waiting') and steps.kind = 'source') as said
          where split_part(reference, '@', 1) = ${name} and reference ~ '@[1-9][0-9]{0,8}$' order by 2, 1`)
        return rows
      }),

    ofRun: (scope, run) =>
      db.read('the datasets of the run could not be read', (q) =>
        q
          .select()
          .from(datasetVersions)
          .where(and(eq(datasetVersions.workspace, scope.workspace), eq(datasetVersions.run, run)))
          .orderBy(datasetVersions.name, datasetVersions.version),
      ),
  }
}

function overtaken(name: string, after: number, next: number): GalleyError {
  return new GalleyError('STORE_CONFLICT', {
    what: `another writer published a version of '${name}'`,
    why: `this one goes on from ${after === 0 ? 'none' : `version ${after}`}, and the newest is version ${next - 1}`,
    fix: 'run the recipe again: it goes on from the newest version',
    details: { dataset: name, after, newest: next - 1 },
  })
}
