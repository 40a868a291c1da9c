import { col, type Expr, type Literal } from '../expr.ts'
import { build, type Node } from '../nodes.ts'
import type { FitRow } from './fit.ts'

/** The rows of each value of a column, as `key` and `rows`. */
export function countsQuery(train: Node, column: string): Node {
  const keyed = build({ op: 'select', input: train, columns: [['key', col(column)]] })
  return build({ op: 'aggregate', input: keyed, by: ['key'], aggs: [['rows', { fn: 'count', arg: null }]] })
}

/** Values with their rows, the most frequent first; ties in the order of the values, null last. */
export function byFrequency(rows: readonly FitRow[]): { key: Literal; rows: number }[] {
  return rows
    .map((r) => ({ key: r['key'] ?? null, rows: Number(r['rows']) }))
    .sort((a, b) => b.rows - a.rows || literalOrder(a.key, b.key))
}

/** An order of literals that does not hang on the machine's language: numbers by size, text by code units, null last. */
export function literalOrder(a: Literal, b: Literal): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  const numeric = (v: Literal): boolean => typeof v === 'number' || (typeof v === 'string' && /^-?\d+$/.test(v))
  if (numeric(a) && numeric(b)) return Number(a) - Number(b)
  const [x, y] = [String(a), String(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** A number for each value of a column. */
export const codes = (
  column: string,
  values: ReadonlyMap<Literal, Literal>,
  fallback: Literal,
  type: 'int64' | 'float64',
): Expr => ({
  op: 'lookup',
  args: [col(column)],
  table: { keys: [...values.keys()].map((k) => [k]), values: [...values.values()] },
  fallback,
  type,
})
