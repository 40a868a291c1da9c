import { GalleyError } from '../../../base/errors.ts'
import { type CsvLayout, readCsv } from '../../../engines/duckdb/sql/csv.ts'
import { sqlType } from '../../../engines/duckdb/sql/names.ts'
import { parseType, type Type, type TypeName, typeName } from '../../../plan/types.ts'
import type { SourceSpec } from '../connector.ts'
import { type Header, placesOf, readHeader } from './header.ts'
import type { Lines } from './survey.ts'
import type { Unclosed } from './unclosed.ts'
import { isReadable, sqlValue } from './values.ts'

/** A declared column, and the place of its cell. */
export interface Declared {
  readonly name: string
  readonly type: Type
  readonly place: number
}

/** The file as SQL reads it. */
export interface Layout {
  /** The file in UTF-8. */
  readonly path: string
  /** The source's own path, for messages. */
  readonly named: string
  readonly header: Header
  readonly columns: readonly Declared[]
  /** Lines of the source before the first record, beyond those of `path`. */
  readonly shift: number
  /** Columns that a reader's own casts read as ours do. */
  readonly plain: readonly boolean[]
  /** How lines end, where every record is sound. */
  readonly lines?: Lines | undefined
  /** What follows the end of `path` in the source: a record whose quote is never closed, and all after it. */
  readonly unclosed?: Unclosed | undefined
}

/** @throws SOURCE_SCHEMA, SOURCE_BROKEN, PLAN_UNKNOWN_COLUMN */
export async function layoutOf(spec: SourceSpec, path: string, named: string): Promise<Layout> {
  const header = await readHeader(path, spec.options['delimiter'], named)
  return { path, named, header, columns: declaredOf(spec, header, named), shift: 0, plain: [] }
}

function declaredOf(spec: SourceSpec, header: Header, named: string): Declared[] {
  const names = Object.keys(spec.columns)
  const places = placesOf(names, header, named)
  return names.map((name, i) => {
    const type = parseType(spec.columns[name] as TypeName)
    if (!isReadable(type))
      throw new GalleyError('SOURCE_SCHEMA', {
        what: `column '${name}' of ${named} can't be read as a ${typeName(type)}`,
        why: 'a cell of a CSV is one value',
        fix: "declare it as 'string', and take it apart in the recipe",
        details: { column: name },
      })
    return { name, type, place: places[i] as number }
  })
}

/** The file's rows: each declared column's text (`t0`, …) and value (`v0`, …); of one that is plain the value alone. */
export function rowsOf(layout: Layout, rejects: string): string {
  const { columns, plain } = layout
  const types = new Map(columns.filter((_, i) => plain[i]).map((c) => [c.place, sqlType(c.type)]))
  const more = `, store_rejects = true, rejects_table = '${rejects}_errors', rejects_scan = '${rejects}_scans'`
  const cells = columns.map((c, i) =>
    plain[i]
      ? `c${c.place} AS v${i}, NULL AS t${i}`
      : `c${c.place} AS t${i}, ${sqlValue(`c${c.place}`, c.type)} AS v${i}`,
  )
  return `(SELECT ${cells.join(', ')} FROM ${readCsv(cellsOf(layout), types, more)})`
}

export const cellsOf = ({ path, header, lines }: Pick<Layout, 'path' | 'header' | 'lines'>): CsvLayout => ({
  file: path,
  delimiter: header.delimiter,
  blank: header.blank,
  cells: header.cells.length,
  lineEnd: lines?.end,
  parallel: lines?.folded === false,
})

/** The condition for a value that does not convert. */
export const wrong = (i: number): string => `(t${i} IS NOT NULL AND v${i} IS NULL)`
export const anyWrong = ({ columns, plain }: Layout): string =>
  columns.map((_, i) => (plain[i] ? 'FALSE' : wrong(i))).join(' OR ')
