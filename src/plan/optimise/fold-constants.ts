import { type Expr, exprChildren, mapExpr } from '../expr.ts'
import { infer } from '../infer.ts'
import { isLeaf, remembered } from '../shape.ts'
import { isDecimal, isFloat } from '../types.ts'
import { mapExpressions } from './expressions.ts'
import type { Evaluate, Rule } from './rule.ts'

/**
 * What reads no column is computed once, by the evaluator that the caller gives. What fails stays as it is, so that it
 * still raises only where its value is used.
 */
export const foldConstants: Rule = {
  name: 'fold-constants',
  reason: 'what is made of constants alone is computed once, not for every row',
  ops: ['filter', 'reject', 'select', 'derive'],
  apply(n, { evaluate }) {
    return evaluate && mapExpressions(n, (e, condition) => fold(e, evaluate, condition))
  },
}

/** `condition`: nobody sees whether the result may be null. */
function fold(e: Expr, evaluate: Evaluate, condition: boolean): Expr {
  if (!hasConstant(e)) return e
  const folded = mapExpr(e, (child) => fold(child, evaluate, condition))
  return constant(folded, evaluate, condition) ?? folded
}

/** Whether a part of it is made of literals alone. */
const hasConstant: (e: Expr) => boolean = remembered((e) => {
  if (isLeaf(e)) return false
  const children = exprChildren(e)
  let literals = children.length > 0
  for (const child of children) {
    if (child.op !== 'lit') literals = false
    if (!isLeaf(child) && hasConstant(child)) return true
  }
  return literals
})

function constant(e: Expr, evaluate: Evaluate, condition: boolean): Expr | undefined {
  if (e.op !== 'call' && e.op !== 'cast' && e.op !== 'case') return undefined
  const children = exprChildren(e)
  if (children.length === 0 || !children.every((child) => child.op === 'lit')) return undefined
  const { type, nullable } = infer(e, [], 'a constant')
  if ((typeof type === 'object' && !isDecimal(type)) || type === 'bytes' || type === 'float32') return undefined
  const value = evaluate(e)
  // JSON has no NaN, no ∞ and no −0
  if (value === undefined || (isFloat(type) && (!Number.isFinite(value) || Object.is(value, -0)))) return undefined
  return condition || (value === null) === nullable ? Object.freeze({ op: 'lit', value, type }) : undefined
}
