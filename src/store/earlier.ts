import type { Database } from './database.ts'
import { and, desc, eq, isNull, lt, sql } from './drizzle.ts'
import { runs } from './schema/runs.ts'
import { steps } from './schema/steps.ts'
import type { Steps } from './steps.ts'

const ofPartition = (partition: string | undefined) =>
  partition === undefined ? isNull(runs.partition) : eq(runs.partition, partition)

/** What steps of earlier runs have left. */
export function earlierSteps(db: Database): Pick<Steps, 'newest' | 'newestOf' | 'before'> {
  return {
    newest: (scope, id) =>
      db.read('the steps could not be read', async (q) => {
        const [row] = await q
          .select()
          .from(steps)
          .where(and(eq(steps.workspace, scope.workspace), eq(steps.id, id), eq(steps.status, 'done')))
          .orderBy(desc(steps.runNumber))
          .limit(1)
        return row
      }),

    newestOf: (scope, recipe, id, partition) =>
      db.read('the steps could not be read', async (q) => {
        const [row] = await q
          .select({ step: steps })
          .from(runs)
          .innerJoin(steps, and(eq(steps.run, runs.id), eq(steps.id, id), eq(steps.status, 'done')))
          .where(and(eq(runs.workspace, scope.workspace), eq(runs.recipe, recipe), ofPartition(partition)))
          .orderBy(desc(runs.number))
          .limit(1)
        return row?.step
      }),

    before: (scope, recipe, number, partition) =>
      db.read('the steps could not be read', (q) => {
        const of = and(eq(runs.workspace, scope.workspace), eq(runs.recipe, recipe), ofPartition(partition), lt(runs.number, number)) // biome-ignore format: one line
        const newest = q.select({ id: runs.id }).from(runs).where(of).orderBy(desc(runs.number)).limit(1)
        return q
          .select({ id: steps.id, run: steps.run, keyParts: steps.keyParts, ended: steps.ended })
          .from(steps)
          .where(and(eq(steps.run, sql`(${newest})`), eq(steps.status, 'done')))
      }),
  }
}
