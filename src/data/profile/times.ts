import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Type } from '../../plan/types.ts'
import {
  aggregate,
  type Cell,
  type Collect,
  type Column,
  cellOf,
  groupAggs,
  numberOf,
  type Row,
  TARGET,
} from './columns.ts'
import type { Calendar, Histogram, TimeStats } from './types.ts'

const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Widths of a bucket, µs. */
const WIDTHS = [
  SECOND,
  10 * SECOND,
  MINUTE,
  10 * MINUTE,
  HOUR,
  6 * HOUR,
  DAY,
  7 * DAY,
  28 * DAY,
  91 * DAY,
  365 * DAY,
  3650 * DAY,
]
/** Buckets of a time axis, at most. */
const BUCKETS = 200
/** 1970-01-05, a Monday: weeks begin there. */
const MONDAY = 4 * DAY
/** Years 1 to 9999, µs: what lies outside is not drawn. */
const YEARS = [-62_135_596_800_000_000, 253_402_300_800_000_000] as const

interface Found {
  readonly time: TimeStats | null
  readonly histogram: Histogram | null
  readonly cells: readonly Cell[]
}

/** The buckets of a column of moments from `first` to `last`, µs, of a round width. */
function bucketsOf(column: Column, first: number, last: number): { from: number; width: number; counts: number[] } {
  const unit = column.field.type === 'date' ? DAY : 1
  const width = WIDTHS.find((w) => (w >= DAY || unit === 1) && (last - first) / w < BUCKETS) ?? 3650 * DAY
  const shift = width === 7 * DAY ? MONDAY : 0
  const from = Math.floor((first - shift) / width) * width + shift
  return { from, width, counts: new Array<number>(Math.floor((last - from) / width) + 1).fill(0) }
}

/** The range of a column of moments; without one for years that are not drawn. */
function rangeOf(column: Column, min: number, max: number): { time: TimeStats; drawn: boolean } {
  if (min < YEARS[0] || max > YEARS[1]) return { time: { min: String(min), max: String(max) }, drawn: false }
  const { type } = column.field
  return { time: { min: isoTime(min, type), max: isoTime(max, type) }, drawn: true }
}

/** The same from the column's table of frequencies (null is one of the values). */
export function timesFromFrequencies(column: Column, rows: readonly Row[]): Found {
  const unit = column.field.type === 'date' ? DAY : 1
  const cells = rows.flatMap((r) => {
    const x = numberOf(r[column.key])
    return x === null ? [] : [cellOf(r, x * unit, x * unit)]
  })
  if (cells.length === 0) return { time: null, histogram: null, cells: [] }
  cells.sort((a, b) => a.from - b.from)
  const [first, last] = [cells[0]?.from ?? 0, cells.at(-1)?.from ?? 0]
  const { time, drawn } = rangeOf(column, first, last)
  if (!drawn) return { time, histogram: null, cells: [] }
  const { from, width, counts } = bucketsOf(column, first, last)
  const sums = new Map<number, { n: number; ny: number; sy: number }>()
  for (const c of cells) {
    const b = Math.floor((c.from - from) / width)
    const s = sums.get(b) ?? { n: 0, ny: 0, sy: 0 }
    sums.set(b, { n: s.n + c.n, ny: s.ny + c.ny, sy: s.sy + c.ny * (c.my ?? 0) })
  }
  const bucketed = [...sums].map(([b, { n, ny, sy }]): Cell => {
    counts[b] = n
    return { from: from + b * width, to: from + (b + 1) * width, label: null, n, ny, my: ny === 0 ? null : sy / ny }
  })
  return { time, histogram: { from, width, counts, below: 0, above: 0 }, cells: bucketed }
}

/** The range (in the column's own unit) of a column of moments, and its rows (and target) over time in buckets of a round width. */
export async function timeStats(
  table: Node,
  column: Column,
  range: { readonly min: number; readonly max: number },
  withTarget: boolean,
  collect: Collect,
): Promise<Found> {
  const x = col(column.key)
  const unit = column.field.type === 'date' ? DAY : 1
  const [first, last] = [range.min * unit, range.max * unit]
  const { time, drawn } = rangeOf(column, first, last)
  if (!drawn) return { time, histogram: null, cells: [] }
  const { from, width, counts } = bucketsOf(column, first, last)
  const origin = column.field.type === 'date' ? lit(from / DAY, 'date') : lit(String(from), column.field.type)
  const past: Expr = { op: 'cast', arg: call('diffTime', x, origin), to: 'int64', onError: 'fail' }
  const bucketed = build({
    op: 'derive',
    input: table,
    columns: [['b', call('intDiv', past, lit(String(width), 'int64'))]],
  })
  const rows = await collect(aggregate(bucketed, ['b'], groupAggs(withTarget)))
  const cells: Cell[] = []
  for (const row of rows) {
    const b = numberOf(row['b'])
    if (b === null) continue
    const cell = cellOf(row, from + b * width, from + (b + 1) * width)
    counts[b] = cell.n
    cells.push(cell)
  }
  cells.sort((a, b) => a.from - b.from)
  return { time, histogram: { from, width, counts, below: 0, above: 0 }, cells }
}

/** Rows and target by weekday and hour; instants are read in UTC. */
export async function calendarOf(
  table: Node,
  column: Column,
  withTarget: boolean,
  collect: Collect,
): Promise<Calendar> {
  const instant = column.field.type === 'timestamp'
  const x = instant ? call('toLocal', col(column.key)) : col(column.key)
  const target = withTarget ? ([[TARGET, col(TARGET)]] as const) : []
  const parts = build({
    op: 'select',
    input: table,
    columns: [['weekday', call('weekday', x)], ['hour', call('hour', x)], ...target],
  })
  const rows = await collect(aggregate(parts, ['weekday', 'hour'], groupAggs(withTarget)))
  const cells = rows.flatMap((row: Row) => {
    const [weekday, hour] = [numberOf(row['weekday']), numberOf(row['hour'])]
    return weekday === null || hour === null
      ? []
      : [{ weekday, hour, count: numberOf(row['n']) ?? 0, mean: numberOf(row['my']) }]
  })
  cells.sort((a, b) => a.weekday - b.weekday || a.hour - b.hour)
  return { column: column.field.name, clock: instant ? 'UTC' : 'local', cells }
}

/** A moment as ISO text: a date, a wall clock without a zone, or an instant with `Z`. */
export function isoTime(micros: number, type: Type): string {
  const iso = new Date(Math.floor(micros / 1000)).toISOString()
  if (type === 'date') return iso.slice(0, 10)
  const second = iso.slice(0, 19)
  const rest = ((micros % SECOND) + SECOND) % SECOND
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`
  return `${second}${fraction}${type === 'timestamp' ? 'Z' : ''}`
}
