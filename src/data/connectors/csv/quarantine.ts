import { type FileHandle, open } from 'node:fs/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { text } from '../../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../../engines/duckdb/sql/parquet.ts'
import { typeName } from '../../../plan/types.ts'
import type { ConnectorContext } from '../connector.ts'
import { type BrokenRow, brokenRows } from './broken.ts'
import type { Layout } from './layout.ts'
import { reasonFor } from './reasons.ts'

/** Rows that are written in one statement. */
const BATCH = 500

/**
 * Writes the broken rows of a CSV to a Parquet file: the line that each begins in, why it is broken, the column and the
 * text of its first value that does not convert, and the row as the file has it.
 */
export async function quarantine(layout: Layout, target: string, ctx: ConnectorContext): Promise<void> {
  const { columns } = layout
  // what is never closed stands where the file that is read has ended
  const path = layout.unclosed?.path ?? layout.path
  await ctx.query(
    'CREATE OR REPLACE TEMP TABLE quarantined (line BIGINT, reason VARCHAR, "column" VARCHAR, value VARCHAR, "row" VARCHAR)',
  )
  const file = await open(path)
  try {
    let batch: string[] = []
    const flush = async () => {
      throwIfAborted(ctx.signal)
      if (batch.length > 0) await ctx.query(`INSERT INTO quarantined VALUES ${batch.join(', ')}`)
      batch = []
    }
    for await (const found of brokenRows(layout, ctx)) {
      const column = columns[found.column ?? -1]
      const cells = [
        column ? `is not of type ${typeName(column.type)}` : `has ${reasonFor(found.row['error_type'])}`,
        column?.name,
        column && String(found.row[`t${found.column}`]),
        found.to < 0 ? textOf(found, layout) : await rawText(file, found),
      ]
      batch.push(
        `(${Number.isNaN(found.line) ? 'NULL' : found.line}, ${cells.map((c) => (c === undefined ? 'NULL' : text(c))).join(', ')})`,
      )
      if (batch.length === BATCH) await flush()
    }
    await flush()
  } finally {
    await file.close()
  }
  await ctx.query(`COPY quarantined ${toParquet(target)}`)
}

/** What is known of a row whose place in the file is not. */
const textOf = ({ row }: BrokenRow, { columns }: Layout): string =>
  typeof row['csv_line'] === 'string'
    ? row['csv_line']
    : columns.flatMap((_, i) => (row[`t${i}`] === null ? [] : [String(row[`t${i}`])])).join(', ')

/** The most of a row that is kept, bytes: what is cut is longer than any row that can be read, so that it is not taken for whole when it is read again. */
const MOST_ROW = 4 << 20

async function rawText(file: FileHandle, { from, to }: BrokenRow): Promise<string> {
  const bytes = Buffer.alloc(Math.min(to - from, MOST_ROW))
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from)
  return bytes.toString('utf8', 0, bytesRead)
}
