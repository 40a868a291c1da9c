import { dayText } from '../plan/iso.ts'
import { isDecimal, isFloat, isInteger, sameType, scaleOf, type Type, typeName } from '../plan/types.ts'
import type { Value } from './batch.ts'
import { divideRounded, MAX_DECIMAL, roundHalfAway } from './scalars/scalar.ts'
import { formatDecimal, invalid, onCalendar, parseDecimal } from './values.ts'

const INTEGER = /^[+-]?\d+$/
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?inf(inity)?$|^nan$/i
const TIME = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(Z)?)?$/

/** A strict cast: the whole text must parse, a float must be integral, a number must fit. @throws VALUE_INVALID */
export function cast(value: Value, from: Type, to: Type): Value {
  if (value === null || from === to || (typeof to === 'object' && sameType(from, to))) return value
  const fail = () =>
    invalid(
      `'${isDecimal(from) ? formatDecimal(value as bigint, scaleOf(from)) : String(value)}' can't become a ${typeName(to)}`,
      `it is a ${typeName(from)}`,
    )
  if (to === 'string') return castToText(value, from)
  if (isInteger(to)) return castToInteger(value, from, to === 'int32' ? 32 : 64, fail)
  if (isDecimal(to)) return castToDecimal(value, from, to.decimal, fail)
  if (isFloat(to)) {
    const n =
      typeof value === 'string'
        ? parseFloat64(value, fail)
        : isDecimal(from)
          ? decimalNumber(value as bigint, scaleOf(from))
          : Number(value)
    if (to === 'float64') return n
    const single = Math.fround(n)
    if (Number.isFinite(n) && !Number.isFinite(single)) throw fail()
    return single
  }
  if (to === 'duration' && isInteger(from)) return BigInt(value as bigint | number)
  if (to === 'bool') {
    if (value === 'true' || value === 'false') return value === 'true'
    if (isInteger(from)) return Number(value) !== 0
  }
  if (to === 'date' || to === 'timestamp' || to === 'local timestamp') {
    if (typeof value === 'string') return castToTime(value, to, fail)
    if (from === 'date' && to === 'local timestamp') {
      const micros = BigInt(value as number) * 86_400_000_000n
      if (BigInt.asIntN(64, micros) !== micros) throw fail()
      return micros
    }
  }
  throw fail()
}

function castToInteger(value: Value, from: Type, bits: 32 | 64, fail: () => Error): Value {
  let n: bigint
  if (typeof value === 'string') {
    if (!INTEGER.test(value)) throw fail()
    n = BigInt(value.replace(/^\+/, ''))
  } else if (typeof value === 'boolean') n = value ? 1n : 0n
  else if (typeof value === 'number' && !Number.isInteger(value)) throw fail()
  else if (isDecimal(from)) {
    const unit = 10n ** BigInt(scaleOf(from))
    if ((value as bigint) % unit !== 0n) throw fail()
    n = (value as bigint) / unit
  } else n = BigInt(value as number | bigint)
  if (BigInt.asIntN(bits, n) !== n) throw fail()
  return bits === 32 ? Number(n) : n
}

/** Digits beyond the scale round half away from zero; what has too many before the point fails. */
function castToDecimal(
  value: Value,
  from: Type,
  [precision, scale]: readonly [number, number],
  fail: () => Error,
): bigint {
  let n: bigint | undefined
  if (typeof value === 'string') n = parseDecimal(value, scale)
  else if (isFloat(from)) n = scaled(value as number, scale)
  else if (typeof value === 'boolean') n = value ? 10n ** BigInt(scale) : 0n
  else n = rescale(BigInt(value as number | bigint), scaleOf(from), scale)
  if (n === undefined || n >= 10n ** BigInt(precision) || n <= -(10n ** BigInt(precision))) throw fail()
  return n
}

/** The plain product, rounded half away from zero. */
function scaled(x: number, scale: number): bigint | undefined {
  const n = roundHalfAway(x * 10 ** scale)
  return Number.isFinite(n) ? BigInt(n) : undefined
}

const rescale = (n: bigint, from: number, to: number): bigint =>
  to >= from ? n * 10n ** BigInt(to - from) : divideRounded(n, 10n ** BigInt(from - to))

function parseFloat64(text: string, fail: () => Error): number {
  if (!FLOAT.test(text)) throw fail()
  const lower = text.toLowerCase()
  if (lower.includes('inf')) return lower.startsWith('-') ? -Infinity : Infinity
  if (lower.includes('nan')) return Number.NaN
  const n = Number(text)
  if (!Number.isFinite(n)) throw fail()
  return n
}

