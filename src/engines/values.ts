import { GalleyError } from '../base/errors.ts'
import { ownValue } from '../base/own.ts'
import type { Literal } from '../plan/expr.ts'
import { isDecimal, isList, isStruct, scaleOf, type Type } from '../plan/types.ts'
import type { Value } from './batch.ts'

/** A value that its operation can't take. */
export const invalid = (
  what: string,
  why: string,
  fix = 'correct the value, or say what should happen: .orNull() gives null in its place',
): GalleyError => new GalleyError('VALUE_INVALID', { what, why, fix })

/** A total order on non-null values of one type: numbers with NaN last and −0 = 0, text by UTF-8 bytes. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareUtf8(a, b)
  if (typeof a === 'object' || typeof b === 'object') return compareNested(a, b)
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1
    if (Number.isNaN(b)) return -1
    return a < b ? -1 : a > b ? 1 : 0
  }
  const x = a as number | bigint
  const y = b as number | bigint
  if (typeof x === 'number' && Number.isNaN(x)) return 1
  if (typeof y === 'number' && Number.isNaN(y)) return -1
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number are compared by value
  return x == y ? 0 : x < y ? -1 : 1
}

/** Bytes in their order; lists and structs item by item, where null equals null: only their equality has a meaning. */
function compareNested(a: Value, b: Value): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  if (typeof a !== 'object' || typeof b !== 'object') return compare(a, b)
  const x: readonly Value[] = a instanceof Uint8Array ? [...a] : Object.values(a)
  const y: readonly Value[] = b instanceof Uint8Array ? [...b] : Object.values(b)
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const order = compareNested(x[i] as Value, y[i] as Value)
    if (order !== 0) return order
  }
  return x.length - y.length
}

/** Order by code points equals order by UTF-8 bytes; JavaScript's own order differs outside the BMP. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const sx = x >= 0xd800 && x <= 0xdfff
    const sy = y >= 0xd800 && y <= 0xdfff
    return sx === sy ? (x < y ? -1 : 1) : sx ? 1 : -1
  }
  return a.length - b.length
}

/** A literal of the plan as the value that engines compute with; a float may also be the text that JSON has for NaN and the infinities. */
export function literalValue(value: Literal, type: Type): Value {
  if (value === null) return null
  if (type === 'int64' || type === 'timestamp' || type === 'local timestamp' || type === 'duration')
    return BigInt(value as string | number)
  if (type === 'bytes') return new Uint8Array(Buffer.from(value as string, 'base64'))
  if (type === 'float32') return Math.fround(Number(value))
  if (type === 'float64') return Number(value)
  if (typeof type === 'string') return value as Value
  if (isDecimal(type)) return parseDecimal(String(value), scaleOf(type)) ?? null
  if (isList(type)) return (value as readonly Literal[]).map((v) => literalValue(v, type.list))
  const fields = value as Readonly<Record<string, Literal>>
  return Object.fromEntries(type.struct.map(([name, t]) => [name, literalValue(ownValue(fields, name) ?? null, t)]))
}

/** A value as the plan's JSON has it. */
export function literalOf(value: Value, type: Type = 'int64'): Literal {
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (isDecimal(type)) return formatDecimal(value as bigint, scaleOf(type))
  if (isList(type)) return (value as readonly Value[]).map((v) => literalOf(v, type.list))
  if (isStruct(type))
    return Object.fromEntries(
      type.struct.map(([name, t]) => [
        name,
        literalOf(ownValue(value as Readonly<Record<string, Value>>, name) ?? null, t),
      ]),
    )
  return typeof value === 'bigint' ? value.toString() : (value as Literal)
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/

/** Text as a scaled integer; further digits round half away from zero. Undefined when it is no number. */
export function parseDecimal(text: string, scale: number): bigint | undefined {
  const [, sign, whole = '', part = ''] = DECIMAL.exec(text) ?? []
  if (sign === undefined || whole + part === '') return undefined
  const kept = part.slice(0, scale).padEnd(scale, '0')
  const up = part.charCodeAt(scale) >= 53 ? 1n : 0n
  const n = BigInt(`${whole}${kept}` || '0') + up
  return sign === '-' ? -n : n
}

/** A scaled integer as text, with all its digits after the point. */
export function formatDecimal(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return value < 0n ? `-${text}` : text
}

/** The key text of a lookup or a group: nulls and types told apart, −0 as 0. */
export function keyOf(values: readonly Value[]): string {
  if (values.length === 1 && typeof values[0] === 'string') return `s${values[0]}`
  return values.map(keyPart).join('|')
}

function keyPart(v: Value): string {
  if (v === null) return 'n'
  if (typeof v === 'string') return `s${v.length}:${v}`
  if (v instanceof Uint8Array) return `b${Buffer.from(v).toString('hex')}`
  if (typeof v === 'object') return `(${Object.values(v).map(keyPart).join('|')})`
  return Object.is(v, -0) ? 'v0' : `v${String(v)}`
}

/** A day since 1970, if the calendar has it. @throws VALUE_INVALID */
export function onCalendar(day: number): number {
  if (Math.abs(day) > 100_000_000)
    throw invalid(
      'a time lies outside the calendar',
      'it reaches a hundred million days from 1970, to the year 275,760',
    )
  return day
}
