import type { Agg } from '../expr.ts'
import { build } from '../nodes.ts'
import type { NodeOf, Rule } from './rule.ts'

/**
 * Two as-of reads, one upon the other, of rolling windows over the same rows, keys, clock and span become one read of
 * one window. Totals and extremes are kept apart: engines have different ways to compute them.
 */
export const mergeRolling: Rule = {
  name: 'merge-rolling',
  reason: 'windows of one key go through its history once',
  ops: ['asof'],
  apply(n, ctx) {
    const upper = n as NodeOf<'asof'>
    const lower = upper.left
    if (lower.op !== 'asof' || ctx.shared(lower)) return undefined
    const [a, b] = [lower.right, upper.right]
    if (a.op !== 'rolling' || b.op !== 'rolling' || a === b || ctx.shared(a) || ctx.shared(b)) return undefined
    const fits =
      a.input === b.input &&
      a.on === b.on &&
      a.over === b.over &&
      a.by.join('\n') === b.by.join('\n') &&
      lower.at === upper.at &&
      lower.on === upper.on &&
      lower.within === upper.within &&
      JSON.stringify(lower.by) === JSON.stringify(upper.by)
    const totals = [...a.aggs, ...b.aggs].map(([, agg]) => isTotal(agg))
    if (!fits || new Set(totals).size !== 1) return undefined
    const names = new Set(a.aggs.map(([name]) => name))
    if (b.aggs.some(([name]) => names.has(name))) return undefined
    const right = build({ ...a, aggs: [...a.aggs, ...b.aggs] })
    return Object.freeze({ ...upper, left: lower.left, right })
  },
}

const isTotal = (a: Agg): boolean => a.fn === 'count' || a.fn === 'sum' || a.fn === 'mean'
