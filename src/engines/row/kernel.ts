/** What generated code calls. Integers are doubles below 2⁵³ unless it says otherwise. */

const words = new Int32Array(2)
const long = new BigInt64Array(words.buffer)
const bits = 2 ** -32

/** 2⁵³: integers below it in size are exact as doubles, and a result below it was not rounded. */
export const SAFE = 2 ** 53
export const DAY = 86_400_000_000

/** A double that holds an integer, as bigint. */
function big(x: number): bigint {
  words[0] = x
  words[1] = Math.floor(x * bits)
  return long[0] as bigint
}

/** A 64-bit integer as double; NaN when it is beyond 2⁵³. */
function small(x: unknown): number {
  if (typeof x !== 'bigint') return Number(x)
  long[0] = x
  const high = words[1] as number
  if ((high + 0x200000) >>> 0 >= 0x400000) return Number.NaN
  return high * 4294967296 + ((words[0] as number) >>> 0)
}

/** Whether a bigint fits 64 bits. */
const fits = (x: bigint): boolean => BigInt.asIntN(64, x) === x

/** Half away from zero. */
function round(x: number): number {
  if (x < 0) return -round(-x)
  const floor = Math.floor(x)
  return x - floor >= 0.5 ? floor + 1 : floor
}

/** Code points of a text. */
function length(s: string): number {
  let n = s.length
  for (let i = 0; i + 1 < s.length; i++)
    if ((s.charCodeAt(i) & 0xfc00) === 0xd800 && (s.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      n--
      i++
    }
  return n
}

/** The lesser of two numbers, NaN being the greatest; the first when they are equal. */
const lesser = (a: number, b: number): number => (b < a || (Number.isNaN(a) && !Number.isNaN(b)) ? b : a)
const greater = (a: number, b: number): number => (b > a || (Number.isNaN(b) && !Number.isNaN(a)) ? b : a)

function finalise(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
/** murmur3's 32-bit finaliser over the low word, then over that xor the high word; see scalars.ts. */
const hash = (x: number): number => finalise((finalise(x | 0) ^ Math.floor(x * bits)) >>> 0)

// Calendar parts of days since 1970, by H. Hinnant's civil_from_days (chrono-compatible low-level date algorithms):
// eras of 400 years, years that begin in March.

const eraDay = (day: number): number => {
  const z = day + 719_468
  return z - Math.floor(z / 146_097) * 146_097
}
const eraYear = (d: number): number => ((d - ((d / 1460) | 0) + ((d / 36_524) | 0) - ((d / 146_096) | 0)) / 365) | 0
const yearDay = (d: number, y: number): number => d - (365 * y + (y >> 2) - ((y / 100) | 0))

function year(day: number): number {
  const d = eraDay(day)
  const y = eraYear(d)
  return Math.floor((day + 719_468) / 146_097) * 400 + y + (yearDay(d, y) >= 306 ? 1 : 0)
}
function month(day: number): number {
  const d = eraDay(day)
  const m = ((5 * yearDay(d, eraYear(d)) + 2) / 153) | 0
  return m < 10 ? m + 3 : m - 9
}
function dayOfMonth(day: number): number {
  const d = eraDay(day)
  const n = yearDay(d, eraYear(d))
  const m = ((5 * n + 2) / 153) | 0
  return n - (((153 * m + 2) / 5) | 0) + 1
}
function dayOfYear(day: number): number {
  const d = eraDay(day)
  const y = eraYear(d)
  const n = yearDay(d, y)
  if (n >= 306) return n - 305
  const leap = (y & 3) === 0 && (y % 100 !== 0 || y === 0)
  return n + 60 + (leap ? 1 : 0)
}
/** Monday is 1. */
const weekday = (day: number): number => day + 4 - Math.floor((day + 3) / 7) * 7

export const KERNEL = {
  big,
  small,
  fits,
  round,
  length,
  lesser,
  greater,
  hash,
  year,
  month,
  dayOfMonth,
  dayOfYear,
  weekday,
}
