import type { Expr } from '../expr.ts'
import { infer } from '../infer.ts'
import type { Node } from '../nodes.ts'
import type { Schema } from '../types.ts'

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
