import { type Expr, exprChildren } from './expr.ts'

/** Whether it has no parts. */
export const isLeaf = (e: Expr): boolean => e.op === 'col' || e.op === 'lit'

/** Whether it has no parts but columns and literals. */
function isFlat(e: Expr): boolean {
  switch (e.op) {
    case 'cast':
      return isLeaf(e.arg)
    case 'call':
      for (const arg of e.args) if (!isLeaf(arg)) return false
      return true
    default:
      return false
  }
}

/**
 * Remembers what `compute` says of an expression. What is small is asked about anew instead: an entry of such a table takes
 * longer to make than a few nodes to walk.
 */
export function remembered<T>(compute: (e: Expr) => T): (e: Expr) => T {
  const known = new WeakMap<Expr, { readonly of: T }>()
  return (e) => {
    if (isSmall(e)) return compute(e)
    let found = known.get(e)
    if (!found) known.set(e, (found = { of: compute(e) }))
    return found.of
  }
}

/** Whether its parts are leaves, or have no parts but leaves. */
function isSmall(e: Expr): boolean {
  for (const child of exprChildren(e)) if (!isLeaf(child) && !isFlat(child)) return false
  return true
}
