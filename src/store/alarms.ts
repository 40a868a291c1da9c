import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, desc, eq, isNotNull, sql } from './drizzle.ts'
import { jsonb } from './json.ts'
import { jobs } from './schema/jobs.ts'
import { monitorWindows } from './schema/windows.ts'

/** The last time that something went wrong, for what is run by that. */
export interface Alarms {
  /** When the newest window of an endpoint began that is an alarm, ms since 1970; undefined where none is. */
  drift(scope: Scope, endpoint: string): Promise<number | undefined>
  /** When the last job of a recipe ended that has failed for good, ms since 1970; undefined where none has. */
  failed(scope: Scope, recipe: string): Promise<number | undefined>
}

export function alarmsOn(db: Database): Alarms {
  return {
    drift: (scope, endpoint) =>
      db.read('the alarms could not be read', async (q) => {
        const [newest] = await q
          .select({ at: monitorWindows.start })
          .from(monitorWindows)
          .where(
            and(
              eq(monitorWindows.workspace, scope.workspace),
              eq(monitorWindows.endpoint, endpoint),
              sql`${jsonb(sql`${monitorWindows.verdict}`)} ->> 'status' = 'alarm'`,
            ),
          )
          .orderBy(desc(monitorWindows.start))
          .limit(1)
        return newest?.at
      }),
    failed: (scope, recipe) =>
      db.read('the failed jobs could not be read', async (q) => {
        const [newest] = await q
          .select({ at: jobs.ended })
          .from(jobs)
          .where(
            and(
              eq(jobs.workspace, scope.workspace),
              eq(jobs.recipe, recipe),
              eq(jobs.status, 'failed'),
              isNotNull(jobs.ended),
            ),
          )
          .orderBy(desc(jobs.ended))
          .limit(1)
        return newest?.at ?? undefined
      }),
  }
}
