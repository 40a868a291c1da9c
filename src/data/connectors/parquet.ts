import { GalleyError } from '../../base/errors.ts'
import { file, quote, sqlType } from '../../engines/duckdb/sql/names.ts'
import { parseType, type TypeName, typeName } from '../../plan/types.ts'
import type { Connector, FoundColumn, SourceSpec } from './connector.ts'
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

const NAMES: Readonly<Record<string, TypeName>> = {
  BOOLEAN: 'bool',
  TINYINT: 'int32',
  SMALLINT: 'int32',
  INTEGER: 'int32',
  UTINYINT: 'int32',
  USMALLINT: 'int32',
  UINTEGER: 'int64',
  BIGINT: 'int64',
  FLOAT: 'float32',
  DOUBLE: 'float64',
  BLOB: 'bytes',
  DATE: 'date',
  TIMESTAMP: 'local timestamp',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
}

/** The type that a file's own is declared as; one that has none is declared as text and refused when it is read. */
function typeOf(has: string): TypeName {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(has)
  if (decimal) return `decimal(${Number(decimal[1])}, ${Number(decimal[2])})`
  if (has.endsWith('[]')) return `${typeOf(has.slice(0, -2))}[]` as TypeName
  return NAMES[has] ?? 'string'
}

/** A type's name without what DuckDB writes otherwise when it describes a file: quotes and spaces. */
const plain = (sql: string): string => sql.replace(/["\s]/g, '').toUpperCase()

/** A zone is not dropped: an instant is no wall clock, though a wall clock without a zone may be declared as one in UTC. */
const standsFor = (has: string, type: TypeName): boolean =>
  (STANDS_FOR[sqlType(parseType(type))] ?? []).includes(has) &&
  !(type === 'local timestamp' && has === 'TIMESTAMP WITH TIME ZONE')

export const parquetConnector: Connector = {
  kind: 'parquet',
  where: 'path',
  fingerprint: (_, path) => fingerprintFile(path),
  async discover(path, rows, ctx) {
    await fingerprintFile(path)
    const source = `read_parquet(${file(path)}, hive_partitioning = false)`
    const described = await ctx.query(`DESCRIBE SELECT * FROM ${source}`)
    const names = described.map((c) => quote(String(c['column_name'])))
    const counts = names.map((name, i) => `count(${name}) AS n${i}`)
    const [counted] = await ctx.query(
      `SELECT count(*) AS n, ${counts.join(', ')} FROM (SELECT * FROM ${source} LIMIT ${rows})`,
    )
    const [all] = await ctx.query(`SELECT sum(num_rows)::BIGINT AS n FROM parquet_file_metadata(${file(path)})`)
    const n = Number(counted?.['n'] ?? 0)
    const columns: FoundColumn[] = []
    for (const [i, c] of described.entries()) {
      const has = String(c['column_type'])
      const values = Number(counted?.[`n${i}`] ?? 0)
      const seen = await ctx.query(
        `SELECT DISTINCT ${names[i]}::VARCHAR AS v FROM (SELECT ${names[i]} FROM ${source} LIMIT 100) WHERE ${names[i]} IS NOT NULL ORDER BY v LIMIT 3`,
      )
      columns.push({
        name: String(c['column_name']),
        type: typeOf(has),
        values,
        missing: n - values,
        evidence: `the file says ${has}`,
        examples: seen.map((r) => String(r['v'])),
      })
    }
    return { connector: 'parquet', columns, rows: n, whole: n >= Number(all?.['n'] ?? 0), broken: 0, options: {} }
  },
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
