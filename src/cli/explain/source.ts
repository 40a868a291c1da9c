import type { SourceSpec } from '../../data/connectors/connector.ts'
import { connector, pathOf } from '../../data/connectors/index.ts'
import { file as pathText } from '../../engines/duckdb/sql/names.ts'
import { printFields, printRows } from '../../plan/explain/tree.ts'
import { type Field, parseType } from '../../plan/types.ts'
import type { Step } from '../../runs/specs.ts'
import { type Kitchen, rowsOfStep } from './step.ts'
import { labelled } from './text.ts'

/** What a step that reads will read. */
export interface SourceStep {
  readonly rows: Awaited<ReturnType<typeof rowsOfStep>>
  readonly connector: string
  /** As the recipe declares them. */
  readonly columns: readonly Field[]
  /** Columns of a Parquet file that the recipe does not declare; they are not read. */
  readonly unread: readonly string[]
}

/** Looks at the file of a source where that costs nothing; reads no rows. */
export async function explainSource(kitchen: Kitchen, step: Step<SourceSpec>): Promise<SourceStep> {
  const { spec } = step
  const columns = Object.entries(spec.columns).map(([name, type]): Field => ({ name, type: parseType(type), nullable: true })) // biome-ignore format: one line
  const rows = await rowsOfStep(kitchen, step.id)
  const there = rows && spec.connector === 'parquet' ? await columnsOf(kitchen, step) : []
  return {
    rows,
    connector: spec.connector,
    columns,
    unread: there.filter((name) => !Object.hasOwn(spec.columns, name)),
  }
}

/** The columns that a Parquet file says it has. */
async function columnsOf({ folder, duckdb, ctx }: Kitchen, { spec }: Step<SourceSpec>): Promise<string[]> {
  const path = pathOf(await connector(spec.connector), spec, folder)
  const sql = `DESCRIBE SELECT * FROM read_parquet(${pathText(path)}, hive_partitioning = false)`
  const found = await duckdb.session(ctx, (query) => query(sql))
  return found.map((row) => String(row['column_name']))
}

/** The same for people. */
export function sourceText({ rows, connector: by, columns, unread }: SourceStep): string[] {
  const bytes = rows && rows.bytes > 0 ? `, ${rows.bytes.toLocaleString('en-US')} bytes` : ''
  return [
    `reads    ${by}: ${rows ? `${printRows(rows.rows)}${bytes}` : 'how many rows is known when it is read'}`,
    ...labelled('columns', printFields(columns)),
    ...(unread.length > 0 ? labelled('', `not read: ${unread.join(', ')}`) : []),
  ]
}
