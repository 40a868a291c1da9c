import { type FileHandle, open } from 'node:fs/promises'
import { typeName } from '../../../plan/types.ts'
import type { ConnectorContext } from '../connector.ts'
import { type Cells, type TypedColumn, writeRows } from '../rows.ts'
import { type BrokenRow, brokenRows } from './broken.ts'
import { headerText } from './header.ts'
import type { Layout } from './layout.ts'
import { reasonFor } from './reasons.ts'

const COLUMNS: readonly TypedColumn[] = [
  { name: 'line', type: 'int64' },
  { name: 'reason', type: 'string' },
  { name: 'column', type: 'string' },
  { name: 'value', type: 'string' },
  { name: 'row', type: 'string' },
  { name: 'header', type: 'string' },
]

/**
 * Writes the broken rows of a CSV to a Parquet file: the line that each begins in, why it is broken, the column and the
 * text of its first value that does not convert, the row as the file has it, and the header that says what its cells are.
 */
export async function quarantine(layout: Layout, target: string, ctx: ConnectorContext): Promise<void> {
  const { columns, header } = layout
  // what is never closed stands where the file that is read has ended
  const file = await open(layout.unclosed?.path ?? layout.path)
  const rowAt = rowsFrom(file)
  const said = headerText(header)
  async function* rows(): AsyncGenerator<Cells> {
    for await (const found of brokenRows(layout, ctx)) {
      const column = columns[found.column ?? -1]
      yield [
        Number.isNaN(found.line) ? null : String(found.line),
        column ? `is not of type ${typeName(column.type)}` : `has ${reasonFor(found.row['error_type'])}`,
        column?.name ?? null,
        column ? String(found.row[`t${found.column}`]) : null,
        found.to < 0 ? textOf(found, layout) : await rowAt(found),
        said,
      ]
    }
  }
  try {
    await writeRows(rows(), COLUMNS, target, ctx)
  } finally {
    await file.close()
  }
}

/** What is known of a row whose place in the file is not. */
const textOf = ({ row }: BrokenRow, { columns }: Layout): string =>
  typeof row['csv_line'] === 'string'
    ? row['csv_line']
    : columns.flatMap((_, i) => (row[`t${i}`] === null ? [] : [String(row[`t${i}`])])).join(', ')

/** The most of a row that is kept, bytes: what is cut is longer than any row that can be read, so that it is not taken for whole when it is read again. */
const MOST_ROW = 4 << 20
/** Bytes that are read at once: rows come in the order of the file, many to each. */
const AHEAD = 1 << 20

/** Gives rows as they stand in a file. */
function rowsFrom(file: FileHandle): (row: Pick<BrokenRow, 'from' | 'to'>) => Promise<string> {
  let [bytes, base] = [Buffer.alloc(0), 0]
  return async ({ from, to }) => {
    const length = Math.min(to - from, MOST_ROW)
    if (from < base || from + length > base + bytes.length) {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(Math.max(length, AHEAD)),
        0,
        Math.max(length, AHEAD),
        from,
      )
      bytes = buffer.subarray(0, bytesRead)
      base = from
    }
    return bytes.toString('utf8', from - base, from - base + length)
  }
}
