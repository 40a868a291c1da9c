import { file, text } from './names.ts'

/** A CSV's layout, as its header shows it. */
export interface CsvLayout {
  readonly file: string
  readonly delimiter: string
  /** Blank lines before the header. */
  readonly blank: number
  /** Cells of a record. */
  readonly cells: number
  /** How lines end; found by the reader when it is not known. */
  readonly lineEnd?: '\n' | '\r\n' | undefined
  /** Whether no line ends within a quoted cell: only then can parts of the file be read side by side. */
  readonly parallel?: boolean | undefined
}

/**
 * DuckDB's reader over a CSV. Cells are columns `c0`, `c1`, …, named by place so that the header's names can't clash; texts,
 * but for those whose type in SQL `types` has by place. `more` is further options.
 */
export function readCsv(layout: CsvLayout, types: ReadonlyMap<number, string>, more = ''): string {
  const columns = Array.from({ length: layout.cells }, (_, i) => `'c${i}': ${text(types.get(i) ?? 'VARCHAR')}`)
  const options = [
    'hive_partitioning = false',
    "compression = 'none'",
    'header = true',
    `skip = ${layout.blank}`,
    'auto_detect = false',
    `delim = ${text(layout.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    // the reader's own word for it
    ...(layout.lineEnd ? [`new_line = '${layout.lineEnd === '\n' ? '\\n' : '\\r\\n'}'`] : []),
    `parallel = ${layout.parallel === true}`,
    `columns = {${columns.join(', ')}}`,
  ]
  return `read_csv(${file(layout.file)}, ${options.join(', ')}${more})`
}
