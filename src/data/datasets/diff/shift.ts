import { quote, text } from '../../../engines/duckdb/sql/names.ts'
import { type Field, isDecimal, isNumeric, isTemporal, type Schema } from '../../../plan/types.ts'
import type { Query, Side } from './side.ts'
import { chiSquare, ksDistance, ksProbability, stabilityIndex } from './tests.ts'

/** How a column's distribution moved from one version to the other. */
export interface ColumnShift {
  readonly name: string
  /** `ks` for numbers and times, over the hundredths of the former version; `chi2` for texts and bools, over the 50 most frequent and the rest. */
  readonly test: 'ks' | 'chi2'
  readonly statistic: number
  /** The probability of at least this if nothing had moved; rows that both versions have make it larger than it would be. */
  readonly probability: number
  /** Population stability index over tenths or values: under 0.1 stable, over 0.25 shifted (Siddiqi 2006). */
  readonly psi: number
  /** Share of nulls and NaN, before and after. */
  readonly missing: readonly [before: number, after: number]
}

/** Every so many rows of the former version are looked at to place the bins; all rows are counted. */
const EVERY = 32
const SMALL = 100_000
const CATEGORIES = 50
const HUNDREDTHS = Array.from({ length: 99 }, (_, i) => (i + 1) / 100)

const isNumber = ({ type }: Field): boolean => isNumeric(type) || isTemporal(type) || type === 'duration'
const isCategory = ({ type }: Field): boolean => type === 'string' || type === 'bool'

/** A column as what is counted: numbers as float64 without NaN, times as µs, the rest as text. */
function counted(f: Field): string {
  const column = quote(f.name)
  if (isCategory(f)) return `${column}::VARCHAR`
  if (f.type === 'date') return `epoch_us(${column}::TIMESTAMP)::DOUBLE`
  if (isTemporal(f.type)) return `epoch_us(${column})::DOUBLE`
  const number = `${column}::DOUBLE`
  return isDecimal(f.type) ? number : `CASE WHEN isnan(${number}) OR isinf(${number}) THEN NULL ELSE ${number} END`
}

interface Bins {
  readonly field: Field
  readonly cuts: readonly number[]
  readonly names: readonly string[]
}

/** Counts of the bins, the last for what lies beyond all, and rows without a value. */
interface Counts {
  readonly bins: readonly number[]
  readonly missing: number
}

/**
 * Compares the distributions of all columns that have one: files that both versions have are counted once, for both.
 */
export async function compareColumns(
  query: Query,
  { shared, before, after, schema }: { shared: Side; before: Side; after: Side; schema: Schema },
): Promise<ColumnShift[]> {
  const fields = schema.filter((f) => isNumber(f) || isCategory(f))
  if (fields.length === 0 || before.rows + shared.rows === 0) return []
  const former = [shared, before].filter((s) => s.rows > 0)
  const bins = await binsOf(query, former, fields, schema)
  const [both, was, is] = [
    await countsOf(query, shared, bins, schema),
    await countsOf(query, before, bins, schema),
    await countsOf(query, after, bins, schema),
  ]
  const rows = [shared.rows + before.rows, shared.rows + after.rows] as const
  return bins.map((b, i) => {
    const sum = (x: Counts | undefined) => together(both[i], x)
    return shiftOf(b, sum(was[i]), sum(is[i]), rows)
  })
}

const together = (a: Counts | undefined, b: Counts | undefined): Counts => ({
  bins: (a?.bins ?? []).map((n, i) => n + (b?.bins[i] ?? 0)),
  missing: (a?.missing ?? 0) + (b?.missing ?? 0),
})

