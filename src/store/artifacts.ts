import { GalleyError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, eq, gt } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { artifacts } from './schema/artifacts.ts'

export type Artifact = typeof artifacts.$inferSelect
export type NewArtifact = Omit<typeof artifacts.$inferInsert, 'workspace' | 'id' | 'created'>

export interface Artifacts {
  /** Records a file that a step left; its bytes are a blob put before. */
  add(scope: Scope, artifact: NewArtifact): Promise<Artifact>
  /** @throws RUN_UNKNOWN */
  get(scope: Scope, id: string): Promise<Artifact>
  list(
    scope: Scope,
    page?: PageRequest & {
      run?: string | undefined
      step?: string | undefined
      kind?: string | undefined
      name?: string | undefined
    },
  ): Promise<Page<Artifact>>
}

export function artifactsOn(db: Database): Artifacts {
  return {
    add: (scope, artifact) =>
      db.write(`the artifact '${artifact.name}' could not be recorded`, async (q) => {
        const values = { ...artifact, workspace: scope.workspace, id: newId(), created: db.now() }
        const [row] = await q.insert(artifacts).values(values).returning()
        return row as Artifact
      }),
    get: (scope, id) =>
      db.read('the artifact could not be read', async (q) => {
        const here = and(eq(artifacts.workspace, scope.workspace), eq(artifacts.id, id))
        const [row] = await q.select().from(artifacts).where(here)
        if (row) return row
        throw new GalleyError('RUN_UNKNOWN', { what: `there is no artifact ${id}`, fix: "list the run's artifacts" })
      }),
    list: (scope, page = {}) =>
      db.read('the artifacts could not be read', async (q) => {
        const after = keyOf(page, 'string')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(artifacts)
          .where(
            and(
              eq(artifacts.workspace, scope.workspace),
              after === undefined ? undefined : gt(artifacts.id, after),
              page.run === undefined ? undefined : eq(artifacts.run, page.run),
              page.step === undefined ? undefined : eq(artifacts.step, page.step),
              page.kind === undefined ? undefined : eq(artifacts.kind, page.kind),
              page.name === undefined ? undefined : eq(artifacts.name, page.name),
            ),
          )
          .orderBy(asc(artifacts.id))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.id)
      }),
  }
}
