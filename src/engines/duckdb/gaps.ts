import { type Expr, exprChildren } from '../../plan/expr.ts'
import type { Node } from '../../plan/nodes.ts'
import { nodes } from '../../plan/walk.ts'
import type { Gap } from '../engine.ts'

/** What DuckDB can't take, node by node. */
export function gapsOf(root: Node): Gap[] {
  const gaps: Gap[] = []
  for (const n of nodes(root)) {
    if (n.op === 'scan' && n.from.kind !== 'parquet' && n.from.kind !== 'csv' && n.from.kind !== 'rows')
      gaps.push({ node: n.op, reason: `the scan of a ${n.from.kind} is not bound to files` })
    if (n.op === 'filter' || n.op === 'reject' || n.op === 'select' || n.op === 'derive') {
      const own = n.op === 'filter' || n.op === 'reject' ? [n.predicate] : n.columns.map(([, e]) => e)
      if (own.some(predicts)) gaps.push({ node: n.op, reason: 'SQL does not evaluate models' })
    }
  }
  return gaps
}

const predicts = (e: Expr): boolean => e.op === 'predict' || exprChildren(e).some(predicts)
