import { type Expr, exprChildren, isFlat, isLeaf } from '../expr.ts'
import { infer } from '../infer.ts'
import type { Node } from '../nodes.ts'
import type { Schema } from '../types.ts'

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

/** Whether two expressions have one type, and say the same of nulls, units and tags. */
export function sameKind(a: Expr, b: Expr, schema: Schema): boolean {
  const x = infer(a, schema, 'optimise')
  const y = infer(b, schema, 'optimise')
  return (
    x.nullable === y.nullable &&
    x.unit === y.unit &&
    (x.type === y.type || JSON.stringify(x.type) === JSON.stringify(y.type)) &&
    JSON.stringify(x.tags) === JSON.stringify(y.tags)
  )
}

/**
 * The row-wise node with its expressions rewritten; undefined when none changed. `f` gets each expression and whether
 * it is a condition, whose nulls nobody sees.
 */
export function mapExpressions(n: Node, f: (e: Expr, condition: boolean) => Expr): Node | undefined {
  switch (n.op) {
    case 'filter':
    case 'reject': {
      const predicate = f(n.predicate, true)
      return predicate === n.predicate ? undefined : Object.freeze({ ...n, predicate })
    }
    case 'select':
    case 'derive': {
      let changed = false
      const columns = n.columns.map((column) => {
        const e = f(column[1], false)
        if (e === column[1]) return column
        changed = true
        return [column[0], e] as const
      })
      return changed ? Object.freeze({ ...n, columns }) : undefined
    }
    default:
      return undefined
  }
}
