/** How values are written the plain way, one type after the other. */

const INTEGER: u8 = 1
const FLOAT: u8 = 2
const BOOL: u8 = 3
const DATE: u8 = 4
const MOMENT: u8 = 5
const DECIMAL: u8 = 6

const MINUS: u8 = 0x2d
const POINT: u8 = 0x2e

/** Digits beyond which a float is not taken for plain: fewer make no number too large for a float32. */
const MOST_FLOAT: i32 = 37

/** Whether a cell is written so; `entry` is its column's in the table, as `survey.ts` says. */
export function plain(kind: u8, entry: usize, from: usize, to: usize): bool {
  if (kind == INTEGER) {
    const s = load<u8>(from) == MINUS ? from + 1 : from
    const n = i32(to - s)
    return n > 0 && n <= i32(load<u8>(entry, 1)) && digits(s, n)
  }
  if (kind == FLOAT || kind == DECIMAL) {
    const s = load<u8>(from) == MINUS ? from + 1 : from
    const point = pointOf(s, i32(to - s))
    if (point < 0 || kind == FLOAT) return point >= 0
    return point <= i32(load<u8>(entry, 1)) && i32(to - s) - point - 1 <= i32(load<u8>(entry, 2))
  }
  if (kind == DATE) return to - from == 10 && isDate(from)
  if (kind == MOMENT) return isMoment(from, i32(to - from), load<u8>(entry, 1))
  if (kind == BOOL) {
    if (to - from < 4) return false
    const four = load<u32>(from) | 0x20202020
    // "true" and "fals" as little-endian words
    if (to - from == 4) return four == 0x65757274
    return to - from == 5 && four == 0x736c6166 && (load<u8>(from, 4) | 0x20) == 0x65
  }
  return false
}

/** Whether `n` bytes are digits. */
// @ts-ignore: decorator
@inline
function digits(s: usize, n: i32): bool {
  const mask = digitMask(s)
  if (n <= 16) {
    const all = (1 << n) - 1
    return (mask & all) == all
  }
  if (mask != 0xffff) return false
  for (let i = 16; i < n; i++) if (!isDigit(load<u8>(s + i))) return false
  return true
}

/** The place of the point in `n` bytes of digits, `n` when they have none; -1 for anything else. */
// @ts-ignore: decorator
@inline
function pointOf(s: usize, n: i32): i32 {
  if (n < 1 || n > MOST_FLOAT) return -1
  let point = n
  if (n <= 16) {
    const all = (1 << n) - 1
    const points = i8x16.bitmask(i8x16.eq(v128.load(s), i8x16.splat(POINT))) & all
    const inner = (all >> 1) & ~1
    if (((digitMask(s) | points) & all) != all || (points & (points - 1)) != 0 || (points & ~inner) != 0) return -1
    if (points != 0) point = ctz(points)
  } else {
    for (let i = 0; i < n; i++) {
      const c = load<u8>(s + i)
      if (isDigit(c)) continue
      if (c != POINT || point < n || i == 0 || i == n - 1) return -1
      point = i
    }
  }
  return point
}

// @ts-ignore: decorator
@inline
function digitMask(s: usize): i32 {
  return i8x16.bitmask(i8x16.le_u(i8x16.sub(v128.load(s), i8x16.splat(0x30)), i8x16.splat(9)))
}
// @ts-ignore: decorator
@inline
function isDigit(c: u8): bool {
  return u8(c - 0x30) <= 9
}
// @ts-ignore: decorator
@inline
function two(s: usize): i32 {
  return (i32(load<u8>(s)) - 0x30) * 10 + i32(load<u8>(s, 1)) - 0x30
}

/** `YYYY-MM-DD`, a day of the calendar from the year 1 on. */
function isDate(s: usize): bool {
  const digits = digitMask(s)
  if ((digits & 0x036f) != 0x036f || load<u8>(s, 4) != MINUS || load<u8>(s, 7) != MINUS) return false
  const month = two(s + 5)
  const day = two(s + 8)
  if (load<u32>(s) == 0x30303030 || month < 1 || month > 12 || day < 1) return false
  if (day <= 28) return true
  if (month != 2) return day <= (month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31)
  const year = two(s) * 100 + two(s + 2)
  return day == 29 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/** The day that was last found to be one: days often come in runs. */
let sameDay: v128 = i8x16.splat(0)

// @ts-ignore: decorator
@inline
export function forgetDay(): void {
  sameDay = i8x16.splat(0)
}

/** `YYYY-MM-DD HH:MM:SS`, or with a `T`, up to six digits of a second, and a `Z` where it is an instant. */
// @ts-ignore: decorator
@inline
function isMoment(s: usize, length: i32, zulu: u8): bool {
  const n = length - i32(zulu)
  if (n < 19 || n > 26 || n == 20 || (zulu != 0 && load<u8>(s + n) != 0x5a)) return false
  const v = v128.load(s)
  if ((i8x16.bitmask(i8x16.eq(v, sameDay)) & 0x03ff) != 0x03ff) {
    if (!isDate(s)) return false
    sameDay = v
  }
  // the digits and signs of "HH:MM:SS", each within its bounds
  const time = i8x16.sub(v128.load(s, 3), MOMENT_LEAST)
  if ((i8x16.bitmask(i8x16.le_u(time, MOMENT_SPAN)) & 0xff00) != 0xff00) return false
  const between = load<u8>(s, 10)
  if ((between != 0x20 && between != 0x54) || (load<u8>(s, 11) == 0x32 && load<u8>(s, 12) > 0x33)) return false
  return n == 19 || (load<u8>(s, 19) == POINT && digits(s + 20, n - 20))
}
const MOMENT_LEAST: v128 = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0x30, 0x30, 0x3a, 0x30, 0x30, 0x3a, 0x30, 0x30)
const MOMENT_SPAN: v128 = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 2, 9, 0, 5, 9, 0, 5, 9)
