import { ownValue } from '../../../base/own.ts'
import type { Literal } from '../../../plan/expr.ts'
import { isDecimal, isFloat, isList, type Type } from '../../../plan/types.ts'

export const quote = (name: string): string => `"${name.includes('"') ? name.replaceAll('"', '""') : name}"`
/** A column of that name. */
export const named = (sql: string, name: string): string => (sql === quote(name) ? sql : `${sql} AS ${quote(name)}`)

/** A text literal; DuckDB's own parser takes every character but the quote as it is, and refuses NUL. */
export const text = (s: string): string =>
  s.includes('\0')
    ? `(${s
        .split('\0')
        .map((part) => text(part))
        .join(' || chr(0) || ')})`
    : `'${s.replaceAll("'", "''")}'`

/**
 * A file's path for DuckDB's readers, which take `*`, `?` and `[` for patterns: the file of that very name and no other.
 * Folders named `x=1` are not read as columns (`hive_partitioning` is off wherever files are read).
 */
export const file = (path: string): string => text(path.replace(/[*?[]/g, (c) => `[${c}]`))

/** Durations are µs in a BIGINT; both timestamps are TIMESTAMP inside a query. */
export function sqlType(type: Type): string {
  if (typeof type === 'object') {
    if (isDecimal(type)) return `DECIMAL(${type.decimal[0]}, ${type.decimal[1]})`
    if (isList(type)) return `${sqlType(type.list)}[]`
    return `STRUCT(${type.struct.map(([name, t]) => `${quote(name)} ${sqlType(t)}`).join(', ')})`
  }
  return {
    bool: 'BOOLEAN',
    int32: 'INTEGER',
    int64: 'BIGINT',
    float32: 'FLOAT',
    float64: 'DOUBLE',
    string: 'VARCHAR',
    bytes: 'BLOB',
    date: 'DATE',
    timestamp: 'TIMESTAMP',
    'local timestamp': 'TIMESTAMP',
    duration: 'BIGINT',
  }[type]
}

export function sqlLiteral(value: Literal, type: Type): string {
  if (value === null) return `CAST(NULL AS ${sqlType(type)})`
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE'
  if (type === 'string') return text(String(value))
  if (type === 'bytes') return `from_base64(${text(String(value))})`
  if (typeof type === 'object' && !isDecimal(type)) {
    if (isList(type)) {
      const items = (value as readonly Literal[]).map((v) => sqlLiteral(v, type.list))
      return `CAST([${items.join(', ')}] AS ${sqlType(type)})`
    }
    const fields = value as Readonly<Record<string, Literal>>
    const parts = type.struct.map(([name, t]) => `${quote(name)} := ${sqlLiteral(ownValue(fields, name) ?? null, t)}`)
    return `CAST(struct_pack(${parts.join(', ')}) AS ${sqlType(type)})`
  }
  const plain = value as number | string
  if (type === 'timestamp' || type === 'local timestamp') return `make_timestamp(${BigInt(plain)}::BIGINT)`
  if (type === 'date') return `(DATE '1970-01-01' + ${Number(plain)})`
  if (isFloat(type)) return `CAST('${Object.is(plain, -0) ? '-0.0' : Number(plain)}' AS ${sqlType(type)})`
  if (isDecimal(type)) return `CAST('${/^[+-]?[\d.]+$/.test(String(plain)) ? plain : 0}' AS ${sqlType(type)})`
  return `CAST('${BigInt(plain)}' AS ${sqlType(type)})`
}
