import type { Value } from '../../engines/batch.ts'
import { type Agg, call, col, type Expr, type Literal, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { type Field, fieldOf } from '../../plan/types.ts'
import type { ColumnSketch } from '../datasets/sketches/column.ts'
import { quantileOf, ranked, rankOf } from '../profile/sketch/ranks.ts'
import type { Measure } from './expectation.ts'

export type Collect = (n: Node) => Promise<readonly Readonly<Record<string, Value>>[]>

/** A column's values sorted into bins: by ranges up to each end and beyond the last, or by names and all others. Nulls are a bin. */
export type Bins =
  | { readonly by: 'ranges'; readonly ends: readonly number[] }
  | { readonly by: 'names'; readonly names: readonly Literal[] }

/** What the version before did: counts by bin, the last of them nulls. */
export interface Former {
  readonly bins: Bins
  readonly counts: readonly number[]
  /** How far a share of its rows may be off; absent where all were counted. */
  readonly error?: number
}

/** What sketches say of a column of the version before, and how many rows that has. */
export interface FormerSketch {
  readonly rows: number
  readonly column: ColumnSketch
}

/** A limit is judged by a sketch where it is so many times what that may be off. */
const CLEAR = 10

/** Bins that a measure looks at. */
const BINS: Readonly<Record<Measure, number>> = { psi: 10, ks: 32, chi2: 10 }
/** Names that have a bin of their own. */
const NAMES = 30

/** A column as a number, where it is one; times in µs, dates in days. */
function numeric({ name, type }: Field): Expr | undefined {
  if (type === 'string' || type === 'bool') return undefined
  if (type === 'date') {
    const day = call('diffTime', col(name), lit(0, 'date'))
    return call('div', { op: 'cast', arg: day, to: 'int64', onError: 'fail' }, lit(86_400_000_000, 'float64'))
  }
  if (type === 'timestamp' || type === 'local timestamp') {
    const since = call('diffTime', col(name), lit('0', type))
    return { op: 'cast', arg: call('inMicros', since), to: 'float64', onError: 'fail' }
  }
  const whole: Expr = type === 'duration' ? call('inMicros', col(name)) : col(name)
  return { op: 'cast', arg: whole, to: 'float64', onError: 'fail' }
}

/** The aggregates that count a column's rows by bin, in the bins' order: up to each end (cumulative) or by name; then those that are not null, then all. */
export function binAggs(field: Field, bins: Bins): Agg[] {
  const when = (condition: Expr): Agg => ({
    fn: 'count',
    arg: { op: 'case', when: [[condition, lit('1', 'int64')]], otherwise: lit(null, 'int64') },
  })
  const present: Agg = { fn: 'count', arg: col(field.name) }
  const x = numeric(field)
  if (bins.by === 'ranges' && x) return [...bins.ends.map((end) => when(call('le', x, lit(end, 'float64')))), present]
  const names = bins.by === 'names' ? bins.names : []
  return [...names.map((n) => when(call('eq', col(field.name), lit(n, field.type)))), present]
}

/** Counts by bin from what `binAggs` found. */
export function binCounts(bins: Bins, found: readonly number[], rows: number): number[] {
  const present = found.at(-1) ?? 0
  const inner = found.slice(0, -1)
  const counts = bins.by === 'ranges' ? inner.map((c, i) => c - (inner[i - 1] ?? 0)) : inner
  return [...counts, present - counts.reduce((a, b) => a + b, 0), rows - present]
}

/**
 * How a column was distributed in an earlier version; undefined where it was not there or of another type. Sketches say it of numbers and times where
 * they are exact enough for the limit; without them that version is read twice.
 */
export async function formerOf(
  rows: Node,
  field: Field,
  { measure, limit }: { readonly measure: Measure; readonly limit: number },
  collect: Collect,
  sketch?: (column: string) => Promise<FormerSketch | undefined>,
): Promise<Former | undefined> {
  const there = rows.schema.find((f) => f.name === field.name)
  if (!there || JSON.stringify(there.type) !== JSON.stringify(field.type)) return undefined
  const was = fieldOf(rows.schema, field.name, 'steady')
  const found = measure !== 'chi2' && numeric(was) ? await sketch?.(field.name) : undefined
  const known = found && fromSketch(found, was, measure)
  if (known && limit >= CLEAR * (known.error ?? 0)) return known
  return fromRows(rows, was, measure, collect)
}

/** From the sketch of a column; undefined where it has infinities, whose ends a sketch does not tell. */
function fromSketch({ rows, column }: FormerSketch, { type }: Field, measure: Measure): Former | undefined {
  if (column.infinite > 0) return undefined
  const order = ranked(column.ranks)
  // durations are sketched in seconds
  const unit = type === 'duration' ? 1_000_000 : 1
  const cuts = shares(measure).map((p) => quantileOf(order, p))
  const ends = [...new Set(cuts.filter((x) => x !== null))]
  const upTo = ends.map((x) => Math.round(rankOf(order, x)))
  const bins: Bins = { by: 'ranges', ends: ends.map((x) => x * unit) }
  const counts = binCounts(bins, [...upTo, column.count], rows)
  return { bins, counts, ...(order.error > 0 ? { error: order.error } : {}) }
}

async function fromRows(rows: Node, was: Field, measure: Measure, collect: Collect): Promise<Former> {
  const bins = await binsOf(rows, was, measure, collect)
  const aggs = binAggs(was, bins)
  const [found] = await collect(
    build({
      op: 'aggregate',
      input: rows,
      by: [],
      aggs: [['n', { fn: 'count', arg: null }], ...aggs.map((a, i) => [`b${i}`, a] as const)],
    }),
  )
  const counts = aggs.map((_, i) => Number(found?.[`b${i}`] ?? 0))
  return { bins, counts: binCounts(bins, counts, Number(found?.['n'] ?? 0)) }
}

/** Where a measure's bins end, as shares of the values. */
const shares = (measure: Measure): number[] => {
  const count = BINS[measure]
  return Array.from({ length: count - 1 }, (_, i) => (i + 1) / count)
}

async function binsOf(rows: Node, field: Field, measure: Measure, collect: Collect): Promise<Bins> {
  const x = numeric(field)
  if (!x) {
    const groups = build({
      op: 'aggregate',
      input: rows,
      by: [field.name],
      aggs: [['__n', { fn: 'count', arg: null }]],
    })
    const present = build({ op: 'filter', input: groups, predicate: call('not', call('isNull', col(field.name))) })
    const keys = [
      { by: col('__n'), descending: true },
      { by: col(field.name), descending: false },
    ]
    const sorted = build({ op: 'sort', input: present, keys })
    const top = await collect(build({ op: 'limit', input: sorted, count: NAMES }))
    return { by: 'names', names: top.map((r) => r[field.name] as Literal) }
  }
  const cuts = shares(measure)
  const aggs: Named<Agg> = cuts.map((param, i) => [`q${i}`, { fn: 'quantile', arg: x, param }] as const)
  const [found] = await collect(build({ op: 'aggregate', input: rows, by: [], aggs }))
  const ends = cuts
    .map((_, i) => found?.[`q${i}`])
    .filter((v): v is number => typeof v === 'number' && Number.isFinite(v))
  return { by: 'ranges', ends: [...new Set(ends)] }
}
