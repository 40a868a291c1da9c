import { open, stat } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { quote, sqlType, text } from '../../engines/duckdb/sql/names.ts'
import { parseType, type TypeName } from '../../plan/types.ts'
import type { Connector, SourceSpec } from './connector.ts'
import { fingerprintFile, requireColumns } from './files.ts'

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
    const { delimiter, names } = await readHeader(path, spec.options['delimiter'])
    requireColumns(spec, names, path)
    const types = names.map((name) => `${text(name)}: ${text(sqlType(parseType(spec.columns[name] ?? 'string')))}`)
    const target = await ctx.keep(`${hash.slice(0, 16)}.parquet`)
    const columns = Object.keys(spec.columns).map(quote).join(', ')
    const read = `read_csv(${text(path)}, header = true, auto_detect = false, delim = ${text(delimiter)}, quote = '"', escape = '"', columns = {${types.join(', ')}}, store_rejects = true)`
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
    const schema = Object.entries(spec.columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true }))
    const rejected: Record<string, number> = {}
    for (const b of broken) {
      const reason = `broken line (${String(b['error_type']).toLowerCase().replaceAll('_', ' ')})`
      rejected[reason] = (rejected[reason] ?? 0) + 1
    }
    await stat(target)
    return { files: [target], schema, rows: Number(written?.['Count'] ?? 0), bytes, hash, rejected }
  },
}

const DELIMITERS = [',', ';', '\t', '|']

/** The names of the header line, and the delimiter that parts them: the one that stands there most often. */
async function readHeader(path: string, given: unknown): Promise<{ delimiter: string; names: string[] }> {
  const file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 20), 0, 1 << 20, 0)
  await file.close()
  const line = (
    buffer
      .toString('utf8', 0, bytesRead)
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/, 1)[0] ?? ''
  ).trimEnd()
  const cells = (d: string) =>
    [...line.matchAll(cellPattern(d))].map(([, quoted, plain]) =>
      (quoted !== undefined ? quoted.replaceAll('""', '"') : (plain ?? '')).trim(),
    )
  const delimiter =
    typeof given === 'string' ? given : DELIMITERS.reduce((a, b) => (cells(b).length > cells(a).length ? b : a))
  return { delimiter, names: cells(delimiter) }
}

/** A quoted or a plain cell, up to the next delimiter or the end. */
function cellPattern(delimiter: string): RegExp {
  const d = delimiter.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?:^|${d})(?:"((?:[^"]|"")*)"|([^${d}"]*))(?=${d}|$)`, 'g')
}
