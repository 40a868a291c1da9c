import { type Expr, exprChildren, lit, mapExpr } from '../expr.ts'
import { infer } from '../infer.ts'
import type { Node } from '../nodes.ts'
import { isLeaf, remembered } from '../shape.ts'
import { type Schema, sameType } from '../types.ts'
import { mapExpressions, sameKind } from './expressions.ts'
import { mayRaise } from './failing.ts'
import type { Rule } from './rule.ts'

/** Expressions that are another one by a law of logic: `x and true`, `not not x`, a case whose condition is known. */
export const simplify: Rule = {
  name: 'simplify',
  reason: 'an expression is replaced by a shorter one of the same meaning',
  ops: ['filter', 'reject', 'select', 'derive'],
  apply(n) {
    if (!('input' in n)) return undefined
    const { input } = n
    return mapExpressions(n, (e, condition) => simpler(e, input, condition))
  },
}

/** `condition`: nobody sees whether the result may be null, or what is noted of it. */
function simpler(e: Expr, input: Node, condition: boolean): Expr {
  if (!hasLaw(e)) return e
  const now = mapExpr(e, (child) => simpler(child, input, condition))
  const next = law(now, input)
  return next && (condition || sameKind(now, next, input.schema)) ? next : now
}

/** Whether a part of it has a shape that a law speaks of. */
const hasLaw: (e: Expr) => boolean = remembered((e) => {
  if (isLeaf(e)) return false
  if (looksLawful(e)) return true
  for (const child of exprChildren(e)) if (!isLeaf(child) && hasLaw(child)) return true
  return false
})

function looksLawful(e: Expr): boolean {
  if (e.op === 'cast') return true
  if (e.op === 'case') return e.when.some(([c]) => c.op === 'lit')
  if (e.op !== 'call') return false
  if (e.fn === 'and' || e.fn === 'or') return e.args.some((a) => a.op === 'lit' || hasLaw(a))
  return e.fn === 'not' || e.fn === 'coalesce' || e.fn === 'orNull' || e.fn === 'fails' || e.fn === 'isNull'
}

const is = (e: Expr | undefined, value: boolean): boolean => e?.op === 'lit' && e.value === value

function law(e: Expr, input: Node): Expr | undefined {
  if (e.op === 'cast') {
    return e.arg.op !== 'lit' && sameType(infer(e.arg, input.schema, 'cast').type, e.to) ? e.arg : undefined
  }
  if (e.op === 'case') return knownCase(e, input.schema)
  if (e.op !== 'call') return undefined
  const [a, b] = e.args
  if (!a) return undefined
  switch (e.fn) {
    case 'and':
    case 'or': {
      const decides = e.fn === 'or'
      if (is(a, decides) || is(b, decides)) return lit(decides, 'bool')
      if (is(a, !decides)) return b
      return is(b, !decides) ? a : undefined
    }
    case 'not':
      return a.op === 'call' && a.fn === 'not' ? a.args[0] : undefined
    case 'coalesce':
      return (e.args.length === 1 || (a.op === 'lit' && a.value !== null)) && sameTypes(e, a, input.schema)
        ? a
        : undefined
    case 'orNull':
      return mayRaise(a, input) ? undefined : a
    case 'fails':
      return mayRaise(a, input) ? undefined : lit(false, 'bool')
    case 'isNull':
      return infer(a, input.schema, 'isNull').nullable || mayRaise(a, input) ? undefined : lit(false, 'bool')
    default:
      return undefined
  }
}

/** A case without the branches that are never taken, where its type stays. */
function knownCase(e: Extract<Expr, { op: 'case' }>, schema: Schema): Expr | undefined {
  if (!e.when.some(([c]) => c.op === 'lit')) return undefined
  const kept: (readonly [Expr, Expr])[] = []
  let { otherwise } = e
  for (const [condition, value] of e.when) {
    if (is(condition, true)) {
      otherwise = value
      break
    }
    if (condition.op !== 'lit') kept.push([condition, value])
  }
  const next: Expr = kept.length > 0 ? Object.freeze({ ...e, when: kept, otherwise }) : otherwise
  return sameTypes(e, next, schema) ? next : undefined
}

const sameTypes = (a: Expr, b: Expr, schema: Schema): boolean =>
  sameType(infer(a, schema, 'simplify').type, infer(b, schema, 'simplify').type)
