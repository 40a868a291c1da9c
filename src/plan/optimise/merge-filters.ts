import { call } from '../expr.ts'
import { infer } from '../infer.ts'
import { mayRaise } from './failing.ts'
import { sieve } from './make.ts'
import type { NodeOf, Rule } from './rule.ts'

/**
 * Neighbouring filters, and neighbouring rejections of the same moment, become one. A filter that may raise is not
 * merged with one that may be null: it would then see rows that null dropped.
 */
export const mergeFilters: Rule = {
  name: 'merge-filters',
  reason: 'conditions that follow one another are asked in one pass over the rows',
  ops: ['filter', 'reject'],
  apply(n, ctx) {
    const upper = n as NodeOf<'filter'> | NodeOf<'reject'>
    const lower = upper.input
    if (lower.op !== upper.op || ctx.shared(lower)) return undefined
    if (upper.op === 'reject' && lower.op === 'reject') {
      if (upper.when !== lower.when) return undefined
      const reason = lower.reason === upper.reason ? lower.reason : `${lower.reason} · ${upper.reason}`
      return sieve({ ...lower, reason }, lower.input, call('or', lower.predicate, upper.predicate))
    }
    if (mayRaise(upper.predicate, lower) && infer(lower.predicate, lower.input.schema, 'filter').nullable)
      return undefined
    return sieve(lower, lower.input, call('and', lower.predicate, upper.predicate))
  },
}
