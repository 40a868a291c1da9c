import { quantileSorted } from './interval.ts'

/** Rows of one value of a column, or of a range of its numbers. */
export interface Level {
  /** null where the value is missing. */
  readonly name: string | null
  /** Whether it puts together what is too rare to stand alone. */
  readonly others?: true
  readonly rows: Uint32Array
}

/** A column that rows are told apart by: texts (null where missing), or numbers (NaN where missing). */
export type By = readonly (string | null)[] | Float64Array

const MOST = 12
const CUTS = 4
/** Digits of a name, and of one that others would share. */
const [FEW_DIGITS, ALL_DIGITS] = [4, 17]

/** Names of numbers: whole ones in full, as codes and dates are such, others with as few digits as tell all of them apart. */
function naming(numbers: readonly number[]): (x: number) => string {
  const text = (x: number, digits: number) => (Number.isSafeInteger(x) ? String(x) : String(Number(x.toPrecision(digits)))).replace('-', '−') // biome-ignore format: one line
  const all = new Set(numbers).size
  let digits = FEW_DIGITS
  while (digits < ALL_DIGITS && new Set(numbers.map((x) => text(x, digits))).size < all) digits++
  return (x) => text(x, digits)
}

/**
 * The levels of a column: its values, the most frequent first, the others together beyond `most`; numbers of more than `most` values are cut
 * at their quartiles. Missing values are a level of their own, the last.
 */
export function levelsOf(by: By, most = MOST): Level[] {
  const { values, name, order } = by instanceof Float64Array ? cut(by, most) : named(by, most)
  const found = new Map<string | number | null, number[]>()
  for (const [i, v] of values.entries()) {
    const rows = found.get(v)
    if (rows) rows.push(i)
    else found.set(v, [i])
  }
  return [...found]
    .map(([v, rows]) => ({ v, level: { name: v === null ? null : name(v), ...(v === OTHERS ? { others: true as const } : {}), rows: Uint32Array.from(rows) } })) // biome-ignore format: one line
    .sort((a, b) => order(a.v) - order(b.v))
    .map(({ level }) => level)
}

/** No text of a column is a number. */
const OTHERS = -1
interface Cut {
  readonly values: readonly (string | number | null)[]
  name(v: string | number): string
  order(v: string | number | null): number
}

function named(by: readonly (string | null)[], most: number): Cut {
  const counts = new Map<string, number>()
  for (const v of by) if (v !== null) counts.set(v, (counts.get(v) ?? 0) + 1)
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([v]) => v)
  const kept = new Map((sorted.length > most ? sorted.slice(0, most - 1) : sorted).map((v, i) => [v, i]))
  return {
    values: by.map((v) => (v === null ? null : kept.has(v) ? v : OTHERS)),
    name: (v) => (v === OTHERS ? String(sorted.length - kept.size) : String(v)),
    order: (v) => (v === null ? most + 1 : v === OTHERS ? most : (kept.get(v as string) ?? 0)),
  }
}

function cut(by: Float64Array, most: number): Cut {
  const known = by.filter((x) => !Number.isNaN(x)).sort()
  const distinct = new Set<number>()
  for (const x of known) if (distinct.size <= most) distinct.add(x)
  if (distinct.size <= most) {
    const shown = naming([...distinct])
    return {
      values: Array.from(by, (x) => (Number.isNaN(x) ? null : x)),
      name: (v) => shown(v as number),
      order: (v) => (v === null ? Number.POSITIVE_INFINITY : (v as number)),
    }
  }
  const edges = [...new Set(Array.from({ length: CUTS - 1 }, (_, i) => quantileSorted(known, (i + 1) / CUTS)))]
  const [least, greatest] = [known[0] as number, known.at(-1) as number]
  const shown = naming([least, ...edges, greatest])
  const at = (x: number) => edges.reduce((n, e) => n + Number(x > e), 0)
  return {
    values: Array.from(by, (x) => (Number.isNaN(x) ? null : at(x))),
    name: (v) => {
      const [from, to] = [edges[(v as number) - 1], edges[v as number]]
      return `${shown(from ?? least)} – ${shown(to ?? greatest)}`
    },
    order: (v) => (v === null ? CUTS : (v as number)),
  }
}
