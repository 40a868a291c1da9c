import type { Expr, FunctionName, Literal } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import { isFloat, isInteger, type Schema, type Type } from '../../plan/types.ts'

/** Expressions as DuckDB SQL. Name maps first; what DuckDB means differently is spelt out below them. */

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
export const text = (s: string): string => `'${s.replaceAll("'", "''")}'`

/** Durations are µs in a BIGINT; both timestamps are TIMESTAMP inside a query. */
export function sqlType(type: Type): string {
  if (typeof type === 'object') {
    if ('decimal' in type) return `DECIMAL(${type.decimal[0]}, ${type.decimal[1]})`
    if ('list' in type) return `${sqlType(type.list)}[]`
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
  if (type === 'timestamp' || type === 'local timestamp') return `make_timestamp(${BigInt(value)}::BIGINT)`
  if (type === 'date') return `(DATE '1970-01-01' + ${Number(value)})`
  if (isFloat(type)) return `CAST('${Number(value)}' AS ${sqlType(type)})`
  return `CAST('${BigInt(value)}' AS ${sqlType(type)})`
}

/** Functions that DuckDB has under this name with our meaning. */
const NAMES: Partial<Record<FunctionName, string>> = {
  coalesce: 'coalesce',
  abs: 'abs',
  ln: 'ln',
  exp: 'exp',
  sqrt: 'sqrt',
  least: 'least',
  greatest: 'greatest',
  isNaN: 'isnan',
  length: 'length',
  lower: 'lower',
  upper: 'upper',
  trim: 'trim',
  contains: 'contains',
  startsWith: 'starts_with',
  endsWith: 'ends_with',
  substring: 'substring',
  pow: 'pow',
}
const INFIX: Partial<Record<FunctionName, string>> = {
  eq: '=',
  ne: '<>',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  and: 'AND',
  or: 'OR',
  add: '+',
  sub: '-',
  mul: '*',
  concat: '||',
}
const CALENDAR: Partial<Record<FunctionName, string>> = {
  year: 'year',
  month: 'month',
  day: 'day',
  weekday: 'isodow',
  dayOfYear: 'dayofyear',
  hour: 'hour',
  minute: 'minute',
}

const error = (message: string): string => `error(${text(message)})`

export function sqlExpr(e: Expr, schema: Schema): string {
  switch (e.op) {
    case 'col':
      return quote(e.name)
    case 'lit':
      return sqlLiteral(e.value, e.type)
    case 'case':
      return `CASE ${e.when.map(([c, v]) => `WHEN ${sqlExpr(c, schema)} THEN ${sqlExpr(v, schema)}`).join(' ')} ELSE ${sqlExpr(e.otherwise, schema)} END`
    case 'cast':
      return sqlCast(e, schema)
    case 'lookup':
      return sqlLookup(e, schema)
    case 'predict':
      throw new Error('predict has no SQL form') // prepare() declares the gap before this is reached
    case 'call':
      return sqlCall(e, schema)
  }
}

function sqlCall(e: Extract<Expr, { op: 'call' }>, schema: Schema): string {
  const args = e.args.map((a) => sqlExpr(a, schema))
  const types = e.args.map((a) => infer(a, schema, e.fn).type)
  const [a = '', b = ''] = args
  const type = infer(e, schema, e.fn).type
  const whole = isInteger(types[0] ?? 'bool') && (types[1] === undefined || isInteger(types[1]))
  const infix = INFIX[e.fn]
  if (e.fn === 'add' || e.fn === 'sub' || e.fn === 'mul') {
    const to = sqlType(type)
    return `(CAST(${a} AS ${to}) ${infix} CAST(${b} AS ${to}))`
  }
  if (infix) return `(${args.join(` ${infix} `)})`
  const part = CALENDAR[e.fn]
  if (part) return `CAST(${part}(${a}) AS BIGINT)`
  switch (e.fn) {
    case 'not':
      return `(NOT ${a})`
    case 'isNull':
      return `(${a} IS NULL)`
    case 'isIn':
      return `(${a} IN (${args.slice(1).join(', ')}))`
    case 'div':
      return `(CAST(${a} AS DOUBLE) / CAST(${b} AS DOUBLE))`
    case 'intDiv':
      return `CASE WHEN ${b} = 0 AND ${a} IS NOT NULL THEN ${error('intDiv by zero')} ELSE CAST(${a} AS BIGINT) // CAST(${b} AS BIGINT) END`
    case 'mod':
      if (!whole) return `fmod(CAST(${a} AS DOUBLE), CAST(${b} AS DOUBLE))`
      return `CASE WHEN ${b} = 0 AND ${a} IS NOT NULL THEN ${error('mod by zero')} ELSE CAST(${a} AS BIGINT) % CAST(${b} AS BIGINT) END`
    case 'neg':
      return `(-${a})`
    case 'floor':
    case 'ceil':
    case 'trunc':
    case 'round':
      return isInteger(types[0] ?? 'bool') ? a : `${e.fn}(${a})`
    case 'replace':
      return `replace(${args.join(', ')})`
    case 'addDuration':
    case 'subDuration': {
      const sign = e.fn === 'addDuration' ? '+' : '-'
      return type === 'duration' ? `(${a} ${sign} ${b})` : `make_timestamp(epoch_us(${a}) ${sign} ${b})`
    }
    case 'diffTime':
      return types[0] === 'date' ? `(CAST(${a} - ${b} AS BIGINT) * 86400000000)` : `(epoch_us(${a}) - epoch_us(${b}))`
    case 'micros':
      return isInteger(types[0] ?? 'bool') ? `CAST(${a} AS BIGINT)` : `CAST(round(${a}) AS BIGINT)`
    case 'toInstant':
    case 'toLocal':
      return a
    case 'toDate':
      return `CAST(${a} AS DATE)`
    case 'minuteOfDay':
      return `CAST(hour(${a}) * 60 + minute(${a}) AS BIGINT)`
    case 'hash32':
      return types[0] === 'string'
        ? `CAST(CAST(('0x' || substr(md5(${a}), 1, 8)) AS UBIGINT) AS BIGINT)`
        : sqlHashInteger(sqlInteger(a, types[0] ?? 'int64'))
    default:
      return `${NAMES[e.fn] ?? e.fn}(${args.join(', ')})`
  }
}

/** Integers and times as the BIGINT that is hashed: µs, or days since 1970. */
function sqlInteger(sql: string, type: Type): string {
  if (type === 'date') return `CAST(${sql} - DATE '1970-01-01' AS BIGINT)`
  return type === 'timestamp' || type === 'local timestamp' ? `epoch_us(${sql})` : `CAST(${sql} AS BIGINT)`
}

/** murmur3's finaliser over the low word, then over that xor the high word, in unsigned 64-bit arithmetic. */
function sqlHashInteger(v: string): string {
  const finalise = (h: string) => {
    const one = `(xor(${h}, ${h} >> 16) * 2246822507::UBIGINT & 4294967295::UBIGINT)`
    const two = `(xor(${one}, ${one} >> 13) * 3266489909::UBIGINT & 4294967295::UBIGINT)`
    return `xor(${two}, ${two} >> 16)`
  }
  const low = `CAST(${v} & 4294967295 AS UBIGINT)`
  const high = `CAST((${v} >> 32) & 4294967295 AS UBIGINT)`
  return `CAST(${finalise(`xor(${finalise(low)}, ${high})`)} AS BIGINT)`
}

/** DuckDB's own casts round and trim; ours are strict. */
function sqlCast(e: Extract<Expr, { op: 'cast' }>, schema: Schema): string {
  const from = infer(e.arg, schema, 'cast').type
  const arg = sqlExpr(e.arg, schema)
  const to = sqlType(e.to)
  const direct = `${e.onError === 'null' ? 'TRY_CAST' : 'CAST'}(${arg} AS ${to})`
  const otherwise = e.onError === 'null' ? `CAST(NULL AS ${to})` : error(`a ${String(from)} can't become a ${e.to}`)
  const only = (condition: string) =>
    `CASE WHEN ${arg} IS NULL THEN NULL WHEN ${condition} THEN ${direct} ELSE ${otherwise} END`
  if (isInteger(e.to) && from === 'string') return only(`regexp_full_match(${arg}, '[+-]?[0-9]+')`)
  if (isInteger(e.to) && isFloat(from)) return only(`${arg} = trunc(${arg}) AND isfinite(${arg})`)
  if (isFloat(e.to) && from === 'string')
    return only(
      `regexp_full_match(${arg}, '(?i)[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf(inity)?|nan')`,
    )
  if (e.to === 'bool' && from === 'string') return only(`${arg} IN ('true', 'false')`)
  return direct
}

/** Constants of a fit: a small VALUES table, joined by DuckDB as a hash join. */
function sqlLookup(e: Extract<Expr, { op: 'lookup' }>, schema: Schema): string {
  const fallback = sqlLiteral(e.fallback, e.type)
  if (e.table.keys.length === 0) return fallback
  const types = e.args.map((a) => infer(a, schema, 'lookup').type)
  const rows = e.table.keys.map(
    (key, i) =>
      `(${[...key.map((k, j) => sqlLiteral(k, types[j] ?? 'string')), sqlLiteral(e.table.values[i] ?? null, e.type)].join(', ')})`,
  )
  const names = e.args.map((_, i) => `k${i}`)
  const where = e.args.map((a, i) => `k${i} IS NOT DISTINCT FROM ${sqlExpr(a, schema)}`).join(' AND ')
  const source = `FROM (VALUES ${rows.join(', ')}) AS lookup(${[...names, 'v'].join(', ')}) WHERE ${where}`
  if (!e.table.values.includes(null)) return `coalesce((SELECT v ${source}), ${fallback})`
  return `CASE WHEN (SELECT TRUE ${source}) THEN (SELECT v ${source}) ELSE ${fallback} END`
}
