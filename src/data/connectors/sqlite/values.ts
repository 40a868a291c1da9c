import { cast } from '../../../engines/casts.ts'
import { isoValue } from '../../../plan/literal.ts'
import { isDecimal, isFloat, isInteger, scaleOf, type Type, typeName } from '../../../plan/types.ts'
import type { SqliteValue } from './open.ts'

/** What a value is called that SQLite keeps. */
export const classOf = (v: SqliteValue): string =>
  typeof v === 'bigint' ? 'an INTEGER' : typeof v === 'number' ? 'a REAL' : typeof v === 'string' ? 'TEXT' : 'a BLOB'

const RANGE: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  duration: [-(2n ** 63n), 2n ** 63n - 1n],
}
const ZONED = /(Z|[+-]\d\d:\d\d)$/
const EXACT = 2n ** 53n

/**
 * A value of SQLite as the text of a type, or why it is not one: INTEGER for integers and bools (0 and 1), REAL for floats
 * (an INTEGER that a float holds exactly too), TEXT for text and times, BLOB for bytes, any number or its text for decimals
 * that it fits.
 */
export function cellOf(v: SqliteValue, type: Type): { readonly text: string } | { readonly wrong: string } {
  const wrong = { wrong: `is ${classOf(v)}, not of type ${typeName(type)}` }
  if (v === null) return wrong
  if (type === 'string') return typeof v === 'string' ? { text: v } : wrong
  if (type === 'bytes') return v instanceof Uint8Array ? { text: Buffer.from(v).toString('base64') } : wrong
  if (type === 'bool') return v === 0n || v === 1n ? { text: String(v === 1n) } : wrong
  if (isDecimal(type)) return decimal(v, type) ?? wrong
  if (isInteger(type) || type === 'duration') {
    const [least, most] = RANGE[type as string] as readonly [bigint, bigint]
    return typeof v === 'bigint' && v >= least && v <= most ? { text: v.toString() } : wrong
  }
  if (isFloat(type)) {
    if (typeof v === 'bigint') return v <= EXACT && v >= -EXACT ? { text: v.toString() } : wrong
    if (typeof v !== 'number') return wrong
    return type === 'float32' && Number.isFinite(v) && !Number.isFinite(Math.fround(v)) ? wrong : { text: String(v) }
  }
  if (typeof v !== 'string' || (type !== 'date' && type !== 'timestamp' && type !== 'local timestamp')) return wrong
  try {
    // an instant says where it is; a day and a wall clock are what the plan's own casts take
    if (type !== 'timestamp')
      return { text: String(cast(v.length === 16 && type !== 'date' ? `${v}:00` : v, 'string', type)) }
    return ZONED.test(v) ? { text: String(isoValue(v, type)) } : wrong
  } catch {
    return { wrong: `is not of type ${typeName(type)}` }
  }
}

function decimal(v: SqliteValue, type: Type & { decimal: readonly [number, number] }): { text: string } | undefined {
  const text = typeof v === 'bigint' ? v.toString() : typeof v === 'number' ? String(v) : typeof v === 'string' ? v : ''
  const [, whole, part = ''] = /^-?0*(\d*)(?:\.(\d+?)0*)?$/.exec(text) ?? []
  if (whole === undefined || !/\d/.test(text)) return undefined
  return whole.length <= type.decimal[0] - scaleOf(type) && (part === '0' || part.length <= scaleOf(type))
    ? { text }
    : undefined
}
