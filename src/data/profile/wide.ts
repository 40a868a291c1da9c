import { copyFloat64 } from '../../engines/batch.ts'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import type { Node } from '../../plan/nodes.ts'
import { build } from '../../plan/nodes.ts'
import { type Access, VALUE } from './access.ts'
import { aggregate, type Cell, type Column, groupAggs, numberOf, type Row, TARGET, tidy } from './columns.ts'
import { byCodePoint } from './frequency.ts'
import { binsFor, fill } from './histogram.ts'
import { WideColumn } from './sketch/column.ts'
import { DISTINCT_ERROR, textsOf } from './sketch/distinct.ts'
import { quantileIn } from './sketch/grid.ts'
import { type ColumnProfile, type NumberStats, QUANTILES, type TextStats } from './types.ts'

/** A column of many different values, and what a sample says of it. */
export interface Wide {
  readonly column: Column
  /** The sample's values with their counts. */
  readonly sampled: readonly Row[]
}

/** What one reading of a wide column found. */
export interface WideFound {
  readonly sketch: WideColumn
  readonly text: TextStats | null
  /** The most frequent values, most frequent first. */
  readonly top: ColumnProfile['top']
}

/** Texts are read as a hash, a length, and whether white space surrounds them. */
const parts = (c: Column): (readonly [string, Expr])[] =>
  c.kind === 'text'
    ? [
        [`${c.key}h`, call('hash32', col(c.key))],
        [`${c.key}l`, call('length', col(c.key))],
        [`${c.key}p`, call('ne', call('trim', col(c.key)), col(c.key))],
      ]
    : [[c.key, col(c.key)]]

/**
 * Reads all wide columns at once. What is not exact says how far it may be off: different values (HyperLogLog) and quantiles
 * (a grid of buckets). Both are counts, so that they do not depend on threads.
 */
export async function readWide(
  table: Node,
  wide: readonly Wide[],
  withTarget: boolean,
  access: Access,
  rows: (seen: number) => void,
): Promise<Map<Column, WideFound>> {
  const picked = [...wide.flatMap((w) => parts(w.column)), ...(withTarget ? [[TARGET, col(TARGET)] as const] : [])]
  const sketches = wide.map((w) => new WideColumn(w.column.kind === 'text' ? 0 : originOf(w), withTarget, repeats(w)))
  const texts = wide.map(() => ({ shortest: Number.POSITIVE_INFINITY, longest: 0, empty: 0, padded: 0 }))
  let y = new Float64Array(0)
  let lengths = new Float64Array(0)
  let seen = 0
  for await (const batch of access.read(build({ op: 'select', input: table, columns: picked }))) {
    const target = withTarget ? batch.columns.at(-1) : undefined
    if (y.length < batch.rows) [y, lengths] = [new Float64Array(batch.rows), new Float64Array(batch.rows)]
    if (target) copyFloat64(target, y, 0)
    let at = 0
    for (const [i, w] of wide.entries()) {
      const values = batch.columns[at++]
      if (values) sketches[i]?.take(values, target ? y : undefined)
      if (w.column.kind !== 'text') continue
      const [length, padded] = [batch.columns[at++], batch.columns[at++]]
      const t = texts[i]
      if (!length || padded?.kind !== 'fixed' || !t) continue
      copyFloat64(length, lengths, 0)
      for (let k = 0; k < batch.rows; k++) {
        const n = lengths[k] as number
        if (Number.isNaN(n)) continue // missing
        if (n < t.shortest) t.shortest = n
        if (n > t.longest) t.longest = n
        if (n === 0) t.empty++
        if (padded.values[k] === 1) t.padded++
      }
    }
    rows((seen += batch.rows))
  }
  const found = new Map<Column, WideFound>()
  for (const [i, w] of wide.entries()) {
    const sketch = sketches[i] as WideColumn
    const t = texts[i]
    const text = w.column.kind === 'text' && t && sketch.count > 0 ? { ...t, variants: [] } : null
    found.set(w.column, { sketch, text, top: await topOf(table, w.column, sketch, access) })
  }
  return found
}

