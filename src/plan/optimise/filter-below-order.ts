import { pushed, split } from './conditions.ts'
import { sieve, withInput } from './make.ts'
import type { Rule, Sieve } from './rule.ts'

/** A filter moves below a sort, below notes on columns, and below a rejection when it can't raise. */
export const filterBelowOrder: Rule = {
  name: 'filter-below-order',
  reason: 'rows are dropped before they are sorted or described, nearer to where they are read',
  ops: ['filter', 'reject'],
  apply(n, ctx) {
    const s = n as Sieve
    const { input } = s
    const passes = input.op === 'sort' || input.op === 'annotate' || (s.op === 'filter' && input.op === 'reject')
    if (!passes || ctx.shared(input)) return undefined
    const parts = split(s, () => true, input.op === 'reject')
    return pushed(s, parts, (below) => withInput(input, sieve(s, input.input, below)))
  },
}
