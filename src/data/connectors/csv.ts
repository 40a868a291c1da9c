import { stat } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { quote, sqlType, text } from '../../engines/duckdb/sql.ts'
import type { ScalarType } from '../../plan/types.ts'
import type { Connector, SourceSpec } from './connector.ts'
import { fingerprintFile, requireColumns } from './files.ts'

export interface CsvOptions {
  /** Field separator; found from the file when not given. */
  readonly delimiter?: string
  /** A broken row stops the load (`stop`, the default) or is left out and counted (`skip`). */
  readonly broken?: 'stop' | 'skip'
}

/** A CSV file with a header line as a source. */
export const csv = <const S extends Record<string, ScalarType>>(
  path: string,
  columns: S,
  options: CsvOptions = {},
): SourceSpec<S> => ({
  connector: 'csv',
  path,
  columns,
  options: { ...options },
})

export const csvConnector: Connector = {
  kind: 'csv',
  fingerprint: (_, path) => fingerprintFile(path),
  async snapshot(spec, path, ctx) {
    const { hash, bytes } = await fingerprintFile(path)
    const delimiter = spec.options['delimiter'] ? `, delim = ${text(String(spec.options['delimiter']))}` : ''
    const header = await ctx.query(
      `DESCRIBE SELECT * FROM read_csv(${text(path)}, header = true, all_varchar = true${delimiter})`,
    )
    const names = header.map((c) => String(c['column_name']))
    requireColumns(spec, names, path)
    const types = names.map((name) => `${text(name)}: ${text(sqlType(spec.columns[name] ?? 'string'))}`)
    const target = await ctx.keep(`${hash.slice(0, 16)}.parquet`)
    const columns = Object.keys(spec.columns).map(quote).join(', ')
    const read = `read_csv(${text(path)}, header = true, auto_detect = true, columns = {${types.join(', ')}}, store_rejects = true${delimiter})`
    const [written] = await ctx.query(
      `COPY (SELECT ${columns} FROM ${read}) TO ${text(target)} (FORMAT parquet, COMPRESSION zstd)`,
    )
    const bad = await ctx.query(
      'SELECT line, column_name, error_type, error_message, csv_line FROM reject_errors ORDER BY line',
    )
    const broken = bad.filter(
      (b) =>
        b['column_name'] === null ||
        Object.hasOwn(spec.columns, String(b['column_name'])) ||
        b['error_type'] !== 'CAST',
    )
    const [first] = broken
    if (first && spec.options['broken'] !== 'skip')
      throw new GalleyError('SOURCE_BROKEN', {
        what: `line ${String(first['line'])} of ${path} is broken${broken.length > 1 ? `, and ${broken.length - 1} more` : ''}`,
        why: `${String(first['error_message']).split('\n')[0]}: ${String(first['csv_line']).slice(0, 120)}`,
        fix: "correct the file, or leave such rows out with csv(…, { broken: 'skip' }): they are counted and reported",
        details: { lines: broken.slice(0, 20).map((b) => Number(b['line'])), count: broken.length },
      })
    const schema = Object.entries(spec.columns).map(([name, type]) => ({ name, type, nullable: true }))
    const rejected: Record<string, number> = {}
    for (const b of broken) {
      const reason = `broken line (${String(b['error_type']).toLowerCase().replaceAll('_', ' ')})`
      rejected[reason] = (rejected[reason] ?? 0) + 1
    }
    await stat(target)
    return { files: [target], schema, rows: Number(written?.['Count'] ?? 0), bytes, hash, rejected }
  },
}
