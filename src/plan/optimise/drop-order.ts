import type { Node } from '../nodes.ts'
import { withInput } from './make.ts'
import type { Rule, RuleContext } from './rule.ts'

/** A sort goes where what is above it does not look at the order. A limit, a window and as-of do look, and so do not count. */
export const dropOrder: Rule = {
  name: 'drop-order',
  reason: 'an order that nobody sees is not made',
  ops: ['aggregate', 'distinct', 'union', 'intersect', 'except', 'join'],
  apply(n, ctx) {
    if ('left' in n) {
      const left = unordered(n.left, ctx)
      const right = unordered(n.right, ctx)
      return left === n.left && right === n.right ? undefined : (Object.freeze({ ...n, left, right }) as Node)
    }
    if (!('input' in n)) return undefined
    const input = unordered(n.input, ctx)
    return input === n.input ? undefined : withInput(n, input)
  },
}

function unordered(n: Node, ctx: RuleContext): Node {
  switch (n.op) {
    case 'sort':
      return ctx.shared(n) ? n : unordered(n.input, ctx)
    case 'filter':
    case 'reject':
    case 'select':
    case 'derive':
    case 'annotate': {
      if (ctx.shared(n)) return n
      const input = unordered(n.input, ctx)
      return input === n.input || input.op === 'rolling' ? n : withInput(n, input)
    }
    default:
      return n
  }
}
