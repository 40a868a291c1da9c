import { type Expr, exprChildren } from '../../plan/expr.ts'
import { fallible } from '../../plan/functions/fallible.ts'
import { type Node, nodeChildren } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'

/**
 * Whether DuckDB may fail for a row whose failure nobody uses: one that is dropped further up, or whose condition another
 * side decides. Such a result is computed whole before its first row is handed out.
 */
export function mayDropFailures(root: Node): boolean {
  const seen = new Map<Node, boolean>()
  const visit = (n: Node, dropped: boolean): boolean => {
    const before = seen.get(n)
    if (before === true || before === dropped) return false
    seen.set(n, dropped)
    const [input] = nodeChildren(n)
    const schema = input?.schema ?? []
    if (ownExprs(n).some((e) => fallible(e, schema) && (dropped || decides(e, schema)))) return true
    const below = dropped || DROPS.has(n.op) || (n.op === 'join' && n.how !== 'left')
    return nodeChildren(n).some((child) => visit(child, below))
  }
  return visit(root, false)
}

const DROPS: ReadonlySet<Node['op']> = new Set(['filter', 'reject', 'limit', 'unnest', 'intersect', 'except'])

function ownExprs(n: Node): Expr[] {
  switch (n.op) {
    case 'filter':
    case 'reject':
      return [n.predicate]
    case 'select':
    case 'derive':
      return n.columns.map(([, e]) => e)
    default:
      return []
  }
}

/** Whether one side of the expression can make another's failure not matter. */
function decides(e: Expr, schema: Schema): boolean {
  const branches = e.op === 'case' || (e.op === 'call' && (e.fn === 'and' || e.fn === 'or' || e.fn === 'coalesce'))
  return (branches && fallible(e, schema)) || exprChildren(e).some((child) => decides(child, schema))
}
