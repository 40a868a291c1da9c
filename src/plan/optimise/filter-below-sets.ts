import { pushed, seesEqual, split } from './conditions.ts'
import { sieve, withInput } from './make.ts'
import type { Rule, Sieve } from './rule.ts'

/**
 * A filter moves into both sides of a union, below a distinct, and into the first side of intersect and except. Where
 * equal rows stand for one another it must not tell them apart; where rows are dropped it must not raise.
 */
export const filterBelowSets: Rule = {
  name: 'filter-below-sets',
  reason: 'rows are dropped before they are compared with one another, or where each side of a union is read',
  ops: ['filter', 'reject'],
  apply(n, ctx) {
    const s = n as Sieve
    const { input } = s
    if (ctx.shared(input)) return undefined
    switch (input.op) {
      case 'union':
        return pushed(
          s,
          split(s, () => true, false),
          (below) => {
            const left = sieve(s, input.left, below)
            const right = input.left === input.right ? left : sieve(s, input.right, below)
            return Object.freeze({ ...input, left, right })
          },
        )
      case 'distinct':
        return pushed(
          s,
          split(s, (part) => seesEqual(part, input.schema), false),
          (below) => withInput(input, sieve(s, input.input, below)),
        )
      case 'intersect':
      case 'except':
        return pushed(
          s,
          split(s, (part) => seesEqual(part, input.schema), true),
          (below) => Object.freeze({ ...input, left: sieve(s, input.left, below) }),
        )
      default:
        return undefined
    }
  },
}
