import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, desc, eq, lt, sql } from './drizzle.ts'
import { jsonb } from './json.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { qualityChecks } from './schema/quality.ts'

/** What checking a dataset found, whether a version came of it or not. */
export type QualityCheck = typeof qualityChecks.$inferSelect
export type NewQualityCheck = Omit<QualityCheck, 'workspace' | 'id' | 'at'>

export interface QualityChecks {
  record(scope: Scope, check: NewQualityCheck): Promise<void>
  /** Newest first; `published` leaves out those that stopped their run, `expectation` those that have none of that title. */
  list(
    scope: Scope,
    dataset: string,
    page?: PageRequest & { published?: boolean; expectation?: string | undefined },
  ): Promise<Page<QualityCheck>>
  /** The newest check of a version. */
  ofVersion(scope: Scope, dataset: string, version: number): Promise<QualityCheck | undefined>
}

export function qualityOn(db: Database): QualityChecks {
  const of = (scope: Scope, dataset: string) =>
    and(eq(qualityChecks.workspace, scope.workspace), eq(qualityChecks.dataset, dataset))
  return {
    record: async (scope, check) => {
      const values = { ...check, workspace: scope.workspace, at: db.now() }
      await db.write('the quality check could not be recorded', (q) => q.insert(qualityChecks).values(values))
    },
    list: (scope, dataset, page = {}) =>
      db.read('the quality checks could not be read', async (q) => {
        const before = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(qualityChecks)
          .where(
            and(
              of(scope, dataset),
              before === undefined ? undefined : lt(qualityChecks.id, before),
              page.published ? eq(qualityChecks.passed, true) : undefined,
              page.expectation === undefined ? undefined : sql`${jsonb(sql`${qualityChecks.verdicts}`)} @> ${JSON.stringify([{ title: page.expectation }])}::jsonb`, // biome-ignore format: one line
            ),
          )
          .orderBy(desc(qualityChecks.id))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.id)
      }),
    ofVersion: (scope, dataset, version) =>
      db.read('the quality check could not be read', async (q) => {
        const [row] = await q
          .select()
          .from(qualityChecks)
          .where(and(of(scope, dataset), eq(qualityChecks.version, version)))
          .orderBy(desc(qualityChecks.id))
          .limit(1)
        return row
      }),
  }
}
