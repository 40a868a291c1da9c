/**
 * Looks a CSV over, in AssemblyScript; `node scripts/wasm.ts` compiles it to `../survey.wasm`.
 *
 * Sixty-four bytes at a time it finds what separates cells, and of each cell whether it is written the plain way of its
 * column's type: the way in which any reader understands it alike. Records must be sound: as many cells as the header
 * has, quotes only around whole cells, one kind of line end, no blank line, no NUL.
 *
 * The table has four bytes a column: its kind, two numbers of that kind, and 1 once a cell was not plain.
 */

const INTEGER: u8 = 1
const FLOAT: u8 = 2
const BOOL: u8 = 3
const DATE: u8 = 4
const MOMENT: u8 = 5
const DECIMAL: u8 = 6

const QUOTE: u8 = 0x22
const LF: u8 = 0x0a
const CR: u8 = 0x0d
const MINUS: u8 = 0x2d
const POINT: u8 = 0x2e

/** Digits beyond which a float is not taken for plain: fewer make no number too large for a float32. */
const MOST_FLOAT: i32 = 37

let records: i32 = 0
let lineEnd: i32 = 0
let broken: bool = false
let folded: bool = false

export function start(): void {
  records = 0
  lineEnd = 0
  sameDay = i8x16.splat(0)
  broken = false
  folded = false
}
/** Records so far. */
export function count(): i32 {
  return records
}
/** Whether a record was not sound; nothing after it was read. */
export function unsound(): bool {
  return broken
}
/** 1 for lines that end in LF, 2 for CRLF; 0 before the first. */
export function ends(): i32 {
  return lineEnd
}

/** Whether a line ends within a quoted cell. */
export function folds(): bool {
  return folded
}

/**
 * Reads the records from `at` up to `end`, of which sixty-four bytes more can be read. Gives where the first record begins
 * that is not whole; with `last` there is none.
 */
export function survey(table: usize, cells: i32, delimiter: u8, at: usize, end: usize, last: bool): usize {
  let record = at
  let cell = at
  /** The closing quote of the cell, while it is a quoted one. */
  let close: usize = 0
  let column: i32 = 0
  let base = at
  while (base < end) {
    let mask = marks(base, delimiter) | (marks(base + 16, delimiter) << 16)
    mask |= (marks(base + 32, delimiter) << 32) | (marks(base + 48, delimiter) << 48)
    if (base + 64 > end) mask &= (<u64>1 << (end - base)) - 1
    base += 64
    while (mask != 0) {
      const p = base - 64 + <usize>ctz(mask)
      mask &= mask - 1
      const c = load<u8>(p)
      if (c == delimiter) {
        if (column >= cells - 1) return fail(record)
        check(table, column, cell, p, close)
        column++
        cell = p + 1
        close = 0
      } else if (c == LF) {
        const crlf = p > record && load<u8>(p - 1) == CR
        const to = crlf ? p - 1 : p
        if (column != cells - 1 || to == record) return fail(record)
        const kind = crlf ? 2 : 1
        if (lineEnd != kind && lineEnd != 0) return fail(record)
        lineEnd = kind
        check(table, column, cell, to, close)
        records++
        column = 0
        close = 0
        record = cell = p + 1
      } else if (c == CR) {
        if (p + 1 >= end) return last ? fail(record) : record
        if (load<u8>(p + 1) != LF) return fail(record)
      } else if (c == QUOTE) {
        if (p != cell) return fail(record)
        close = closing(p + 1, end)
        // a quote at the very end may be the first of two
        if (close == end || (close + 1 == end && !last)) return last ? fail(record) : record
        if (close + 1 < end) {
          const then = load<u8>(close + 1)
          if (then != delimiter && then != LF && then != CR) return fail(record)
        }
        base = close + 1
        break
      } else return fail(record)
    }
  }
  if (!last) return record
  if (record < end) {
    if (column != cells - 1) return fail(record)
    check(table, column, cell, end, close)
    records++
  }
  return end
}

/** A bit for each of sixteen bytes that separates or that must not be there. */
// @ts-ignore: decorator
@inline
function marks(at: usize, delimiter: u8): u64 {
  const v = v128.load(at)
  const breaks = v128.or(i8x16.eq(v, i8x16.splat(LF)), i8x16.eq(v, i8x16.splat(CR)))
  const others = v128.or(i8x16.eq(v, i8x16.splat(QUOTE)), i8x16.eq(v, i8x16.splat(0)))
  return u64(i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(delimiter)), v128.or(breaks, others))))
}

function fail(record: usize): usize {
  broken = true
  return record
}

/** The quote that closes a cell whose text begins at `at`; `end` without one. Two quotes stand for one. */
function closing(at: usize, end: usize): usize {
  let s = at
  while (s < end) {
    const v = v128.load(s)
    const quotes: i32 = i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(QUOTE)), i8x16.eq(v, i8x16.splat(0))))
    const breaks: i32 = i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(LF)), i8x16.eq(v, i8x16.splat(CR))))
    if (quotes == 0) {
      if (breaks != 0) folded = true
      s += 16
      continue
    }
    const first = ctz(quotes)
    if ((breaks & ((1 << first) - 1)) != 0) folded = true
    s += first
    if (s >= end || load<u8>(s) == 0) return end
    if (s + 1 >= end || load<u8>(s + 1) != QUOTE) return s
    s += 2
  }
  return end
}

/** Marks the column unless the cell is empty or plain. */
// @ts-ignore: decorator
@inline
function check(table: usize, column: i32, from: usize, to: usize, close: usize): void {
  const entry = table + (<usize>column << 2)
  const kind = load<u8>(entry)
  if (kind == 0) return
  if (close != 0) {
    from++
    to = close
  } else if (from == to) return
  if (!plain(kind, entry, from, to)) {
    store<u8>(entry, 0)
    store<u8>(entry, 1, 3)
  }
}

function plain(kind: u8, entry: usize, from: usize, to: usize): bool {
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
