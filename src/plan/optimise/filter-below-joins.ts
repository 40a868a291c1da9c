import { namesOf, pushed, readsOnly, split } from './conditions.ts'
import { sieve } from './make.ts'
import type { Rule, Sieve } from './rule.ts'

/**
 * A filter moves below a join on the side whose columns it reads: the left one of every join and of `asof`, the right
 * one of an inner join. An inner, semi or anti join drops rows, so what may raise stays above it.
 */
export const filterBelowJoins: Rule = {
  name: 'filter-below-joins',
  reason: 'a condition on one side is asked before the join, so fewer rows are matched',
  ops: ['filter', 'reject'],
  apply(n, ctx) {
    const s = n as Sieve
    const { input } = s
    if ((input.op !== 'join' && input.op !== 'asof') || ctx.shared(input)) return undefined
    const keepsLeft = input.op === 'asof' || input.how === 'left'
    const left = namesOf(input.left.schema)
    const onLeft = pushed(
      s,
      split(s, (part) => readsOnly(part, left), !keepsLeft),
      (below) => Object.freeze({ ...input, left: sieve(s, input.left, below) }),
    )
    if (onLeft || input.op === 'asof' || input.how !== 'inner') return onLeft
    const keys = new Set(input.on.map(([, r]) => r))
    const right = new Set(input.right.schema.map((f) => f.name).filter((name) => !keys.has(name)))
    return pushed(
      s,
      split(s, (part) => readsOnly(part, right), true),
      (below) => Object.freeze({ ...input, right: sieve(s, input.right, below) }),
    )
  },
}
