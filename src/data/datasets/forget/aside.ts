import { quote, text } from '../../../engines/duckdb/sql/names.ts'
import type { Person } from './rows.ts'

/** Conditions, in SQL, on rows that a source could not read and that are kept as their raw text, `row`. */
export interface RawRows {
  /** Rows of which the key can be read, and is the person's. */
  readonly theirs: string
  /** Rows of which it can't be read, and that say the value somewhere. */
  readonly unread: string
}

/**
 * Whose a row is that was set aside: JSON that is whole is taken apart, and its key compared with the value; of any other text (a line of a CSV without its
 * header, JSON that is cut) nothing tells which part is the key.
 */
export function rawRows({ column, value }: Person): RawRows {
  const isObject = `coalesce(json_valid("row") AND CASE WHEN json_valid("row") THEN json_type("row") = 'OBJECT' END, FALSE)`
  const key = text(`/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  return {
    theirs: `CASE WHEN ${isObject} THEN json_extract_string("row", ${key}) = ${text(value)} ELSE FALSE END`,
    unread: value === '' ? 'FALSE' : `(NOT ${isObject} AND contains("row", ${text(value)}))`,
  }
}

/** Whether a Parquet file is one of rows that a source could not read. */
export const isRaw = (columns: ReadonlySet<string>): boolean =>
  columns.has('reason') && columns.has('value') && columns.has('row')

/** The condition for a person's rows of a file that has the column; compared as texts, as a copy may have it of another type. */
export const hasKey = ({ column, value }: Person): string => `${quote(column)}::VARCHAR = ${text(value)}`

/** Counts of rows set aside less those of some reasons; a count is named by the reason that its rows have, in brackets. */
export function lessened(
  counts: Readonly<Record<string, number>>,
  gone: ReadonlyMap<string, number>,
): Record<string, number> {
  const left = Object.entries(counts).map(([name, n]) => {
    const off = [...gone].reduce((sum, [reason, g]) => (name.includes(`(${reason})`) ? sum + g : sum), 0)
    return [name, n - off] as const
  })
  return Object.fromEntries(left.filter(([, n]) => n > 0))
}