/** `2001-06-30`, or with `18:05:00` and up to six further digits; an instant ends with `Z`. */
function castToTime(text: string, to: 'date' | 'timestamp' | 'local timestamp', fail: () => Error): Value {
  const m = TIME.exec(text)
  const n = (i: number): number => Number(m?.[i] ?? 0)
  if (!m || (to === 'date') !== (m[4] === undefined) || (to === 'timestamp') !== (m[8] === 'Z')) throw fail()
  const date = new Date(0)
  date.setUTCFullYear(n(1), n(2) - 1, n(3))
  if (n(1) < 1 || date.getUTCMonth() !== n(2) - 1 || date.getUTCDate() !== n(3) || n(4) > 23 || n(5) > 59 || n(6) > 59)
    throw fail()
  if (to === 'date') return date.getTime() / 86_400_000
  const seconds = (n(4) * 60 + n(5)) * 60 + n(6)
  return BigInt(date.getTime()) * 1000n + BigInt(seconds) * 1_000_000n + BigInt((m[7] ?? '').padEnd(6, '0'))
}

function castToText(value: Value, from: Type): string {
  if (isDecimal(from)) return formatDecimal(value as bigint, scaleOf(from))
  if (from === 'timestamp' || from === 'local timestamp') {
    const micros = value as bigint
    const part = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
    const seconds = Number((micros - part) / 1_000_000n)
    const [days, clock] = [Math.floor(seconds / 86_400), ((seconds % 86_400) + 86_400) % 86_400]
    const time = new Date(clock * 1000).toISOString().slice(11, 19)
    const rest = part === 0n ? '' : `.${part.toString().padStart(6, '0').replace(/0+$/, '')}`
    return `${dayText(onCalendar(days))} ${time}${rest}${from === 'timestamp' ? 'Z' : ''}`
  }
  if (from === 'date') return dayText(onCalendar(Number(value)))
  return isFloat(from) ? floatText(value as number, from === 'float32') : String(value)
}

/** The shortest digits that read back as the same float: `5.0`, `0.0001`, `1e-05`, `1e+16`, `inf`, `nan`. */
function floatText(x: number, single: boolean): string {
  if (Number.isNaN(x)) return 'nan'
  if (!Number.isFinite(x)) return x < 0 ? '-inf' : 'inf'
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0'
  let text = x.toExponential()
  for (let digits = 0; single && digits < 9; digits++) {
    text = x.toExponential(digits)
    if (Math.fround(Number(text)) === x) break
  }
  const [, sign = '', first = '', rest = '', exponent = '0'] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? []
  const e = Number(exponent)
  if (e < -4 || e >= 16) {
    const power = `${e < 0 ? '-' : '+'}${String(Math.abs(e)).padStart(2, '0')}`
    return `${sign}${first}${rest ? `.${rest}` : ''}e${power}`
  }
  const digits = first + rest
  if (e < 0) return `${sign}0.${'0'.repeat(-e - 1)}${digits}`
  return `${sign}${digits.slice(0, e + 1).padEnd(e + 1, '0')}.${digits.slice(e + 1) || '0'}`
}

/** A decimal's digits as a number, rounded once: where they are more than a float64 holds, the whole and the rest apart. */
export function decimalNumber(digits: bigint, scale: number): number {
  const n = Number(digits)
  const unit = 10 ** scale
  if (Math.abs(n) < 2 ** 53 || scale === 0) return n / unit
  const whole = BigInt(unit)
  return Number(digits / whole) + Number(digits % whole) / unit
}

const exactly = (v: Value): Value => v

/** Brings values of one type to the wider one that `commonType` names; undefined when nothing has to be done. */
export function widening(from: Type, to: Type): ((value: Value) => Value) | undefined {
  if (isDecimal(to)) {
    const factor = 10n ** BigInt(scaleOf(to) - scaleOf(from))
    if (isDecimal(from) && factor === 1n) return undefined
    return (v) => {
      if (v === null) return null
      const n = BigInt(v as bigint | number) * factor
      if (n > MAX_DECIMAL || n < -MAX_DECIMAL)
        throw invalid('a value needs more than 18 digits', `it is widened to ${typeName(to)}`)
      return n
    }
  }
  if (isFloat(to) && isDecimal(from)) {
    const scale = scaleOf(from)
    return (v) => (v === null ? null : decimalNumber(v as bigint, scale))
  }
  if (isFloat(to) && from === 'int64') return (v) => (v === null ? null : Number(v))
  if (to === 'int64' && from === 'int32') return (v) => (v === null ? null : BigInt(v as number))
  return from === to ? undefined : exactly
}
