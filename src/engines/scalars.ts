import { createHash } from 'node:crypto'
import type { FunctionName } from '../plan/expr.ts'
import { isFloat, isInteger, type Type } from '../plan/types.ts'
import type { Value } from './batch.ts'
import { compare, invalid } from './values.ts'

/**
 * What each function means on JavaScript values: bigint for int64, times and durations; number for int32, dates and
 * floats; null in gives null out unless the table says otherwise. Shared by the engines that run in JavaScript.
 */
export type Scalar = (args: readonly Value[], types: readonly Type[]) => Value

const MAX = 2n ** 63n - 1n
const MIN = -(2n ** 63n)

function int64(value: bigint, fn: string): bigint {
  if (value > MAX || value < MIN) throw invalid(`${fn} overflows int64`, `the result is ${value}`)
  return value
}

const isBig = (v: Value): v is bigint => typeof v === 'bigint'
const num = (v: Value): number => Number(v)
/** Integer arithmetic when both sides are integers, float64 otherwise. */
const arithmetic =
  (fn: string, big: (a: bigint, b: bigint) => bigint, float: (a: number, b: number) => number): Scalar =>
  ([a, b], [ta, tb]) =>
    isFloat(ta as Type) || isFloat(tb as Type)
      ? float(num(a as Value), num(b as Value))
      : int64(big(BigInt(a as number | bigint), BigInt(b as number | bigint)), fn)
const float =
  (f: (x: number) => number): Scalar =>
  ([a]) =>
    f(num(a as Value))
/** Leaves integers as they are. */
const rounding =
  (f: (x: number) => number): Scalar =>
  ([a], [t]) =>
    isInteger(t as Type) ? (a as Value) : f(num(a as Value))
const text =
  (f: (...s: string[]) => Value): Scalar =>
  (args) =>
    f(...(args as string[]))
const test =
  (f: (order: number) => boolean): Scalar =>
  ([a, b]) =>
    f(compare(a as Value, b as Value))

/** Half away from zero. */
export const roundHalfAway = (x: number): number => (x < 0 ? -roundHalfUp(-x) : roundHalfUp(x))
/** `Math.floor(x + 0.5)` is wrong just below a half, where the addition itself rounds up. */
function roundHalfUp(x: number): number {
  const floor = Math.floor(x)
  return x - floor >= 0.5 ? floor + 1 : floor
}

const DAY = 86_400_000_000n
/** Days since 1970 of a local timestamp (µs) or a date. */
const dayOf = (v: Value): number => (isBig(v) ? Number((v - (((v % DAY) + DAY) % DAY)) / DAY) : num(v))
const microsOfDay = (v: Value): bigint => (((v as bigint) % DAY) + DAY) % DAY
const dateOf = (v: Value): Date => new Date(dayOf(v) * 86_400_000)
const calendar =
  (f: (d: Date) => number): Scalar =>
  ([v]) =>
    BigInt(f(dateOf(v as Value)))

/** Nulls in these are seen by the function itself. */
export const SEES_NULL: ReadonlySet<FunctionName> = new Set([
  'and',
  'or',
  'isNull',
  'coalesce',
  'isIn',
  'least',
  'greatest',
])

const extreme =
  (sign: number): Scalar =>
  (args) => {
    const present = args.filter((v) => v !== null)
    return present.length === 0 ? null : present.reduce((a, b) => (compare(b, a) * sign > 0 ? b : a))
  }

