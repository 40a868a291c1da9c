import { type Expr, exprChildren } from '../../plan/expr.ts'
import { fallible } from '../../plan/functions/fallible.ts'
import { type Node, nodeChildren } from '../../plan/nodes.ts'
import { failing, readsOf } from '../../plan/optimise/failing.ts'
import type { Schema } from '../../plan/types.ts'
import { nodes } from '../../plan/walk.ts'
import { parts } from './uses.ts'

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

/**
 * Whether an expression looks at a failure of a column that a verb before it computed. One query of SQL knows of none: there the column
 * raises, or is not computed at all.
 */
export function looksBack(root: Node): boolean {
  for (const n of nodes(root)) {
    const uses = [...('input' in n ? [{ input: n.input, exprs: ownExprs(n) }] : []), ...parts(n)]
    for (const { input, exprs } of uses) {
      const failed = exprs.length > 0 ? failing(input) : undefined
      if (failed && failed.size > 0 && exprs.some((e) => asks(e, failed))) return true
    }
  }
  return false
}

const asks = (e: Expr, failed: ReadonlySet<string>): boolean =>
  (e.op === 'call' && (e.fn === 'fails' || e.fn === 'orNull') && readsOf(e).some((name) => failed.has(name))) ||
  exprChildren(e).some((child) => asks(child, failed))

const DROPS: ReadonlySet<Node['op']> = new Set(['filter', 'reject', 'limit', 'unnest', 'intersect', 'except'])

function ownExprs(n: Node): Expr[] {
  switch (n.op) {
    case 'filter':
    case 'reject':
      return [n.predicate]
    case 'select':
    case 'derive':
      return n.columns.map(([, e]) => e)
    case 'sort':
      return n.keys.map((k) => k.by)
    default:
      return []
  }
}

/** Whether one side of the expression can make another's failure not matter. */
function decides(e: Expr, schema: Schema): boolean {
  const branches = e.op === 'case' || (e.op === 'call' && (e.fn === 'and' || e.fn === 'or' || e.fn === 'coalesce'))
  return (branches && fallible(e, schema)) || exprChildren(e).some((child) => decides(child, schema))
}
