/**
 * Looks a CSV over, in AssemblyScript; `node scripts/wasm.ts` compiles it to `../survey.wasm`.
 *
 * Sixty-four bytes at a time it finds what separates cells, and of each cell whether it is written the plain way of its
 * column's type: the way in which any reader understands it alike. Records must be sound: as many cells as the header
 * has, quotes only around whole cells, one kind of line end, no blank line, no NUL.
 *
 * The table has four bytes a column: its kind, two numbers of that kind, and 1 once a cell was not plain.
 */

import { forgetDay, plain } from './plain'

const QUOTE: u8 = 0x22
const LF: u8 = 0x0a
const CR: u8 = 0x0d

let records: i32 = 0
let lineEnd: i32 = 0
let broken: bool = false
let folded: bool = false

export function start(): void {
  records = 0
  lineEnd = 0
  forgetDay()
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
