import { GalleyError } from '../../base/errors.ts'
import { file, sqlType } from '../../engines/duckdb/sql/names.ts'
import { parseType, type TypeName, typeName } from '../../plan/types.ts'
import type { Connector, SourceSpec } from './connector.ts'
import { fingerprintFile, requireColumns } from './files.ts'

/** A Parquet file as a source, read in place. */
export const parquet = <const S extends Record<string, TypeName>>(path: string, columns: S): SourceSpec<S> => ({
  connector: 'parquet',
  path,
  columns,
  options: {},
})

/** Types of a file that may stand for a declared one without changing a value. */
const STANDS_FOR: Partial<Record<string, readonly string[]>> = {
  BIGINT: ['TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT', 'UINTEGER'],
  INTEGER: ['TINYINT', 'SMALLINT', 'UTINYINT', 'USMALLINT'],
  DOUBLE: ['FLOAT'],
  TIMESTAMP: ['TIMESTAMP WITH TIME ZONE', 'TIMESTAMP_MS', 'TIMESTAMP_S', 'TIMESTAMP_NS'],
}

/** A type's name without what DuckDB writes otherwise when it describes a file: quotes and spaces. */
const plain = (sql: string): string => sql.replace(/["\s]/g, '').toUpperCase()

/** A zone is not dropped: an instant is no wall clock, though a wall clock without a zone may be declared as one in UTC. */
const standsFor = (has: string, type: TypeName): boolean =>
  (STANDS_FOR[sqlType(parseType(type))] ?? []).includes(has) &&
  !(type === 'local timestamp' && has === 'TIMESTAMP WITH TIME ZONE')

export const parquetConnector: Connector = {
  kind: 'parquet',
  fingerprint: (_, path) => fingerprintFile(path),
  async snapshot(spec, path, ctx) {
    const { hash, bytes } = await fingerprintFile(path)
    const columns = await ctx.query(`DESCRIBE SELECT * FROM read_parquet(${file(path)}, hive_partitioning = false)`)
    const types = new Map(columns.map((c) => [String(c['column_name']), String(c['column_type'])]))
    requireColumns(spec, [...types.keys()], path)
    for (const [name, type] of Object.entries(spec.columns)) {
      const has = types.get(name) ?? ''
      const wants = sqlType(parseType(type))
      if (plain(has) !== plain(wants) && !standsFor(has, type))
        throw new GalleyError('SOURCE_SCHEMA', {
          what: `column '${name}' of ${path} is ${has}, the recipe says ${typeName(parseType(type))}`,
          why: 'a wrong type would change values silently',
          fix: `declare what it is in the recipe, and cast it there if you need a ${typeName(parseType(type))}`,
          details: { column: name, has, wants: type },
        })
    }
    const [count] = await ctx.query(`SELECT sum(num_rows)::BIGINT AS n FROM parquet_file_metadata(${file(path)})`)
    const schema = Object.entries(spec.columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true }))
    return { files: [path], schema, rows: Number(count?.['n'] ?? 0), bytes, hash, rejected: {} }
  },
}
