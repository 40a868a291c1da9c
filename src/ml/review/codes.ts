import type { Expr } from '../../plan/expr.ts'
import type { Named } from '../../plan/nodes.ts'
import type { Dependence } from '../evaluation/dependence.ts'

/** Dependence on what a fit has made codes of values (`ordinal`), with the value that each point stands for. */
export function withNames(dependence: Dependence, fits: readonly Named<Expr>[]): Dependence {
  const made = fits.flat().find(([name]) => name === dependence.feature)?.[1]
  if (made?.op !== 'lookup' || made.type !== 'int64') return dependence
  const values = new Map(made.table.values.map((code, i) => [Number(code), String(made.table.keys[i]?.[0])]))
  // where several values share a code it stands for none of them
  if (values.size < made.table.values.length) return dependence
  const names = dependence.points.map(({ x }) => values.get(x))
  return names.every((name) => name !== undefined) ? { ...dependence, names } : dependence
}
