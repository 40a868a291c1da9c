import type { Expr, Literal } from '../plan/expr.ts'
import { infer } from '../plan/infer.ts'
import { compileSlot } from './closures.ts'
import { failed } from './failure.ts'
import { literalOf } from './values.ts'

/** The value of an expression without columns, as the reference engine computes it; undefined where it fails. */
export function evaluateConstant(e: Expr): Literal | undefined {
  const value = compileSlot(e, [])([])
  return failed(value) ? undefined : literalOf(value, infer(e, [], 'a constant').type)
}