export const SCALARS: Record<FunctionName, Scalar> = {
  eq: test((o) => o === 0),
  ne: test((o) => o !== 0),
  lt: test((o) => o < 0),
  le: test((o) => o <= 0),
  gt: test((o) => o > 0),
  ge: test((o) => o >= 0),
  and: ([a, b]) => (a === false || b === false ? false : a === null || b === null ? null : true),
  or: ([a, b]) => (a === true || b === true ? true : a === null || b === null ? null : false),
  fails: () => false,
  orNull: ([a]) => a as Value,
  not: ([a]) => !a,
  isNull: ([a]) => a === null,
  isNaN: ([a]) => Number.isNaN(a),
  coalesce: (args) => args.find((v) => v !== null) ?? null,
  isIn: ([a, ...set]) =>
    a === null
      ? null
      : set.some((v) => v !== null && compare(a as Value, v) === 0)
        ? true
        : set.includes(null)
          ? null
          : false,
  least: extreme(-1),
  greatest: extreme(1),
  add: arithmetic(
    'add',
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  sub: arithmetic(
    'sub',
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  mul: arithmetic(
    'mul',
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  div: ([a, b]) => num(a as Value) / num(b as Value),
  intDiv: ([a, b]) => {
    if (BigInt(b as bigint) === 0n) throw invalid('intDiv by zero', `the dividend is ${String(a)}`)
    return int64(BigInt(a as bigint) / BigInt(b as bigint), 'intDiv')
  },
  mod: ([a, b], [ta, tb]) => {
    if (isFloat(ta as Type) || isFloat(tb as Type)) return num(a as Value) % num(b as Value)
    if (BigInt(b as bigint) === 0n) throw invalid('mod by zero', `the dividend is ${String(a)}`)
    return BigInt(a as bigint) % BigInt(b as bigint)
  },
  neg: ([a]) => (isBig(a as Value) ? int64(-(a as bigint), 'neg') : -num(a as Value)),
  abs: ([a]) =>
    isBig(a as Value) ? int64((a as bigint) < 0n ? -(a as bigint) : (a as bigint), 'abs') : Math.abs(num(a as Value)),
  sqrt: float(Math.sqrt),
  ln: float(Math.log),
  exp: float(Math.exp),
  pow: ([a, b]) => num(a as Value) ** num(b as Value),
  floor: rounding(Math.floor),
  ceil: rounding(Math.ceil),
  trunc: rounding(Math.trunc),
  round: rounding(roundHalfAway),
  length: text((s) => BigInt([...s].length)),
  lower: text((s) => s.toLowerCase()),
  upper: text((s) => s.toUpperCase()),
  trim: text((s) => s.replace(/^ +| +$/g, '')),
  concat: text((...s) => s.join('')),
  contains: text((s, part = '') => s.includes(part)),
  startsWith: text((s, part = '') => s.startsWith(part)),
  endsWith: text((s, part = '') => s.endsWith(part)),
  replace: text((s, from = '', to = '') => (from === '' ? s : s.replaceAll(from, () => to))),
  substring: ([s, from, length]) =>
    [...(s as string)].slice(Number(from) - 1, Number(from) - 1 + Number(length)).join(''),
  addDuration: ([a, b]) => int64((a as bigint) + (b as bigint), 'plus'),
  subDuration: ([a, b]) => int64((a as bigint) - (b as bigint), 'minus'),
  diffTime: ([a, b], [t]) =>
    t === 'date' ? BigInt(num(a as Value) - num(b as Value)) * DAY : (a as bigint) - (b as bigint),
  micros: ([a], [t]) => {
    if (isInteger(t as Type)) return BigInt(a as bigint)
    const x = roundHalfAway(num(a as Value))
    if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 63) throw invalid('a duration is out of range', `it is ${x} µs`)
    return BigInt(x)
  },
  toInstant: ([a]) => a as Value,
  toLocal: ([a]) => a as Value,
  toDate: ([a]) => dayOf(a as Value),
  year: calendar((d) => d.getUTCFullYear()),
  month: calendar((d) => d.getUTCMonth() + 1),
  day: calendar((d) => d.getUTCDate()),
  weekday: calendar((d) => d.getUTCDay() || 7),
  dayOfYear: calendar((d) => Math.round((d.getTime() - Date.UTC(d.getUTCFullYear(), 0, 1)) / 86_400_000) + 1),
  hour: ([v]) => microsOfDay(v as Value) / 3_600_000_000n,
  minute: ([v]) => (microsOfDay(v as Value) / 60_000_000n) % 60n,
  minuteOfDay: ([v]) => microsOfDay(v as Value) / 60_000_000n,
  hash32: ([v]) => (typeof v === 'string' ? hashText(v) : hashInteger(BigInt(v as bigint))),
}

/** The first 32 bits of md5 of the UTF-8 bytes. */
function hashText(s: string): bigint {
  return BigInt(createHash('md5').update(s).digest().readUInt32BE(0))
}

/** murmur3's 32-bit finaliser over the low word, then over that xor the high word. */
export function hashInteger(v: bigint): bigint {
  const low = Number(BigInt.asUintN(32, v))
  const high = Number(BigInt.asUintN(32, v >> 32n))
  return BigInt(finalise((finalise(low) ^ high) >>> 0))
}

function finalise(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
