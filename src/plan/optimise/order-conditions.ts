import { type Expr, exprChildren } from '../expr.ts'
import { joined, partsOf } from './conditions.ts'
import { cost } from './cost.ts'
import { sieve } from './make.ts'
import type { Rule, Sieve } from './rule.ts'

/** Cheap parts of a condition come before dear ones; `and` and `or` mean the same in any order, failures included. */
export const orderConditions: Rule = {
  name: 'order-conditions',
  reason:
    'of several conditions the cheap ones are asked first: where one decides, the dear ones (regular expressions, JSON) are not asked',
  ops: ['filter', 'reject'],
  apply(n) {
    const { input, predicate } = n as Sieve
    const ordered = inOrder(predicate)
    return ordered === predicate ? undefined : sieve(n as Sieve, input, ordered)
  },
}

function inOrder(e: Expr): Expr {
  if (e.op !== 'call' || (e.fn !== 'and' && e.fn !== 'or')) return e
  const { fn } = e
  const before = partsOf(e, fn)
  const parts = before.map((part) => (exprChildren(part).length > 0 ? inOrder(part) : part))
  const costs = parts.map(cost)
  const sorted = costs.every((c, i) => i === 0 || c >= (costs[i - 1] as number))
  if (sorted && parts.every((part, i) => part === before[i])) return e
  return joined(sorted ? parts : parts.toSorted((a, b) => cost(a) - cost(b)), fn)
}
