import { GalleyError } from '../base/errors.ts'
import { ownValue } from '../base/own.ts'
import { type Expr, type Literal, lit } from './expr.ts'
import { isoSeconds } from './iso.ts'
import { isDecimal, isFloat, isInteger, isList, isStruct, MAX_DECIMAL_DIGITS, type Type, typeName } from './types.ts'

/** A plain value as a literal of about that type. @throws PLAN_TYPE_MISMATCH */
export function literal(value: unknown, like: Type, beside?: string): Expr {
  if (value === null) return lit(null, like)
  const wrong = () =>
    new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `${typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value))} can't stand where ${typeWithArticle(like)} is expected`,
      ...(beside ? { why: `it stands beside ${beside}` } : {}),
      fix: howToGive(value, like),
    })
  if (like === 'bool') {
    if (typeof value !== 'boolean') throw wrong()
    return lit(value, 'bool')
  }
  if (typeof value === 'bigint' && (isDecimal(like) || isInteger(like) || isFloat(like))) {
    if (BigInt.asIntN(64, value) !== value) throw wrong()
    return lit(value.toString(), 'int64')
  }
  if (isDecimal(like)) {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return lit(String(value), 'int64')
    if (typeof value === 'number' && Number.isFinite(value)) return lit(value, 'float64')
    const [, whole = '', part = ''] = typeof value === 'string' ? (/^-?(\d+)(?:\.(\d+))?$/.exec(value) ?? []) : []
    if (whole === '' || whole.length + part.length > MAX_DECIMAL_DIGITS) throw wrong()
    return lit(value as string, { decimal: [MAX_DECIMAL_DIGITS, part.length] })
  }
  if (isInteger(like) || isFloat(like)) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong()
    if (isInteger(like) && Number.isSafeInteger(value)) return lit(String(value), 'int64')
    // 2⁵³ + 1 is 2⁵³ by the time it comes here
    if (isInteger(like) && Number.isInteger(value) && Math.abs(value) < 2 ** 63)
      throw new GalleyError('PLAN_TYPE_MISMATCH', {
        what: `${BigInt(value)} can't stand where a ${typeName(like)} is expected`,
        why: 'a number of JavaScript beyond 2⁵³ may be another one than was written',
        fix: 'write the digits that you mean with an n behind them: 9007199254740993n',
      })
    return lit(value, 'float64')
  }
  if (typeof value !== 'string') throw wrong()
  if (like === 'local timestamp' || like === 'timestamp' || like === 'date') return lit(isoMicros(value, like), like)
  if (!isLiteralOf(value, like)) throw wrong()
  return lit(value, like)
}

/** What to write for a value of a type. */
function howToGive(value: unknown, like: Type): string {
  const number = typeof value === 'number' || typeof value === 'bigint'
  if (like === 'duration') return number ? `give it its unit: days(${value}), hours(${value}), minutes(${value}) or seconds(${value})` : 'give one: days(7), hours(7), minutes(7) or seconds(7)' // biome-ignore format: one line
  if (like === 'string' && number)
    return `put it between quotes: '${value}'; or read the text as a number: .cast('int64')`
  if ((isInteger(like) || isFloat(like)) && typeof value === 'string')
    return value.trim() !== '' && Number.isFinite(Number(value)) ? `write it without quotes: ${value}` : 'give a number'
  if (like === 'timestamp' || like === 'local timestamp' || like === 'date')
    return `give it as text: '2001-06-30'${like === 'date' ? '' : " or '2001-06-30 18:05:00'"}`
  if (like === 'bool') return 'give true or false'
  if (isDecimal(like)) return "give a number, as text where every digit counts: '12.50'"
  return `give ${typeWithArticle(like)}`
}

const typeWithArticle = (type: Type): string => {
  const name = typeName(type)
  return `${/^i/.test(name) ? 'an' : 'a'} ${name}`
}

