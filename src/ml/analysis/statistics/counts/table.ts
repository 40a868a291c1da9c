import type { Given } from '../analysis.ts'
import { unfit } from '../given.ts'
import { MOST_GROUPS, ordered, told } from '../rows.ts'

/** How often each value of one column stands beside each of another. */
export interface Table {
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  readonly counts: readonly (readonly number[])[]
  readonly n: number
  readonly leftOut: number
}

/** Counts of two columns of categories. @throws ANALYSIS_DATA when one has a single value, or too many */
export function tableOf(given: Given): Table {
  const [a, b] = [given.labels(given.column('value') ?? ''), given.labels(given.column('by') ?? '')]
  const found = new Map<string, Map<string, number>>()
  const all = new Set<string>()
  let n = 0
  for (const [i, row] of b.entries()) {
    const column = a[i]
    if (row === null || column === null || column === undefined) continue
    n++
    all.add(column)
    const line = found.get(row) ?? new Map<string, number>()
    found.set(row, line.set(column, (line.get(column) ?? 0) + 1))
  }
  const rows = several(given, 'by', ordered(found.keys()))
  const columns = several(given, 'value', ordered(all))
  const counts = rows.map((r) => columns.map((c) => found.get(r)?.get(c) ?? 0))
  return { rows, columns, counts, n, leftOut: given.rows - n }
}

function several(given: Given, role: string, values: string[]): string[] {
  if (values.length >= 2 && values.length <= MOST_GROUPS) return values
  throw unfit(
    `'${given.column(role)}' has ${values.length === 0 ? 'no value' : values.length === 1 ? 'one value' : `${values.length} different values`} where both columns are there`,
    values.length < 2 ? 'counts of at least two values are compared' : `${MOST_GROUPS} are compared at most`,
    values.length < 2
      ? 'name a column that varies'
      : 'put rare ones together in the recipe, or make classes of numbers',
  )
}

/** The same of two values each. @throws ANALYSIS_DATA */
export function twoByTwo(given: Given): { table: Table; cells: readonly [number, number, number, number] } {
  const table = tableOf(given)
  for (const [role, values] of [
    ['by', table.rows],
    ['value', table.columns],
  ] as const)
    if (values.length > 2)
      throw unfit(
        `'${given.column(role)}' has ${values.length} different values: ${told(values)}`,
        'this compares two with two',
        'keep two of them, or compare all with --test chi-square',
      )
  const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = table.counts
  return { table, cells: [a, b, c, d] }
}

/** Sums of rows and of columns. */
export function margins({ counts, columns }: Table): { rows: number[]; columns: number[] } {
  return {
    rows: counts.map((r) => r.reduce((s, x) => s + x, 0)),
    columns: columns.map((_, j) => counts.reduce((s, r) => s + (r[j] ?? 0), 0)),
  }
}
