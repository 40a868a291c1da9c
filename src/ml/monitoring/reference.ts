import { copyFloat64 } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { FitRow } from '../../plan/fits/index.ts'

/** A numeric column as training saw it: cut points that part its values into equally full bins, and how full they were. */
export interface NumericReference {
  readonly kind: 'numeric'
  readonly name: string
  /** Ascending and finite, since models are JSON; bin i holds `cuts[i−1] ≤ x < cuts[i]`. */
  readonly cuts: readonly number[]
  /** Rows by bin; one more than cuts. */
  readonly counts: readonly number[]
  readonly missing: number
}
/** What stood among names for a missing value before these were counted apart. */
export const MISSING = 'null'

/** A column of names: rows by name; the rare ones are pooled. */
export interface CategoryReference {
  readonly kind: 'category'
  readonly name: string
  readonly counts: Readonly<Record<string, number>>
  readonly other: number
  /** Rows without a name; models of before it was counted have them among the names. */
  readonly missing?: number
}
export type ColumnReference = NumericReference | CategoryReference

/** Bins that distributions are kept in; PSI pools them to tenths. */
export const FINE_BINS = 100

/** A numeric reference of values (NaN is missing). */
export function numericReference(name: string, values: Float64Array): NumericReference {
  const present = values.filter((v) => !Number.isNaN(v)).sort()
  const cuts: number[] = []
  for (let i = 1; i < FINE_BINS; i++) {
    const cut = present[Math.floor((i * present.length) / FINE_BINS)]
    if (cut !== undefined && Number.isFinite(cut) && cut > (cuts.at(-1) ?? present[0] ?? cut)) cuts.push(cut)
  }
  const counts = new Array<number>(cuts.length + 1).fill(0)
  for (const v of present) {
    const bin = binOf(cuts, v)
    counts[bin] = (counts[bin] as number) + 1
  }
  return { kind: 'numeric', name, cuts, counts, missing: values.length - present.length }
}

/** The same of `rows` values of which hundredths are known, each with the values below it, the smallest first. */
export function referenceOfHundredths(
  name: string,
  rows: number,
  { present, at }: { readonly present: number; readonly at: readonly { value: number; below: number }[] },
): NumericReference {
  const cuts: { value: number; below: number }[] = []
  if (present > 0)
    for (const cut of at)
      if (Number.isFinite(cut.value) && cut.value > (cuts.at(-1) ?? at[0] ?? cut).value) cuts.push(cut)
  const ends = [...cuts.map((c) => c.below), present]
  return {
    ...{ kind: 'numeric', name, cuts: cuts.map((c) => c.value) },
    counts: ends.map((end, i) => end - (ends[i - 1] ?? 0)),
    missing: rows - present,
  }
}

/** From the rows of each value of a column (`countsQuery`). Names beyond the first 200 are pooled as other; what no request can hold is missing. */
export function categoryReference(name: string, found: readonly FitRow[]): CategoryReference {
  const counts = new Map<string, number>()
  let missing = 0
  for (const { key = null, rows = null } of found)
    if (key === null || (typeof key === 'number' && !Number.isFinite(key))) missing += Number(rows)
    else counts.set(String(key), (counts.get(String(key)) ?? 0) + Number(rows))
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return {
    kind: 'category',
    name,
    counts: Object.fromEntries(sorted.slice(0, 200)),
    other: sorted.slice(200).reduce((sum, [, n]) => sum + n, 0),
    missing,
  }
}

/** The bin of a value by its cut points. */
export function binOf(cuts: readonly number[], value: number): number {
  let low = 0
  let high = cuts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (value < (cuts[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}

/** Every k-th row of numeric columns, so that about `size` are read whole; column by column. */
export async function sampleColumns(
  relation: Relation,
  columns: readonly string[],
  size: number,
): Promise<Map<string, Float64Array>> {
  const every = Math.max(1, Math.floor(relation.rows / size))
  const out = columns.map(() => new Float64Array(Math.ceil(relation.rows / every)))
  let buffer = new Float64Array(4096)
  let row = 0
  let kept = 0
  for await (const batch of relation.batches(columns)) {
    if (batch.rows > buffer.length) buffer = new Float64Array(batch.rows)
    const first = (every - (row % every)) % every
    batch.columns.forEach((column, c) => {
      copyFloat64(column, buffer, 0)
      let at = kept
      for (let i = first; i < batch.rows; i += every) (out[c] as Float64Array)[at++] = buffer[i] as number
    })
    if (batch.rows > first) kept += Math.ceil((batch.rows - first) / every)
    row += batch.rows
  }
  return new Map(columns.map((name, c) => [name, (out[c] as Float64Array).subarray(0, kept)]))
}
