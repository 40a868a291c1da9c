import { failing } from '../../../engines/duckdb/sql/call.ts'
import { sqlType } from '../../../engines/duckdb/sql/names.ts'
import { isDecimal, isList, type Type, type TypeName } from '../../../plan/types.ts'
import { sqlValue } from '../csv/values.ts'
import { jsonValue } from '../json/values.ts'

/** A column's type as the server has it; of an array, that of its elements too. */
export interface PgType {
  readonly name: string
  /** The digits and the scale of a `numeric` that has them. */
  readonly digits?: readonly [precision: number, scale: number]
  readonly element?: PgType
}

/** How a column is carried over: text of the server's, and what the batch engine makes of it. */
export interface Carried {
  /** What is asked of the server. */
  select(column: string): string
  /** What the batch engine reads the text as. */
  readonly read: string
  /** The value made of that; fails where it can't be. */
  value(read: string): string
  /** Which of the server's values have no value of the type; true or false, never null. Absent where all have one. */
  broken?(column: string): string
  /** The least and the greatest value, for types whose broken ones can be read too. */
  readonly bounds?: readonly [least: string, greatest: string]
}

export const BROKEN = 'a value of the server has no value of its type'

const same = (s: string): string => s
const plain = (type: Type): Carried => ({ select: same, read: sqlType(type), value: same })
const never = (condition: string): string => `coalesce(${condition}, FALSE)`

const WHOLE: Readonly<Record<string, readonly string[]>> = {
  bool: ['bool'],
  int32: ['int2', 'int4'],
  int64: ['int2', 'int4', 'int8', 'oid'],
  float32: ['float4'],
}
const [FIRST, LAST] = ['0001-01-01', '9999-12-31']

/** How a column of the server's type is read as a declared one; undefined where values would change. */
export function carriedAs(pg: PgType, type: Type): Carried | undefined {
  if (isList(type)) return list(pg, type)
  if (isDecimal(type)) return pg.name === 'numeric' ? decimal(pg, type) : undefined
  if (typeof type !== 'string') return undefined
  if (WHOLE[type]) return WHOLE[type].includes(pg.name) ? plain(type) : undefined
  if (type === 'float64' && pg.name === 'float8') return plain(type)
  // of fewer digits, as text it would be another number
  if (type === 'float64' && pg.name === 'float4') return { ...plain(type), select: (c) => `${c}::float8` }
  if (type === 'string') return pg.name === 'numeric' || proposed(pg) === 'string' ? plain(type) : undefined
  if (type === 'bytes')
    return pg.name === 'bytea' ? { select: same, read: 'VARCHAR', value: (v) => `unhex(substr(${v}, 3))` } : undefined
  if (type === 'date') return pg.name === 'date' ? time(type, LAST, same) : undefined
  if (type === 'local timestamp' || type === 'timestamp') {
    if (pg.name === 'timestamp') return time(type, `${LAST} 23:59:59.999999`, same)
    // as its wall clock in UTC
    if (pg.name === 'timestamptz' && type === 'timestamp')
      return time(type, `${LAST} 23:59:59.999999`, (c) => `(${c} AT TIME ZONE 'UTC')`)
  }
  return undefined
}

function time(type: Type, last: string, select: (c: string) => string): Carried {
  const of = type === 'date' ? 'date' : 'timestamp'
  return {
    ...plain(type),
    select,
    // infinite ones are beyond all
    broken: (c) => never(`${select(c)} < ${of} '${FIRST}' OR ${select(c)} > ${of} '${last}'`),
    bounds: [`${of} '${FIRST}'`, `${of} '${last}'`],
  }
}

function decimal(pg: PgType, type: Type & { decimal: readonly [number, number] }): Carried {
  const [precision, scale] = type.decimal
  const strange = (c: string) => `${c}::text IN ('NaN', 'Infinity', '-Infinity')`
  const [p, s] = pg.digits ?? [Number.POSITIVE_INFINITY, 0]
  if (s <= scale && p - s <= precision - scale) return { ...plain(type), broken: (c) => never(strange(c)) }
  const most = `1${'0'.repeat(precision - scale)}`
  return {
    select: same,
    read: 'VARCHAR',
    value: (v) => strict(v, sqlValue(v, type), type),
    broken: (c) =>
      never(`CASE WHEN ${strange(c)} THEN TRUE ELSE abs(${c}) >= ${most} OR ${c} <> trunc(${c}, ${scale}) END`),
  }
}

const strict = (v: string, value: string, type: Type): string =>
  `CASE WHEN ${v} IS NULL THEN NULL ELSE coalesce(${value}, ${failing(BROKEN, sqlType(type))}) END`

/** An array by way of JSON, whose values are all told apart. */
function list(pg: PgType, type: Type & { list: Type }): Carried | undefined {
  const own = pg.element && type.list !== 'bytes' ? carriedAs(pg.element, type.list) : undefined
  if (!own || isList(type.list)) return undefined
  const floats = type.list === 'float32' || type.list === 'float64'
  const odd = floats ? (e: string) => `${e}::text IN ('NaN', 'Infinity', '-Infinity')` : own.broken
  return {
    select: (c) => `to_json(${c})::text`,
    read: 'VARCHAR',
    value: (v) => strict(v, jsonValue(`${v}::JSON`, `json_type(${v})`, v, type), type),
    broken: (c) =>
      never(`array_ndims(${c}) > 1${odd ? ` OR EXISTS (SELECT FROM unnest(${c}) AS e WHERE ${never(odd('e'))})` : ''}`),
  }
}

const PROPOSED: Readonly<Record<string, TypeName>> = {
  bool: 'bool',
  int2: 'int32',
  int4: 'int32',
  int8: 'int64',
  oid: 'int64',
  float4: 'float32',
  float8: 'float64',
  bytea: 'bytes',
  date: 'date',
  timestamp: 'local timestamp',
  timestamptz: 'timestamp',
}

/** The type that a column is declared as; one that has none is read as the server's own text. */
export function proposed(pg: PgType): TypeName {
  if (pg.element) {
    const inner = proposed(pg.element)
    return inner === 'bytes' || typeof inner !== 'string' ? 'string' : (`${inner}[]` as TypeName)
  }
  const [p, s] = pg.digits ?? [0, 0]
  if (pg.name === 'numeric' && p > 0 && p <= 18 && s >= 0 && s <= p) return `decimal(${p}, ${s})`
  return PROPOSED[pg.name] ?? 'string'
}

/** As the server writes it: `numeric(9,2)`, `int8[]`. */
export const pgName = (pg: PgType): string =>
  pg.element ? `${pgName(pg.element)}[]` : pg.digits ? `${pg.name}(${pg.digits.join(',')})` : pg.name