async function binsOf(
  query: Query,
  former: readonly Side[],
  fields: readonly Field[],
  schema: Schema,
): Promise<Bins[]> {
  const rows = former.reduce((n, s) => n + s.rows, 0)
  const all = former.map((s) => `(${s.sql(schema)})`).join(' UNION ALL ')
  const sampled = rows > SMALL ? `SELECT * FROM (${all}) USING SAMPLE ${(100 / EVERY).toFixed(3)}% (system, 42)` : all
  const asked = fields.map((f, i) =>
    isNumber(f)
      ? `approx_quantile(${counted(f)}, [${HUNDREDTHS.join(', ')}]) AS c${i}`
      : `approx_top_k(${counted(f)}, ${CATEGORIES}) AS c${i}`,
  )
  const [row = {}] = await query(`SELECT ${asked.join(', ')} FROM (${sampled})`)
  return fields.map((field, i) => {
    const found = ((row[`c${i}`] ?? []) as readonly unknown[]).filter((v) => v !== null)
    if (!isNumber(field)) return { field, cuts: [], names: found.map(String).sort() }
    return { field, cuts: [...new Set(found.map(Number))].sort((a, b) => a - b), names: [] }
  })
}

async function countsOf(query: Query, side: Side, bins: readonly Bins[], schema: Schema): Promise<Counts[]> {
  const none = ({ cuts, names }: Bins) => new Array<number>(cuts.length + names.length + 1).fill(0)
  if (side.rows === 0) return bins.map((b) => ({ bins: none(b), missing: 0 }))
  const asked = bins.flatMap((b, i) => {
    const column = counted(b.field)
    const counts =
      b.cuts.length > 0
        ? `map_entries(histogram(${column}, [${b.cuts.map((c) => `${c}::DOUBLE`).join(', ')}]))`
        : b.names.length > 0
          ? `map_entries(histogram_exact(${column}, [${b.names.map(text).join(', ')}]))`
          : 'NULL'
    return [`${counts} AS h${i}`, `count(${column}) AS n${i}`]
  })
  const [row = {}] = await query(`SELECT ${asked.join(', ')} FROM (${side.sql(schema)})`)
  return bins.map((b, i) => {
    const there = Number(row[`n${i}`] ?? 0)
    const counts = none(b)
    const places = new Map<string, number>(b.names.map((name, j) => [name, j]))
    const numbers = new Map<number, number>(b.cuts.map((cut, j) => [cut, j]))
    for (const { key, value } of (row[`h${i}`] ?? []) as readonly { key: unknown; value: unknown }[]) {
      const place = b.cuts.length > 0 ? numbers.get(Number(key)) : places.get(String(key))
      if (place !== undefined) counts[place] = Number(value)
    }
    const beyond = there - counts.reduce((x, y) => x + y, 0)
    counts[counts.length - 1] = Math.max(0, beyond)
    return { bins: counts, missing: side.rows - there }
  })
}

function shiftOf(b: Bins, was: Counts, is: Counts, rows: readonly [number, number]): ColumnShift {
  const [n, m] = [rows[0] - was.missing, rows[1] - is.missing]
  const missing = [rows[0] > 0 ? was.missing / rows[0] : 0, rows[1] > 0 ? is.missing / rows[1] : 0] as const
  const { name } = b.field
  if (!isNumber(b.field)) {
    const { statistic, probability } = chiSquare(was.bins, is.bins)
    return { name, test: 'chi2', statistic, probability, psi: stabilityIndex(was.bins, is.bins), missing }
  }
  const statistic = ksDistance(was.bins, is.bins)
  const [p, q] = tenths(was.bins, is.bins)
  return {
    name,
    test: 'ks',
    statistic,
    probability: ksProbability(statistic, n, m),
    psi: stabilityIndex(p, q),
    missing,
  }
}

/** Neighbouring bins together, so that each holds about a tenth of the former values. */
function tenths(was: readonly number[], is: readonly number[]): [number[], number[]] {
  const share = was.reduce((x, y) => x + y, 0) / 10
  const [p, q]: [number[], number[]] = [[], []]
  let [x, y] = [0, 0]
  for (let i = 0; i < was.length; i++) {
    x += was[i] ?? 0
    y += is[i] ?? 0
    if (x >= share || i === was.length - 1) {
      p.push(x)
      q.push(y)
      ;[x, y] = [0, 0]
    }
  }
  return [p, q]
}
