import { GalleyError } from '../../../base/errors.ts'
import { typeName } from '../../../plan/types.ts'
import type { ConnectorContext } from '../connector.ts'
import { broken } from './header.ts'
import { anyWrong, type Layout, rowsOf, wrong } from './layout.ts'
import { type RecordLine, recordLines } from './lines.ts'
import { reasonFor, UNCLOSED } from './reasons.ts'
import { unclosedLines } from './unclosed.ts'

const SHOWN = 20

/** A broken row where it stands in the file. */
export interface BrokenRow extends RecordLine {
  /** Its texts that do not convert (`t0`, …), or what the reader says of it (`error_type`, `csv_line`). */
  readonly row: Readonly<Record<string, unknown>>
  /** The first declared column whose value does not convert; undefined for a row that the reader can't take apart. */
  readonly column?: number
}

/** The error for the first broken row of a file: its line, and for a value its column, text and type. */
export async function firstBroken(layout: Layout, ctx: ConnectorContext): Promise<GalleyError | undefined> {
  const { columns, named } = layout
  const found: BrokenRow[] = []
  await findBroken(layout, ctx)
  for await (const row of brokenRows(layout, ctx)) if (found.push(row) === SHOWN) break
  const [first] = found
  if (!first) return undefined
  const count = await howMany(layout, ctx)
  const column = columns[first.column ?? -1]
  const value = column && String(first.row[`t${first.column}`])
  return new GalleyError('SOURCE_BROKEN', {
    what: `${Number.isNaN(first.line) ? 'a row' : `line ${first.line}`} of ${named} is broken${count > 1 ? `, and ${count - 1} more` : ''}`,
    why: column
      ? `column '${column.name}' is ${JSON.stringify(value?.slice(0, 120))}, which is not of type ${typeName(column.type)}`
      : `it has ${reasonFor(first.row['error_type'])}${textOf(first.row['csv_line'])}`,
    fix: "correct the file, declare the column as what it is, or leave such rows out with csv(…, { broken: 'skip' }): they are counted, and kept with their reasons",
    details: {
      lines: found.map((f) => f.line).filter((line) => !Number.isNaN(line)),
      count,
      ...(column ? { column: column.name, value: value?.slice(0, 1000), type: typeName(column.type) } : {}),
    },
  })
}

const textOf = (line: unknown): string =>
  line === undefined
    ? ''
    : `: ${String(line)
        .trim()
        .split(/[\r\n]/)[0]
        ?.slice(0, 120)}`

/** How many rows `brokenRows` gives. */
async function howMany({ unclosed }: Layout, ctx: ConnectorContext): Promise<number> {
  const [all] = await ctx.query('SELECT (SELECT count(*) FROM bad_values) + (SELECT count(*) FROM bad_records) AS n')
  return Number(all?.['n'] ?? 0) + (unclosed?.lines ?? 0)
}

/** Finds the broken rows of a file, in one pass over it, and keeps them in tables; gives how many have a value that does not convert. */
export async function findBroken(layout: Layout, ctx: ConnectorContext): Promise<number> {
  const { columns } = layout
  const texts = columns.map((_, i) => `CASE WHEN ${wrong(i)} THEN t${i} END AS t${i}`)
  for (const table of ['bad_values', 'bad_records', 'found_errors', 'found_scans'])
    await ctx.query(`DROP TABLE IF EXISTS ${table}`)
  await ctx.query(
    `CREATE TEMP TABLE bad_values AS SELECT row_number() OVER (ORDER BY place) AS nth, place, ${columns.map((_, i) => `t${i}`).join(', ')} FROM (SELECT row_number() OVER () AS place, ${texts.join(', ')}, ${anyWrong(layout)} AS bad FROM ${rowsOf(layout, 'found')}) WHERE bad`,
  )
  await ctx.query(
    'CREATE TEMP TABLE bad_records AS SELECT row_number() OVER (ORDER BY line) AS nth, * FROM (SELECT line, first(error_type) AS error_type, first(csv_line) AS csv_line FROM found_errors GROUP BY line)',
  )
  const [all] = await ctx.query('SELECT count(*) AS n FROM bad_values')
  return Number(all?.['n'] ?? 0)
}

/** The broken rows of a file that were found, in its order: those that the reader can't take apart, and those with a value that does not convert. */
export async function* brokenRows(layout: Layout, ctx: ConnectorContext): AsyncGenerator<BrokenRow> {
  const { path, header, columns, shift } = layout
  // values by their place among the whole rows, records by their own number
  const values = inOrder(ctx, 'bad_values')
  const records = inOrder(ctx, 'bad_records')
  let [value, lost] = [await next(values), await next(records)]
  const columnOf = (row: Record<string, unknown>) => columns.findIndex((_, i) => row[`t${i}`] !== null)
  let record = 0
  let place = 0
  for await (const at of recordLines(path, header.delimiter)) {
    if (!value && !lost) break
    if (++record <= header.blank + 1) continue
    if (lost && Number(lost['line']) === record) {
      yield { ...at, line: at.line + shift, row: lost }
      lost = await next(records)
    } else if ((!at.blank || header.cells.length === 1) && value && Number(value['place']) === ++place) {
      const row = value
      yield { ...at, line: at.line + shift, row, column: columnOf(row) }
      value = await next(values)
    }
  }
  // of what quotes in odd places have hidden, the place is not known
  const nowhere = { line: Number.NaN, blank: false, from: -1, to: -1 }
  for (; lost; lost = await next(records)) yield { ...nowhere, row: lost }
  for (; value; value = await next(values)) yield { ...nowhere, row: value, column: columnOf(value) }
  if (!layout.unclosed) return
  for await (const at of unclosedLines(layout.unclosed))
    yield { ...at, line: at.line + shift, row: { error_type: UNCLOSED } }
}

const next = async <T>(rows: AsyncIterator<T>): Promise<T | undefined> => {
  const { value, done } = await rows.next()
  return done ? undefined : value
}

/** Rows that are fetched at once. */
const PAGE = 10_000

/** A table's rows in the order of their numbers, `nth`, from 1: each page is found by its bounds, however many there are. */
async function* inOrder(ctx: ConnectorContext, table: string): AsyncGenerator<Record<string, unknown>> {
  for (let after = 0; ; after += PAGE) {
    const rows = await ctx.query(`SELECT * FROM ${table} WHERE nth > ${after} AND nth <= ${after + PAGE} ORDER BY nth`)
    yield* rows
    if (rows.length < PAGE) return
  }
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
