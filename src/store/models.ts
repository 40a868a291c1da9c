import type { Scope } from '../base/scope.ts'
import type { Database, Queries } from './database.ts'
import { and, asc, desc, eq, gt, lt, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { models, modelVersions } from './schema/models.ts'
import { unknownName, unknownVersion } from './unknown.ts'

export type Model = typeof models.$inferSelect
export type ModelVersion = typeof modelVersions.$inferSelect
/** What a version is published with: the rest is given by the store. */
export type NewModelVersion = Omit<typeof modelVersions.$inferInsert, 'workspace' | 'version' | 'created'>

export interface Models {
  /** Publishes the next version. In a transaction it is visible, and its number taken, only if that commits. */
  publish(scope: Scope, version: NewModelVersion): Promise<ModelVersion>
  /** The version, or the newest. @throws MODEL_UNKNOWN */
  get(scope: Scope, name: string, version?: number): Promise<ModelVersion>
  find(scope: Scope, name: string, version?: number): Promise<ModelVersion | undefined>
  /** By name. */
  list(scope: Scope, page?: PageRequest): Promise<Page<Model>>
  /** Newest first. */
  versions(scope: Scope, name: string, page?: PageRequest): Promise<Page<ModelVersion>>
  /** The versions that were trained on versions of a dataset. */
  trainedOn(scope: Scope, dataset: string): Promise<ModelVersion[]>
  /** What a run has published. */
  ofRun(scope: Scope, run: string): Promise<ModelVersion[]>
}

export function modelsOn(db: Database): Models {
  const named = (scope: Scope, name: string) => and(eq(models.workspace, scope.workspace), eq(models.name, name))
  const versionsOf = (scope: Scope, name: string) =>
    and(eq(modelVersions.workspace, scope.workspace), eq(modelVersions.name, name))

  const findWith = async (q: Queries, scope: Scope, name: string, version?: number) => {
    const wanted = version === undefined ? undefined : eq(modelVersions.version, version)
    const [row] = await q
      .select()
      .from(modelVersions)
      .where(and(versionsOf(scope, name), wanted))
      .orderBy(desc(modelVersions.version))
      .limit(1)
    return row
  }

  return {
    publish: (scope, version) =>
      db.write(`the model '${version.name}' could not be published`, async (q) => {
        const [head] = await q
          .insert(models)
          .values({ workspace: scope.workspace, name: version.name, latest: 1, created: db.now() })
          .onConflictDoUpdate({ target: [models.workspace, models.name], set: { latest: sql`${models.latest} + 1` } })
          .returning({ latest: models.latest })
        const values = { ...version, workspace: scope.workspace, version: head?.latest ?? 1, created: db.now() }
        const [row] = await q.insert(modelVersions).values(values).returning()
        return row as ModelVersion
      }),

    find: (scope, name, version) =>
      db.read(`the model '${name}' could not be read`, (q) => findWith(q, scope, name, version)),

    get: (scope, name, version) =>
      db.read(`the model '${name}' could not be read`, async (q) => {
        const row = await findWith(q, scope, name, version)
        if (row) return row
        const [head] = await q.select().from(models).where(named(scope, name))
        if (head && version !== undefined) throw unknownVersion('MODEL_UNKNOWN', 'model', name, version, head.latest)
        const all = await q.select({ name: models.name }).from(models).where(eq(models.workspace, scope.workspace))
        throw unknownName(
          'MODEL_UNKNOWN',
          'model',
          name,
          all.map((each) => each.name),
        )
      }),

    list: (scope, page = {}) =>
      db.read('the models could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(models)
          .where(and(eq(models.workspace, scope.workspace), after === undefined ? undefined : gt(models.name, after)))
          .orderBy(asc(models.name))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.name)
      }),

    versions: (scope, name, page = {}) =>
      db.read(`the versions of '${name}' could not be read`, async (q) => {
        const before = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(modelVersions)
          .where(and(versionsOf(scope, name), before === undefined ? undefined : lt(modelVersions.version, before)))
          .orderBy(desc(modelVersions.version))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.version)
      }),

    trainedOn: (scope, dataset) =>
      db.read(`the models of the dataset '${dataset}' could not be read`, (q) =>
        q
          .select()
          .from(modelVersions)
          .where(and(eq(modelVersions.workspace, scope.workspace), eq(modelVersions.dataset, dataset)))
          .orderBy(modelVersions.name, modelVersions.version),
      ),

    ofRun: (scope, run) =>
      db.read('the models of the run could not be read', (q) =>
        q
          .select()
          .from(modelVersions)
          .where(and(eq(modelVersions.workspace, scope.workspace), eq(modelVersions.run, run)))
          .orderBy(modelVersions.name, modelVersions.version),
      ),
  }
}
