import { GalleyError } from '../base/errors.ts'
import type { Literal } from '../plan/expr.ts'
import { isFloat, isInteger, type ScalarType, type Type, typeName } from '../plan/types.ts'
import type { Value } from './batch.ts'

/** A value that its operation can't take. */
export function invalid(what: string, why: string): GalleyError {
  return new GalleyError('VALUE_INVALID', {
    what,
    why,
    fix: 'correct the value, or say what should happen with cast(…, { onError: "null" })',
  })
}

/** A total order on non-null values of one type: numbers with NaN last and −0 = 0, text by UTF-8 bytes. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareUtf8(a, b)
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

/** A literal of the plan as the value that engines compute with. */
export function literalValue(value: Literal, type: Type): Value {
  if (value === null) return null
  if (type === 'int64' || type === 'timestamp' || type === 'local timestamp' || type === 'duration')
    return BigInt(value as string | number)
  return value
}

/** A scalar value as the plan's JSON has it. */
export const literalOf = (value: Value): Literal => (typeof value === 'bigint' ? value.toString() : (value as Literal))

const INTEGER = /^[+-]?\d+$/
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?inf(inity)?$|^nan$/i

/** A strict cast: the whole text must parse, a float must be integral, a number must fit. @throws VALUE_INVALID */
export function cast(value: Value, from: Type, to: ScalarType): Value {
  if (value === null || from === to) return value
  const fail = () => invalid(`'${String(value)}' can't become a ${to}`, `it is a ${typeName(from)}`)
  if (to === 'string') return castToText(value, from)
  if (isInteger(to)) {
    let n: bigint
    if (typeof value === 'string') {
      if (!INTEGER.test(value)) throw fail()
      n = BigInt(value.replace(/^\+/, ''))
    } else if (typeof value === 'boolean') n = value ? 1n : 0n
    else if (typeof value === 'number' && !Number.isInteger(value)) throw fail()
    else n = BigInt(value as number | bigint)
    const bound = to === 'int32' ? 2n ** 31n : 2n ** 63n
    if (n >= bound || n < -bound) throw fail()
    return to === 'int32' ? Number(n) : n
  }
  if (isFloat(to)) {
    if (typeof value === 'string') {
      if (!FLOAT.test(value)) throw fail()
      const lower = value.toLowerCase()
      const n = lower.includes('inf')
        ? lower.startsWith('-')
          ? -Infinity
          : Infinity
        : lower.includes('nan')
          ? Number.NaN
          : Number(value)
      return to === 'float32' ? Math.fround(n) : n
    }
    const n = Number(value)
    return to === 'float32' ? Math.fround(n) : n
  }
  if (to === 'bool') {
    if (value === 'true' || value === 'false') return value === 'true'
    if (isInteger(from)) return Number(value) !== 0
  }
  throw fail()
}

function castToText(value: Value, from: Type): string {
  if (from === 'timestamp' || from === 'local timestamp') {
    const micros = value as bigint
    const base = new Date(Number((micros - (((micros % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1000n))
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ')
    const part = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
    return part === 0n ? base : `${base}.${part.toString().padStart(6, '0').replace(/0+$/, '')}`
  }
  if (from === 'date') return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10)
  return String(value)
}

/** The key text of a lookup or a group: nulls and types told apart, −0 as 0. */
export function keyOf(values: readonly Value[]): string {
  if (values.length === 1 && typeof values[0] === 'string') return `s${values[0]}`
  return values
    .map((v) =>
      v === null
        ? 'n'
        : typeof v === 'string'
          ? `s${v.length}:${v}`
          : typeof v === 'object'
            ? `o${JSON.stringify(v)}`
            : Object.is(v, -0)
              ? 'v0'
              : `v${String(v)}`,
    )
    .join('|')
}
