import type { Given } from '../analysis.ts'
import { quantileOf, sorted } from '../moments.ts'
import { fig } from '../say.ts'

/** Values of a text column that are looked at by themselves; rarer ones are put together. */
const MOST = 40
/** Numbers that are no more stand for themselves. */
const FEW = 5
const OTHERS = '…'
const MISSING = '∅'

/** A column's part of each row: a text's own value, a number's quarter of `rows`. What is missing is a part, too. */
export interface Levels {
  readonly names: readonly string[]
  /** Place in `names`, by row of the table; only of `rows`. */
  readonly of: Int32Array
}

export function levelsOf(given: Given, column: string, rows: readonly number[]): Levels {
  const names: string[] = []
  const of = new Int32Array(given.rows)
  const place = new Map<string, number>()
  const put = (row: number, name: string) => {
    const at = place.get(name) ?? names.push(name) - 1
    place.set(name, at)
    of[row] = at
  }
  if (given.isText(column)) {
    const labels = given.labels(column)
    const counts = new Map<string, number>()
    for (const i of rows) counts.set(labels[i] ?? MISSING, (counts.get(labels[i] ?? MISSING) ?? 0) + 1)
    const kept = new Set([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MOST).map(([name]) => name)) // biome-ignore format: one line
    for (const i of rows) put(i, kept.has(labels[i] ?? MISSING) ? (labels[i] ?? MISSING) : OTHERS)
    return { names, of }
  }
  const x = given.raw(column)
  const s = sorted(rows.flatMap((i) => (Number.isNaN(x[i]) ? [] : [x[i] as number])))
  // few values stand for themselves; of more, each quarter has a name of its ends
  const few = new Set<number>()
  for (let i = 0; i < s.length && few.size <= FEW; i++) few.add(s[i] as number)
  const cuts = few.size <= FEW ? [...few] : [...new Set([0.25, 0.5, 0.75, 1].map((p) => quantileOf(s, p)))]
  const called = cuts.map((c, k) =>
    few.size <= FEW ? fig(c) : `${fig((k === 0 ? s[0] : cuts[k - 1]) ?? c)} … ${fig(c)}`,
  )
  for (const i of rows) {
    const v = x[i] as number
    if (Number.isNaN(v)) put(i, MISSING)
    else {
      let k = 0
      while (k < cuts.length - 1 && v > (cuts[k] as number)) k++
      put(i, called[k] as string)
    }
  }
  return { names, of }
}

/** Counts and means by level, and the sum of squares about them, in two passes over `rows`. */
export function sumsOf(
  levels: Levels,
  y: Float64Array,
  rows: readonly number[],
): { n: Float64Array; mean: Float64Array; squares: Float64Array } {
  const [n, mean, squares] = [0, 1, 2].map(() => new Float64Array(levels.names.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const add = (to: Float64Array, i: number, v: number) => {
    const at = levels.of[i] as number
    to[at] = (to[at] as number) + v
  }
  for (const i of rows) {
    add(n, i, 1)
    add(mean, i, y[i] as number)
  }
  for (const [at, count] of n.entries()) mean[at] = (mean[at] as number) / count
  for (const i of rows) add(squares, i, ((y[i] as number) - (mean[levels.of[i] as number] as number)) ** 2)
  return { n, mean, squares }
}
