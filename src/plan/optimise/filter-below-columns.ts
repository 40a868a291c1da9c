import { type Expr, substitute } from '../expr.ts'
import { pushed, split } from './conditions.ts'
import { cost } from './cost.ts'
import { readsOf } from './failing.ts'
import { sieve, withInput } from './make.ts'
import type { Rule, Sieve } from './rule.ts'

/** What a condition may cost that computes a column once more for the sake of asking earlier, in comparisons of two numbers. */
const CHEAP = 4

/**
 * A filter moves below a select or derive, with the columns that it reads replaced by what they are made of. Neither
 * drops a row, so the condition is asked of the rows that it was asked of.
 */
export const filterBelowColumns: Rule = {
  name: 'filter-below-columns',
  reason: 'rows are dropped before columns are computed, which are then computed for fewer',
  ops: ['filter', 'reject'],
  apply(n, ctx) {
    const s = n as Sieve
    const { input } = s
    if ((input.op !== 'select' && input.op !== 'derive') || ctx.shared(input)) return undefined
    const made = new Map(input.columns)
    const goes = (part: Expr) =>
      !readsOf(part).some((name) => (made.get(name)?.op ?? 'col') !== 'col') ||
      cost(substitute(part, made)) <= Math.max(cost(part), CHEAP)
    const parts = split(s, goes, false)
    return pushed(s, parts, (below) => withInput(input, sieve(s, input.input, substitute(below, made))))
  },
}
