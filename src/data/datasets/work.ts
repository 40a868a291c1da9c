import type { Value } from '../../engines/batch.ts'
import { file } from '../../engines/duckdb/sql/names.ts'
import { toParquet } from '../../engines/duckdb/sql/parquet.ts'
import { type Engines, rowsOf, runPlan } from '../../engines/plans.ts'
import type { Node } from '../../plan/nodes.ts'
import type { FooterColumn } from './footers.ts'

/** What writing, comparing and mending versions needs of an engine. */
export interface TableWork {
  readonly signal: AbortSignal
  /** Writes a plan's rows as one Parquet file, in their order; gives their number. */
  write(root: Node, path: string): Promise<number>
  /** All rows of a small result. */
  collect(root: Node): Promise<readonly Readonly<Record<string, Value>>[]>
  /** The names of a Parquet file's columns. */
  columns(path: string): Promise<readonly string[]>
  /** What the footers of Parquet files say of their columns that are not within others. */
  footer(path: string): Promise<{ readonly rows: number; readonly columns: readonly FooterColumn[] }>
  /** How many rows of a Parquet file fulfil each of some conditions, in SQL over its columns. */
  counts(path: string, conditions: readonly string[]): Promise<readonly number[]>
  /** How many rows of a Parquet file of rows set aside fulfil a condition, by their reason. */
  reasons(path: string, condition: string): Promise<ReadonlyMap<string, number>>
  /** Rows of a Parquet file with all of its columns, in their order, but for those that fulfil a condition in SQL, as another file. */
  without(path: string, condition: string, to: string): Promise<void>
}

/** The batch engine as versions of datasets are written and compared with it. */
export const workOf = (ctx: Engines): TableWork => ({
  signal: ctx.signal,
  write: async (root, parquet) => (await runPlan(ctx, root, { parquet })).rows,
  collect: (root) => rowsOf(ctx, root),
  columns: (path) =>
    ctx.duckdb.session(ctx, async (query) => {
      const described = await query(`DESCRIBE SELECT * FROM read_parquet(${file(path)}, hive_partitioning = false)`)
      return described.map((c) => String(c['column_name']))
    }),
  footer: (path) =>
    ctx.duckdb.session(ctx, async (query) => {
      const [whole] = await query(`SELECT num_rows AS n FROM parquet_file_metadata(${file(path)})`)
      const said = await query(
        `SELECT path_in_schema AS name, row_group_id AS "group", row_group_num_rows AS "rows", stats_null_count AS nulls,
          stats_min_value AS min, stats_max_value AS max, min_is_exact AND max_is_exact AS "exact" FROM parquet_metadata(${file(path)})`,
      )
      const textOf = (x: unknown) => (x === null || x === undefined ? null : String(x))
      return {
        rows: Number(whole?.['n']),
        columns: said.map((c) => ({
          ...{ column: String(c['name']), group: Number(c['group']), rows: Number(c['rows']) },
          nulls: c['nulls'] === null ? null : Number(c['nulls']),
          ...{ min: textOf(c['min']), max: textOf(c['max']), exact: c['exact'] === true },
        })),
      }
    }),
  counts: (path, conditions) =>
    ctx.duckdb.session(ctx, async (query) => {
      const cells = conditions.map((c, i) => `count(*) FILTER (WHERE ${c}) AS n${i}`)
      const [row] = await query(
        `SELECT ${cells.join(', ')} FROM read_parquet(${file(path)}, hive_partitioning = false)`,
      )
      return conditions.map((_, i) => Number(row?.[`n${i}`] ?? 0))
    }),
  reasons: (path, condition) =>
    ctx.duckdb.session(ctx, async (query) => {
      const from = `read_parquet(${file(path)}, hive_partitioning = false)`
      const rows = await query(`SELECT reason, count(*) AS n FROM ${from} WHERE ${condition} GROUP BY 1`)
      return new Map(rows.map((r) => [String(r['reason']), Number(r['n'])]))
    }),
  without: (path, condition, to) =>
    ctx.duckdb.session(ctx, async (query) => {
      const from = `read_parquet(${file(path)}, hive_partitioning = false)`
      await query(`COPY (SELECT * FROM ${from} WHERE NOT coalesce(${condition}, FALSE)) ${toParquet(to)}`)
    }),
})