/** Different values: exact where each was greater than the one before. Of texts those of 32 bits of hash, collisions put right. */
export function distinctOf(w: WideFound, column: Column): { distinct: number; distinctError: number } {
  const { sketch } = w
  if (sketch.increasing && column.kind !== 'text') return { distinct: sketch.count, distinctError: 0 }
  const hashes = sketch.distinct.estimate()
  const all = column.kind === 'text' ? textsOf(hashes) : hashes
  return { distinct: Math.min(sketch.count, all), distinctError: DISTINCT_ERROR }
}

/** The statistics of a wide number, its histogram, and its cells for the target. */
export function wideNumber(
  column: Column,
  { sketch }: WideFound,
): { number: NumberStats; histogram: ColumnProfile['histogram']; cells: Cell[] } {
  const { nan, infinite, zeros, finite, min, max } = sketch
  if (finite === 0) {
    const none = { min: null, max: null, mean: null, stddev: null, quantiles: QUANTILES.map(() => null) }
    return { number: { ...none, quantileError: 0, nan, infinite, zeros }, histogram: null, cells: [] }
  }
  const buckets = sketch.grid.buckets()
  const at = QUANTILES.map((p) => quantileIn(buckets, finite, p, min, max))
  const quantiles = at.map((q) => tidy(q.value))
  const number: NumberStats = {
    min,
    max,
    mean: tidy(sketch.mean),
    stddev: tidy(sketch.stddev),
    quantiles,
    quantileError: Number(Math.max(...at.map((q) => q.error)).toPrecision(3)),
    nan,
    infinite,
    zeros,
  }
  const cells = buckets.map(
    (b): Cell => ({
      from: Math.max(min, b.from),
      to: Math.min(max, b.to),
      label: null,
      n: b.n,
      ny: b.ny,
      my: b.ny === 0 ? null : b.sy / b.ny,
    }),
  )
  const bins = binsFor(column, number)
  // a bucket belongs where its lower end lies
  const [xs, ns] = [Float64Array.from(cells, (c) => c.from), Float64Array.from(cells, (c) => c.n)]
  return { number, histogram: bins && fill(bins, xs, ns), cells }
}

/** Where values are told apart best: 0, unless they lie close together and far from it; then the middle of the sample. */
function originOf(w: Wide): number {
  const values = w.sampled.map((r) => numberOf(r[VALUE])).filter((v) => v !== null && Number.isFinite(v)) as number[]
  if (values.length === 0) return 0
  values.sort((a, b) => a - b)
  const at = (p: number) => values[Math.floor(p * (values.length - 1))] ?? 0
  const middle = at(0.5)
  return Math.abs(middle) > 4 * (at(0.95) - at(0.05)) ? middle : 0
}

/** Whether the sample holds a value twice. */
const repeats = (w: Wide): boolean => w.sampled.some((r) => r[VALUE] !== null && (numberOf(r['n']) ?? 0) > 1)

/** The most frequent values that the sketch is sure of; of texts, counted once more by their words. */
async function topOf(table: Node, column: Column, sketch: WideColumn, access: Access): Promise<ColumnProfile['top']> {
  const likely = sketch.frequent?.top(10) ?? []
  if (likely.length === 0 || column.kind === 'time') return []
  if (column.kind !== 'text') return likely.map((l) => ({ value: String(l.value), count: l.count }))
  const hashes = likely.map((l) => lit(String(l.value), 'int64'))
  const some = build({
    op: 'filter',
    input: table,
    predicate: call('isIn', call('hash32', col(column.key)), ...hashes),
  })
  const groups = await access.collect(aggregate(some, [column.key], groupAggs(false)))
  return groups
    .map((r) => ({ value: String(r[column.key]), count: numberOf(r['n']) ?? 0 }))
    .sort((a, b) => b.count - a.count || byCodePoint(a.value, b.value))
    .slice(0, 10)
}
