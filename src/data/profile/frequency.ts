import { compensatedSum } from '../../engines/aggregates.ts'
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
  const all = present.map((r) => cellOf(r, Number(r[column.key]), Number(r[column.key])))
  const cells = all.filter((c) => Number.isFinite(c.from)).sort((a, b) => a.from - b.from)
  const count = (keep: (x: number) => boolean) => all.reduce((sum, c) => sum + (keep(c.from) ? c.n : 0), 0)
  const number: NumberStats = {
    ...moments(cells),
    quantiles: QUANTILES.map((p) => tidy(quantileOf(cells, p))),
    quantileError: 0,
    nan: count(Number.isNaN),
    infinite: count((x) => x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY),
    zeros: count((x) => x === 0),
  }
  const bins = binsFor(column, number)
  return { number, trues: null, text: null, histogram: bins && fill(bins, cells), top, cells }
}

/** The ten most frequent, ties by value. */
function topOf(column: Column, rows: readonly Row[]): ColumnProfile['top'] {
  const counted = rows.map((r) => ({ value: String(r[column.key]), count: numberOf(r['n']) ?? 0 }))
  if (counted.length > 1 && counted.every((c) => c.count === 1)) return []
  return counted.sort((a, b) => b.count - a.count || byCodePoint(a.value, b.value)).slice(0, 10)
}

export const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function moments(cells: readonly Cell[]): Pick<NumberStats, 'min' | 'max' | 'mean' | 'stddev'> {
  const n = cells.reduce((sum, c) => sum + c.n, 0)
  const min = cells[0]?.from ?? null
  const max = cells.at(-1)?.from ?? null
  if (n === 0 || min === null || max === null) return { min: null, max: null, mean: null, stddev: null }
  // divided by the largest magnitude first, so that squares of huge values stay finite
  const scale = Math.max(Math.abs(min), Math.abs(max)) || 1
  const mean = compensatedSum(cells.map((c) => (c.from / scale) * c.n)) / n
  const variance = compensatedSum(cells.map((c) => (c.from / scale - mean) ** 2 * c.n)) / (n - 1)
  return {
    min,
    max,
    mean: tidy(mean * scale),
    stddev: n < 2 ? null : min === max ? 0 : tidy(Math.sqrt(variance) * scale),
  }
}

/** Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996), over sorted cells of one value each. */
function quantileOf(cells: readonly Cell[], p: number): number | null {
  const n = cells.reduce((sum, c) => sum + c.n, 0)
  if (n === 0) return null
  const rank = p * (n - 1)
  const low = Math.floor(rank)
  const valueAt = (index: number): number => {
    let seen = 0
    for (const c of cells) if ((seen += c.n) > index) return c.from
    return cells.at(-1)?.from ?? 0
  }
  const a = valueAt(low)
  const part = rank - low
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
