import { GalleyError } from '../../../base/errors.ts'
import { typeName } from '../../../plan/types.ts'
import type { ConnectorContext } from '../connector.ts'
import { broken } from './header.ts'
import { anyWrong, type Layout, rowsOf, wrong } from './layout.ts'
import { recordLines } from './lines.ts'

const SHOWN = 20

/** The error for the first broken row of a file: its line, and for a value its column, text and type. */
export async function firstBroken(layout: Layout, ctx: ConnectorContext): Promise<GalleyError | undefined> {
  const { columns, named } = layout
  const texts = columns.map((_, i) => `CASE WHEN ${wrong(i)} THEN t${i} END AS t${i}`)
  await ctx.query(
    `CREATE TEMP TABLE broken_rows AS SELECT place, ${columns.map((_, i) => `t${i}`).join(', ')} FROM (SELECT row_number() OVER () AS place, ${texts.join(', ')}, ${anyWrong(layout)} AS bad FROM ${rowsOf(layout, 'found')}) WHERE bad`,
  )
  const values = await ctx.query(`SELECT * FROM broken_rows ORDER BY place LIMIT ${SHOWN}`)
  const [all] = await ctx.query('SELECT count(*) AS n FROM broken_rows')
  const rows = await ctx.query('SELECT line, error_message, csv_line FROM found_errors ORDER BY line')
  const byRecord = new Map(rows.map((r) => [Number(r['line']), r]))
  const found = await placed(layout, values, byRecord)
  const [first] = found
  if (!first) return undefined
  const count = Number(all?.['n'] ?? 0) + byRecord.size
  const column = columns[first.column ?? -1]
  const value = column && String(first.row[`t${first.column}`])
  return new GalleyError('SOURCE_BROKEN', {
    what: `line ${first.line} of ${named} is broken${count > 1 ? `, and ${count - 1} more` : ''}`,
    why: column
      ? `column '${column.name}' is ${JSON.stringify(value?.slice(0, 120))}, which is not of type ${typeName(column.type)}`
      : `${String(first.row['error_message']).split('\n')[0]}: ${String(first.row['csv_line'])
          .trim()
          .split(/[\r\n]/)[0]
          ?.slice(0, 120)}`,
    fix: "correct the file, declare the column as what it is, or leave such rows out with csv(…, { broken: 'skip' }): they are counted and reported",
    details: {
      lines: found.slice(0, SHOWN).map((f) => f.line),
      count,
      ...(column ? { column: column.name, value: value?.slice(0, 1000), type: typeName(column.type) } : {}),
    },
  })
}

/** Broken rows with the lines of the file that they begin in: `values` by their place among the whole rows, `records` by their own. */
async function placed(
  { path, header, columns }: Layout,
  values: readonly Record<string, unknown>[],
  records: ReadonlyMap<number, Record<string, unknown>>,
): Promise<{ line: number; row: Record<string, unknown>; column?: number }[]> {
  const byPlace = new Map(values.map((v) => [Number(v['place']), v]))
  const found: { line: number; row: Record<string, unknown>; column?: number }[] = []
  let record = 0
  let place = 0
  for await (const { line, blank } of recordLines(path, header.delimiter)) {
    if (++record <= header.blank + 1) continue
    const lost = records.get(record)
    if (lost) found.push({ line, row: lost })
    else if (!blank || header.cells.length === 1) {
      const row = byPlace.get(++place)
      if (row) found.push({ line, row, column: columns.findIndex((_, i) => row[`t${i}`] !== null) })
    }
    if (found.length >= SHOWN || found.length === byPlace.size + records.size) break
  }
  return found
}

/** What stops the reader itself, as an error of the file. */
export function unreadable(path: string, cause: unknown): unknown {
  if (!/state machine/.test(String(cause))) return cause
  return broken(
    path,
    'its lines end in different ways (CRLF and LF), or a quote is never closed',
    'write all lines with the same end, for instance: dos2unix FILE',
  )
}
