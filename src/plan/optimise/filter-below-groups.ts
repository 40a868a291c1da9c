import type { Expr } from '../expr.ts'
import { namesOf, pushed, readsOnly, seesEqual, split } from './conditions.ts'
import { sieve, withInput } from './make.ts'
import type { Rule, Sieve } from './rule.ts'

/**
 * A filter that reads only the keys moves below an aggregate or a window: whole groups go or stay. Below unnest moves
 * what reads neither the item nor its place; unnest drops rows without items, so what may raise stays above it.
 */
export const filterBelowGroups: Rule = {
  name: 'filter-below-groups',
  reason: 'a condition on keys is asked before rows are grouped, so groups that nobody wants are not computed',
  ops: ['filter', 'reject'],
  apply(n, ctx) {
    const s = n as Sieve
    const { input } = s
    if (ctx.shared(input)) return undefined
    switch (input.op) {
      case 'aggregate':
      case 'window': {
        const made = new Set(input.op === 'window' ? input.columns.map(([name]) => name) : [])
        const keys = new Set(input.by.filter((name) => !made.has(name)))
        const goes = (part: Expr) => readsOnly(part, keys) && seesEqual(part, input.input.schema)
        return pushed(s, split(s, goes, false), (below) => withInput(input, sieve(s, input.input, below)))
      }
      case 'unnest': {
        const names = new Set([...namesOf(input.input.schema)].filter((name) => name !== input.column))
        return pushed(
          s,
          split(s, (part) => readsOnly(part, names), !input.keepEmpty),
          (below) => withInput(input, sieve(s, input.input, below)),
        )
      }
      default:
        return undefined
    }
  },
}
