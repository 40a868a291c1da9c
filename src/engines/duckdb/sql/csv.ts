import { file, text } from './names.ts'

/** A CSV's layout, as its header shows it. */
export interface CsvLayout {
  readonly file: string
  readonly delimiter: string
  /** Blank lines before the header. */
  readonly blank: number
  /** Cells of a record. */
  readonly cells: number
}

/**
 * DuckDB's reader over a CSV. Cells are columns `c0`, `c1`, …, named by place so that the header's names can't clash; texts,
 * but for those whose type in SQL `types` has by place. `more` is further options.
 */
export function readCsv(layout: CsvLayout, types: ReadonlyMap<number, string>, more = ''): string {
  const columns = Array.from({ length: layout.cells }, (_, i) => `'c${i}': ${text(types.get(i) ?? 'VARCHAR')}`)
  return `read_csv(${file(layout.file)}, hive_partitioning = false, header = true, skip = ${layout.blank}, auto_detect = false, delim = ${text(layout.delimiter)}, quote = '"', escape = '"', columns = {${columns.join(', ')}}${more})`
}
