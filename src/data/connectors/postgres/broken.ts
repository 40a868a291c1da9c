import { rm, writeFile } from 'node:fs/promises'
import type pg from 'pg'
import { GalleyError } from '../../../base/errors.ts'
import { file } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import { typeName } from '../../../plan/types.ts'
import type { ConnectorContext, SourceSnapshot } from '../connector.ts'
import { limitOf } from '../limit.ts'
import { type Question, whereSql } from './query.ts'
import { ident, literal } from './table.ts'

/** Rows that a message about broken ones is made from at a time. */
const FETCH = 1000

/** How many rows are broken, of those that this reading looks at. */
export async function countBroken(client: pg.Client, q: Question, more: readonly string[]): Promise<number> {
  if (!q.broken) return 0
  const { rows } = await client.query(`SELECT count(*)::text AS n FROM ${q.table.sql}${whereSql([q.broken, ...more])}`)
  return Number((rows[0] as { n: string }).n)
}

/**
 * Stops for broken rows, or keeps them with their reasons and tells how many there are.
 * @throws SOURCE_BROKEN, naming the first
 */
export async function asideOf(
  client: pg.Client,
  q: Question,
  more: readonly string[],
  broken: number,
  about: { readonly path: string; readonly options: Readonly<Record<string, unknown>> },
  ctx: ConnectorContext,
): Promise<Pick<SourceSnapshot, 'rejected' | 'quarantine'>> {
  const odd = q.columns.filter((c) => c.carried?.broken)
  const when = (then: (name: string, type: string) => string) =>
    `CASE ${odd.map((c) => `WHEN ${c.carried?.broken?.(ident(c.name))} THEN ${then(c.name, typeName(c.type))}`).join(' ')} END`
  const select = `SELECT ${when((_, type) => literal(`has no value of type ${type}`))} AS reason, ${when((name) => literal(name))} AS "column",
    ${when((name) => `${ident(name)}::text`)} AS value, row_to_json(t)::text AS "row"
    FROM ${q.table.sql} AS t${whereSql([q.broken ?? 'FALSE', ...more])}`
  const counted = await client.query(`SELECT count(*)::text AS n FROM ${q.table.sql}${whereSql(more)}`)
  const all = Number((counted.rows[0] as { n: string }).n)
  const tooMany = limitOf(about.options['mostBroken'])
  if (about.options['broken'] !== 'skip' || tooMany(broken, all)) {
    const { rows } = await client.query(`${select} LIMIT 1`)
    const { reason, column, value } = rows[0] as Record<string, string>
    throw new GalleyError('SOURCE_BROKEN', {
      what: `a row of ${about.path} is broken${broken > 1 ? `, and ${broken - 1} more` : ''}`,
      why: `column '${column}' is ${String(value).slice(0, 120)}, which ${reason}`,
      fix: "correct the table, declare the column as what it is, or leave such rows out with { broken: 'skip' }: they are counted, and kept with their reasons",
      details: { count: broken, column },
    })
  }
  const draft = await ctx.keep('rejected.jsonl')
  const aside = await ctx.keep('rejected.parquet')
  const reasons: Record<string, number> = {}
  await writeFile(draft, '')
  await client.query(`DECLARE broken NO SCROLL CURSOR FOR ${select}`)
  for (;;) {
    const { rows } = await client.query(`FETCH ${FETCH} FROM broken`)
    if (rows.length === 0) break
    for (const { column, reason } of rows as Record<string, string>[]) {
      const key = `broken row (${column} ${reason})`
      reasons[key] = (reasons[key] ?? 0) + 1
    }
    await writeFile(draft, rows.map((r) => `${JSON.stringify(r)}\n`).join(''), { flag: 'a' })
  }
  await client.query('CLOSE broken')
  const columns = "{'reason': 'VARCHAR', 'column': 'VARCHAR', 'value': 'VARCHAR', 'row': 'VARCHAR'}"
  await ctx.query(
    `COPY (SELECT * FROM read_json(${file(draft)}, format = 'newline_delimited', columns = ${columns}, hive_partitioning = false)) ${toParquet(aside)}`,
  )
  await rm(draft, { force: true })
  return { rejected: reasons, quarantine: aside }
}
