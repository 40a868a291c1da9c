import { GalleyError, nearest } from '../../base/errors.ts'
import { failing } from '../../engines/duckdb/sql/call.ts'
import { type CsvLayout, readCsv } from '../../engines/duckdb/sql/csv.ts'
import { quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import type { From } from '../../plan/nodes.ts'
import { parseType, type Type, type TypeName, typeName } from '../../plan/types.ts'
import type { Connector, ConnectorContext, SourceSnapshot, SourceSpec } from './connector.ts'
import { broken, type Header, placesOf, readHeader } from './csv/header.ts'
import { recordLines } from './csv/lines.ts'
import { survey } from './csv/survey.ts'
import { isReadable, sqlValue } from './csv/values.ts'
import { fingerprintFile } from './files.ts'

export interface CsvOptions {
  /** Field separator; found from the file when not given. */
  readonly delimiter?: string
  /** A broken row stops the load (`stop`, the default) or is left out and counted (`skip`). */
  readonly broken?: 'stop' | 'skip'
}

/** A CSV file with a header line as a source. */
export const csv = <const S extends Record<string, TypeName>>(
  path: string,
  columns: S,
  options: CsvOptions = {},
): SourceSpec<S> => {
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name))
  if (unknown !== undefined) {
    const meant = nearest(unknown, OPTIONS)
    throw new GalleyError('RECIPE_INVALID', {
      what: `csv() has no option '${unknown}'`,
      why: `its options are ${OPTIONS.join(' and ')}`,
      fix: meant ? `did you mean '${meant}'?` : 'leave it out',
    })
  }
  return { connector: 'csv', path, columns, options: { ...options } }
}
const OPTIONS: readonly string[] = ['delimiter', 'broken']

/** A declared column, and the place of its cell. */
interface Declared {
  readonly name: string
  readonly type: Type
  readonly place: number
}

/** The file as SQL reads it. */
interface Layout {
  readonly path: string
  readonly header: Header
  readonly columns: readonly Declared[]
  /** Columns that a reader's own casts read as ours do. */
  readonly plain: readonly boolean[]
}

export const csvConnector: Connector = {
  kind: 'csv',
  fingerprint: (_, path) => fingerprintFile(path),
  async snapshot(spec, path, ctx) {
    const layout = await layoutOf(spec, path)
    const looked = survey(path, layout.header, layout.columns, ctx.signal)
    const [{ hash, bytes }, found] = await Promise.all([fingerprintFile(path), looked])
    const schema = layout.columns.map(({ name, type }) => ({ name, type, nullable: true }))
    if (ctx.inPlace && found?.plain.every(Boolean))
      return { files: [path], from: scanOf(layout), schema, rows: found.rows, bytes, hash, rejected: {} }
    const target = await ctx.keep(`${hash.slice(0, 16)}.parquet`)
    const { rows, rejected } = await copied({ ...layout, plain: found?.plain ?? [] }, target, spec, ctx)
    return { files: [target], schema, rows, bytes, hash, rejected }
  },
}

const scanOf = ({ path, header, columns }: Layout): From => ({
  kind: 'csv',
  ...cellsOf(path, header),
  places: columns.map((c) => [c.name, c.place] as const),
})

/** Writes the rows as Parquet. @throws SOURCE_BROKEN */
async function copied(
  layout: Layout,
  target: string,
  spec: SourceSpec,
  ctx: ConnectorContext,
): Promise<Pick<SourceSnapshot, 'rows' | 'rejected'>> {
  const skip = spec.options['broken'] === 'skip'
  const copy = async (columns: string[], rows: string) => {
    const [written] = await ctx.query(`COPY (SELECT ${columns.join(', ')} FROM ${rows}) ${toParquet(target)}`)
    return Number(written?.['Count'] ?? 0)
  }
  const named = (sql: (c: Declared, i: number) => string) =>
    layout.columns.map((c, i) => `${sql(c, i)} AS ${quote(c.name)}`)
  let rows: number
  let cast = 0
  try {
    // the first value that does not convert ends this pass; most files have none
    const checked = named((c, i) =>
      layout.plain[i] ? `v${i}` : `CASE WHEN ${wrong(i)} THEN ${failing(WRONG_VALUE, sqlType(c.type))} ELSE v${i} END`,
    )
    rows = await copy(checked, rowsOf(layout, 'first'))
  } catch (cause) {
    if (!String(cause).includes(WRONG_VALUE)) throw unreadable(layout.path, cause)
    if (!skip) throw (await firstBroken(layout, ctx)) ?? cause
    rows = await copy(
      named((_, i) => `v${i}`),
      `${rowsOf(layout, 'kept')} WHERE NOT (${anyWrong(layout)})`,
    )
    const [bad] = await ctx.query(`SELECT count(*) AS n FROM ${rowsOf(layout, 'counted')} WHERE ${anyWrong(layout)}`)
    cast = Number(bad?.['n'] ?? 0)
  }
  const lost = await ctx.query(`SELECT line, error_type FROM ${cast > 0 ? 'kept' : 'first'}_errors`)
  if (lost.length > 0 && !skip) throw (await firstBroken(layout, ctx)) as GalleyError
  return { rows, rejected: reasons(lost, cast) }
}

