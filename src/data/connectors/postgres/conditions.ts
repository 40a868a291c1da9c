import type { Condition } from '../../../plan/conditions.ts'
import { isDecimal, isInteger, type Type } from '../../../plan/types.ts'
import { ident, literal } from './table.ts'
import type { PgType } from './types.ts'

const SIGNS = { eq: '=', ne: '<>', lt: '<', le: '<=', gt: '>', ge: '>=' } as const
const WHOLE = ['int2', 'int4', 'int8']

/**
 * A condition as the server answers it, exactly as the plan means it; undefined where the server's own rules differ: floats
 * (it orders NaN), text of fixed length (it drops blanks), and what is read as another type than it is.
 */
export function conditionSql(c: Condition, pg: PgType, declared: Type): string | undefined {
  const name = ident(c.column)
  if (!('value' in c)) return `${name} IS ${c.is === 'null' ? 'NULL' : 'NOT NULL'}`
  const { value, type, is } = c
  const compare = (text: string, column = name) => `${column} ${SIGNS[is]} ${text}`
  if (isInteger(declared) && isInteger(type) && WHOLE.includes(pg.name)) return compare(`${BigInt(String(value))}`)
  if (isDecimal(declared) && (isDecimal(type) || isInteger(type)) && /^[+-]?\d+(\.\d+)?$/.test(String(value)))
    return compare(`${value}`)
  if (declared === 'bool' && type === 'bool') return compare(value === true ? 'TRUE' : 'FALSE')
  if (declared === 'date' && type === 'date') {
    const day = dayOf(Number(value))
    return day && compare(`date ${literal(day)}`)
  }
  if ((declared === 'timestamp' || declared === 'local timestamp') && type === declared) {
    const at = momentOf(BigInt(String(value)))
    return at && compare(pg.name === 'timestamptz' ? `timestamptz ${literal(`${at}Z`)}` : `timestamp ${literal(at)}`)
  }
  if (declared === 'string' && type === 'string' && (pg.name === 'text' || pg.name === 'varchar')) {
    const wanted = String(value)
    if (wanted.includes('\0')) return undefined
    const exact = compare(literal(wanted), `${name} COLLATE "C"`)
    // the first is for an index; both, because a collation may take different texts for equal
    return is === 'eq' ? `(${compare(literal(wanted))} AND ${exact})` : exact
  }
  return undefined
}

const DAY = 86_400_000
const within = (ms: number): Date | undefined => {
  const date = new Date(ms)
  const year = date.getUTCFullYear()
  return year >= 1 && year <= 9999 ? date : undefined
}

const dayOf = (days: number): string | undefined =>
  within(days * DAY)
    ?.toISOString()
    .slice(0, 10)

/** Microseconds since 1970 as a time. */
function momentOf(us: bigint): string | undefined {
  const rest = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n
  const date = within(Number((us - rest) / 1000n))
  return date && `${date.toISOString().slice(0, 19)}.${String(rest).padStart(6, '0')}`
}