/** Whether a literal's value is of its type: integers as text, times in µs, decimals with their point, null of any. */
export function isLiteralOf(value: unknown, type: Type): boolean {
  if (value === null) return true
  if (isDecimal(type)) {
    const [precision, scale] = type.decimal
    const [, whole, part = ''] = typeof value === 'string' ? (/^-?(?=\d)0*(\d*)(?:\.(\d+))?$/.exec(value) ?? []) : []
    return whole !== undefined && whole.length <= precision - scale && part.length <= scale
  }
  if (isList(type)) return Array.isArray(value) && value.every((v) => isLiteralOf(v, type.list))
  if (isStruct(type)) {
    if (typeof value !== 'object' || Array.isArray(value)) return false
    const fields = value as Readonly<Record<string, unknown>>
    return type.struct.every(([name, t]) => isLiteralOf(ownValue(fields, name) ?? null, t))
  }
  switch (type) {
    case 'bool':
      return typeof value === 'boolean'
    case 'string':
      // half a pair of UTF-16 is no character
      return typeof value === 'string' && value.isWellFormed()
    case 'bytes':
      return typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
    case 'int32':
      return typeof value === 'number' && Number.isInteger(value) && (value | 0) === value
    case 'date':
      return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31
    case 'float32':
      // a finite number that has no room would become an infinity on some engines
      return typeof value === 'number' && (Number.isFinite(Math.fround(value)) || !Number.isFinite(value))
    case 'float64':
      return typeof value === 'number'
    default:
      return (
        typeof value === 'string' && /^-?\d{1,19}$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value)
      )
  }
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** An ISO date or date-time as the literal form of its type: µs (as text) or days since 1970. */
export function isoMicros(text: string, type: 'timestamp' | 'local timestamp' | 'date'): Literal {
  const value = isoValue(text, type)
  return typeof value === 'bigint' ? value.toString() : value
}

/** The same as engines compute with it: µs, or days for a date. @throws PLAN_TYPE_MISMATCH */
export function isoValue(text: string, type: 'timestamp' | 'local timestamp' | 'date'): bigint | number {
  const seconds = type === 'date' ? Number.NaN : isoSeconds(text)
  if (!Number.isNaN(seconds)) return BigInt(seconds) * 1_000_000n
  const m = ISO.exec(text)
  const n = (i: number): number => Number(m?.[i] ?? 0)
  // Date.UTC takes years below 100 for those of the twentieth century
  const ms = m ? new Date(Date.UTC(2000, 0, 1, n(4), n(5), n(6))).setUTCFullYear(n(1), n(2) - 1, n(3)) : Number.NaN
  const zone = m?.[8]
  // a wall clock has no zone: to drop one would be to change the time
  if (zone !== undefined && type !== 'timestamp')
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `'${text}' is not a ${type}`,
      why: `it says where it is (${zone}), and a ${type} is what a clock on the wall shows`,
      fix: "leave the zone out, or declare the column as 'timestamp'",
    })
  const date = new Date(ms)
  // 30 February rolls over into March, and 24:00 into the next day: such text is no time
  if (
    !m ||
    n(1) < 1 ||
    date.getUTCMonth() !== n(2) - 1 ||
    date.getUTCDate() !== n(3) ||
    n(4) > 23 ||
    n(5) > 59 ||
    n(6) > 59
  )
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `'${text}' is not a ${type}`,
      fix: `write it like '2001-06-30'${type === 'date' ? '' : " or '2001-06-30 18:05:00'"}`,
    })
  const offset = zone === undefined || zone === 'Z' ? 0 : offsetMs(zone)
  if (Number.isNaN(offset))
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `'${text}' is not a ${type}`,
      why: `there is no zone ${zone}`,
      fix: 'write it in UTC, with Z',
    })
  if (type === 'date') {
    if (m[4] === undefined) return ms / 86_400_000
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `'${text}' is not a date`,
      why: 'it says a time of day too',
      fix: "leave the time out, or declare the column as 'local timestamp'",
    })
  }
  const micros = Number((m[7] ?? '').padEnd(6, '0'))
  return BigInt(ms - offset) * 1000n + BigInt(micros)
}

/** ms that a zone like `+09:00` is ahead of UTC; NaN where no zone is. */
function offsetMs(zone: string): number {
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))]
  if (hours > 18 || minutes > 59) return Number.NaN
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