const WRONG_VALUE = 'a value is not of its type'
const wrong = (i: number): string => `(t${i} IS NOT NULL AND v${i} IS NULL)`
const anyWrong = ({ columns, plain }: Layout): string =>
  columns.map((_, i) => (plain[i] ? 'FALSE' : wrong(i))).join(' OR ')

/** @throws SOURCE_SCHEMA, SOURCE_BROKEN, PLAN_UNKNOWN_COLUMN */
async function layoutOf(spec: SourceSpec, path: string): Promise<Layout> {
  const header = await readHeader(path, spec.options['delimiter'])
  const names = Object.keys(spec.columns)
  const places = placesOf(names, header, path)
  const columns = names.map((name, i) => {
    const type = parseType(spec.columns[name] as TypeName)
    if (!isReadable(type))
      throw new GalleyError('SOURCE_SCHEMA', {
        what: `column '${name}' of ${path} can't be read as a ${typeName(type)}`,
        why: 'a cell of a CSV is one value',
        fix: "declare it as 'string', and take it apart in the recipe",
        details: { column: name },
      })
    return { name, type, place: places[i] as number }
  })
  return { path, header, columns, plain: [] }
}

/** The file's rows: each declared column's text (`t0`, …) and value (`v0`, …); of one that is plain the value alone. */
function rowsOf({ path, header, columns, plain }: Layout, rejects: string): string {
  const types = new Map(columns.filter((_, i) => plain[i]).map((c) => [c.place, sqlType(c.type)]))
  const more = `, store_rejects = true, rejects_table = '${rejects}_errors', rejects_scan = '${rejects}_scans'`
  const cells = columns.map((c, i) =>
    plain[i]
      ? `c${c.place} AS v${i}, NULL AS t${i}`
      : `c${c.place} AS t${i}, ${sqlValue(`c${c.place}`, c.type)} AS v${i}`,
  )
  return `(SELECT ${cells.join(', ')} FROM ${readCsv(cellsOf(path, header), types, more)})`
}

const cellsOf = (path: string, { delimiter, blank, cells }: Header): CsvLayout => ({
  file: path,
  delimiter,
  blank,
  cells: cells.length,
})

/** Broken rows by reason; a row counts once, whatever is wrong with it. */
function reasons(lost: readonly Record<string, unknown>[], cast: number): Record<string, number> {
  const byLine = new Map(lost.map((b) => [String(b['line']), String(b['error_type'])]))
  const rejected: Record<string, number> = cast > 0 ? { 'broken line (cast)': cast } : {}
  for (const type of byLine.values()) {
    const reason = `broken line (${type.toLowerCase().replaceAll('_', ' ')})`
    rejected[reason] = (rejected[reason] ?? 0) + 1
  }
  return rejected
}

const SHOWN = 20

/** The error for the first broken row of a file: its line, and for a value its column, text and type. */
async function firstBroken(layout: Layout, ctx: ConnectorContext): Promise<GalleyError | undefined> {
  const { columns, path } = layout
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
    what: `line ${first.line} of ${path} is broken${count > 1 ? `, and ${count - 1} more` : ''}`,
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
function unreadable(path: string, cause: unknown): unknown {
  if (!/state machine/.test(String(cause))) return cause
  return broken(
    path,
    'its lines end in different ways (CRLF and LF), or a quote is never closed',
    'write all lines with the same end, for instance: dos2unix FILE',
  )
}
