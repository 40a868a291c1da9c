import { compensatedSum } from '../../engines/aggregates.ts'
import type { Value } from '../../engines/batch.ts'
import { type Cell, type Column, cellOf, numberOf, type Row, tidy } from './columns.ts'
import { binsFor, fill } from './histogram.ts'
import { type ColumnProfile, type NumberStats, QUANTILES, type TextStats } from './types.ts'

/** A column of few different values is read as a table of value and count; everything follows from it exactly. */
export const FEW = 65_536

type Found = Pick<ColumnProfile, 'number' | 'trues' | 'text' | 'histogram' | 'top'> & {
  readonly cells: readonly Cell[]
}

/** The column's statistics from its table of frequencies (null is one of the values). */
export function fromFrequencies(column: Column, rows: readonly Row[]): Found {
  const present = rows.filter((r) => r[column.key] !== null && r[column.key] !== undefined)
  const top = topOf(column, present)
  if (column.kind === 'bool') {
    const trues = present.filter((r) => r[column.key] === true).reduce((sum, r) => sum + (numberOf(r['n']) ?? 0), 0)
    const cells = present
      .map((r) => cellOf(r, Number(r[column.key]), Number(r[column.key]), String(r[column.key])))
      .sort((a, b) => a.from - b.from)
    return { number: null, trues, text: null, histogram: null, top, cells }
  }
  if (column.kind === 'text') {
    const cells = present.map((r) => cellOf(r, 0, 0, String(r[column.key])))
    cells.sort((a, b) => b.n - a.n || byCodePoint(a.label ?? '', b.label ?? ''))
    return { number: null, trues: null, text: textStats(cells), histogram: null, top, cells }
  }
  const { xs, ns, order, nan, infinite, zeros } = sortedFinite(column.key, present)
  const number: NumberStats = {
    ...moments(xs, ns),
    quantiles: quantilesOf(xs, ns).map((q) => tidy(q)),
    quantileError: 0,
    nan,
    infinite,
    zeros,
  }
  const bins = binsFor(column, number)
  // only the target asks for them
  const withTarget = present[0]?.['ny'] !== undefined
  const cells = withTarget ? order.map((r, i) => cellOf(r, xs[i] as number, xs[i] as number)) : []
  return { number, trues: null, text: null, histogram: bins && fill(bins, xs, ns), top, cells }
}

/** The finite values in order with their counts, in arrays of numbers: of thousands of columns, objects are what takes the time. */
function sortedFinite(key: string, rows: readonly Row[]) {
  let [nan, infinite, zeros] = [0, 0, 0]
  const order: Row[] = []
  for (const r of rows) {
    const x = Number(r[key])
    const n = Number(r['n'])
    if (Number.isNaN(x)) nan += n
    else if (x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY) infinite += n
    else order.push(r)
    if (x === 0) zeros += n
  }
  order.sort((a, b) => Number(a[key]) - Number(b[key]))
  return {
    order,
    xs: Float64Array.from(order, (r) => Number(r[key])),
    ns: Float64Array.from(order, (r) => Number(r['n'])),
    nan,
    infinite,
    zeros,
  }
}

/** Values that are told of the most frequent. */
export const TOLD = 10

/** The ten most frequent, ties by value: numbers as such. */
function topOf(column: Column, rows: readonly Row[]): ColumnProfile['top'] {
  const counts = Float64Array.from(rows, (r) => Number(r['n'] ?? 0))
  const sorted = counts.slice().sort()
  if (rows.length > 1 && sorted.at(-1) === 1) return []
  // only what may be among the ten becomes text
  const least = sorted[Math.max(0, sorted.length - TOLD)] ?? 0
  return rows
    .flatMap((r, i) =>
      (counts[i] as number) >= least ? [{ value: r[column.key] ?? null, count: counts[i] as number }] : [],
    )
    .sort((a, b) => b.count - a.count || byValue(a.value, b.value))
    .slice(0, TOLD)
    .map(({ value, count }) => ({ value: String(value), count }))
}

/** Numbers in their order, NaN last, as engines sort them; all else as text. */
function byValue(a: Value, b: Value): number {
  const isNumber = (v: Value): v is number | bigint => typeof v === 'number' || typeof v === 'bigint'
  if (!isNumber(a) || !isNumber(b)) return byCodePoint(String(a), String(b))
  return a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

export const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function moments(xs: Float64Array, ns: Float64Array): Pick<NumberStats, 'min' | 'max' | 'mean' | 'stddev'> {
  const n = ns.reduce((sum, c) => sum + c, 0)
  const min = xs[0]
  const max = xs.at(-1)
  if (n === 0 || min === undefined || max === undefined) return { min: null, max: null, mean: null, stddev: null }
  // divided by the largest magnitude first, so that squares of huge values stay finite
  const scale = Math.max(Math.abs(min), Math.abs(max)) || 1
  const mean = compensatedSum(xs.map((x, i) => (x / scale) * (ns[i] as number))) / n
  const variance = compensatedSum(xs.map((x, i) => (x / scale - mean) ** 2 * (ns[i] as number))) / (n - 1)
  return {
    min,
    max,
    mean: tidy(mean * scale),
    stddev: n < 2 ? null : min === max ? 0 : tidy(Math.sqrt(variance) * scale),
  }
}

/** Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996), over sorted cells of one value each. */
function quantilesOf(xs: Float64Array, ns: Float64Array): (number | null)[] {
  const upTo = new Float64Array(ns.length)
  let n = 0
  for (let i = 0; i < ns.length; i++) upTo[i] = n += ns[i] as number
  if (n === 0) return QUANTILES.map(() => null)
  const valueAt = (index: number): number => {
    let [low, high] = [0, xs.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((upTo[middle] as number) > index) high = middle
      else low = middle + 1
    }
    return xs[low] ?? 0
  }
  return QUANTILES.map((p) => quantileAt(p, n, valueAt))
}

/** A quantile of `n` values, of which `valueAt` gives one by its place in order, from 0. */
export function quantileAt(p: number, n: number, valueAt: (place: number) => number): number {
  const rank = p * (n - 1)
  const low = Math.floor(rank)
  const part = rank - low
  const a = valueAt(low)
  return part === 0 ? a : a * (1 - part) + valueAt(low + 1) * part
}

function textStats(cells: readonly Cell[]): TextStats | null {
  if (cells.length === 0) return null
  let [shortest, longest, empty, padded] = [Number.POSITIVE_INFINITY, 0, 0, 0]
  const folded = new Map<string, string>()
  const variants: (readonly [string, string])[] = []
  for (const { label, n } of cells) {
    const value = label ?? ''
    const length = [...value].length
    shortest = Math.min(shortest, length)
    longest = Math.max(longest, length)
    if (length === 0) empty += n
    const trimmed = value.trim()
    if (trimmed !== value) padded += n
    const key = trimmed.toLowerCase()
    const other = folded.get(key)
    if (other === undefined) folded.set(key, value)
    else if (variants.length < 5) variants.push([other, value])
  }
  return { shortest, longest, empty, padded, variants }
}
