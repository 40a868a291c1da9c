import type { Scope } from '../base/scope.ts'
import type { Database } from './database.ts'
import { and, asc, eq, gt, inArray, sql } from './drizzle.ts'
import { keyOf, limitOf, type Page, type PageRequest, pageOf } from './page.ts'
import { toldJson, toldMoment } from './prepared.ts'
import { lines } from './schema/lines.ts'

/** A line of a run's log. */
export type Line = Pick<typeof lines.$inferSelect, 'number' | 'at' | 'level' | 'step' | 'message' | 'fields'>

export interface Lines {
  /** Adds lines after those that are there: one process at a time is at a run. */
  add(scope: Scope, run: string, more: readonly Omit<Line, 'number'>[]): Promise<void>
  /** In the order in which they were told; of a step, of a level and those above it. */
  list(
    scope: Scope,
    run: string,
    page?: PageRequest & { step?: string | undefined; level?: Line['level'] | undefined },
  ): Promise<Page<Line>>
}

const LEVELS: readonly Line['level'][] = ['info', 'warn', 'error']

export function linesOn(db: Database): Lines {
  return {
    add: (scope, run, more) =>
      db.write('lines of a log could not be written', async (q) => {
        if (more.length === 0) return
        // a row's values column by column: a statement of hundreds of rows would take longer to write than to run
        const of = (value: (line: (typeof more)[number]) => unknown) => sql.param(more.map(value))
        await q.execute(sql`
          insert into ${lines} (workspace, run, number, at, level, step, message, fields)
          select ${scope.workspace}, ${run}, n + (select coalesce(max(number), 0) from ${lines} where run = ${run}),
            at, level, step, message, fields
          from unnest(${of((l) => toldMoment(l.at))}::timestamptz[], ${of((l) => l.level)}::text[], ${of((l) => l.step)}::text[],
            ${of((l) => l.message)}::text[], ${of((l) => toldJson(l.fields))}::json[]) with ordinality as told (at, level, step, message, fields, n)`)
      }),
    list: (scope, run, page = {}) =>
      db.read('the log of the run could not be read', async (q) => {
        const after = keyOf(page, 'number')
        const limit = limitOf(page)
        const rows = await q
          .select()
          .from(lines)
          .where(
            and(
              eq(lines.workspace, scope.workspace),
              eq(lines.run, run),
              after === undefined ? undefined : gt(lines.number, after),
              page.step === undefined ? undefined : eq(lines.step, page.step),
              page.level === undefined ? undefined : inArray(lines.level, LEVELS.slice(LEVELS.indexOf(page.level))),
            ),
          )
          .orderBy(asc(lines.number))
          .limit(limit + 1)
        return pageOf(rows, limit, (row) => row.number)
      }),
  }
}
