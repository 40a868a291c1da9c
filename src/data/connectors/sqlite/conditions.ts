import { quote } from '../../../engines/duckdb/sql/names.ts'
import type { Condition } from '../../../plan/conditions.ts'
import { isDecimal, isFloat, isInteger, type Type } from '../../../plan/types.ts'

const SIGNS = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' } as const
const DAY = 86_400_000

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`
/** A column without the affinity that it was declared with, which would make a number of a text it is compared with. */
const bare = (name: string): string => `+${quote(name)}`

/**
 * Whether a value is certainly one of its declared type, as SQL; undefined for types of which SQLite can't tell. A value of which
 * it is not certain is read, and then judged.
 */
function certain(name: string, type: Type): string | undefined {
  const [c, is] = [bare(name), (kind: string) => `typeof(${quote(name)}) = '${kind}'`]
  if (type === 'string') return is('text')
  if (type === 'bytes') return is('blob')
  if (type === 'bool') return `${is('integer')} AND ${c} IN (0, 1)`
  if (type === 'int64' || type === 'duration') return is('integer')
  if (type === 'int32') return `${is('integer')} AND ${c} BETWEEN -2147483648 AND 2147483647`
  if (type === 'float64') return is('real')
  if (isDecimal(type)) {
    const most = 10n ** BigInt(type.decimal[0] - type.decimal[1])
    return `${is('integer')} AND ${c} > -${most} AND ${c} < ${most}`
  }
  // a day that there is not becomes another one
  if (type === 'date') return `${is('text')} AND date(${c}) IS ${c} AND ${c} >= '0001'`
  if (type === 'local timestamp') return `${is('text')} AND datetime(${c}) IS ${c} AND ${c} >= '0001'`
  return undefined
}

/** A condition on a value that is certainly of its type, answered as the plan answers it; undefined where that can't be. */
function answered(c: Condition, declared: Type, bytes: boolean): string | undefined {
  const name = bare(c.column)
  if (!('value' in c)) return `${name} IS ${c.is === 'null' ? 'NULL' : 'NOT NULL'}`
  const { value, type, is } = c
  const compare = (literal: string) => `${name} ${SIGNS[is]} ${literal}`
  if (isInteger(declared) && isInteger(type)) {
    const n = BigInt(String(value))
    // the least of all is no literal of SQLite's
    return n > -(2n ** 63n) && n < 2n ** 63n ? compare(String(n)) : undefined
  }
  if (declared === 'bool' && type === 'bool') return compare(value === true ? '1' : '0')
  if (declared === 'string' && type === 'string') {
    if (String(value).includes('\0') || !(bytes || is === 'eq' || is === 'ne')) return undefined
    return `${name} COLLATE BINARY ${SIGNS[is]} ${text(String(value))}`
  }
  const ms = declared === 'date' && type === 'date' ? Number(value) * DAY : declared === 'local timestamp' && type === declared ? Number(BigInt(String(value)) / 1000n) : undefined // biome-ignore format: one line
  if (ms === undefined || isFloat(declared)) return undefined
  const at = new Date(ms)
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1 || at.getUTCFullYear() > 9999) return undefined
  if (declared === 'date') return compare(text(at.toISOString().slice(0, 10)))
  // in whole seconds the text of a time sorts as the time does
  return BigInt(String(value)) % 1_000_000n === 0n ? compare(text(at.toISOString().slice(0, 19).replace('T', ' '))) : undefined // biome-ignore format: one line
}

/**
 * The rows that fulfil the conditions, and all that may be broken: these are told whether they are wanted or not. Undefined where
 * nothing can be left to SQLite. `bytes` tells whether it orders text by its bytes in UTF-8.
 */
export function whereOf(
  conditions: readonly Condition[],
  columns: readonly { readonly name: string; readonly type: Type }[],
  bytes: boolean,
): { readonly sql: string; readonly count: number } | undefined {
  const sure = columns.map(({ name, type }) => {
    const known = certain(name, type)
    return known && `(${quote(name)} IS NULL OR (${known}))`
  })
  const wanted = conditions.flatMap((c) => {
    const declared = columns.find((column) => column.name === c.column)?.type
    return (declared && answered(c, declared, bytes)) ?? []
  })
  if (sure.includes(undefined) || wanted.length === 0) return undefined
  return { sql: `((${wanted.join(' AND ')}) OR NOT (${sure.join(' AND ')}))`, count: wanted.length }
}
