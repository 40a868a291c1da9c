import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api'
import { isList, isStruct, type Type } from '../../plan/types.ts'
import type { Value } from '../batch.ts'

/** A value of DuckDB's own classes as engines hold it; for lists, structs and bytes, which have no typed array. */
export function nestedValue(value: DuckDBValue, type: Type): Value {
  if (value === null) return null
  if (value instanceof DuckDBListValue && isList(type)) return value.items.map((v) => nestedValue(v, type.list))
  if (value instanceof DuckDBStructValue && isStruct(type))
    return Object.fromEntries(type.struct.map(([name, t]) => [name, nestedValue(value.entries[name] ?? null, t)]))
  if (value instanceof DuckDBDecimalValue) return value.value
  if (value instanceof DuckDBTimestampValue) return value.micros
  if (value instanceof DuckDBDateValue) return value.days
  if (value instanceof DuckDBBlobValue) return value.bytes
  return value as Value
}
