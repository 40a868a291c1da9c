import { type Node, nodeChildren } from '../nodes.ts'
import { narrowed, needs } from '../prune.ts'
import { inOrder } from './make.ts'
import type { Rule } from './rule.ts'

/** Columns that nobody reads are neither read nor computed. What several nodes read stays one node, with what any of them wants. */
export const readLess: Rule = {
  name: 'read-less',
  reason: 'columns that nobody uses are not read',
  ops: 'plan',
  apply(root) {
    const order = inOrder(root)
    if (!order.some(leaves)) return undefined
    const wanted = new Map<Node, Set<string>>([[root, new Set(root.schema.map((f) => f.name))]])
    for (const n of order.toReversed()) {
      const names = wanted.get(n)
      if (!names) continue
      const asked = needs(n, names)
      nodeChildren(n).forEach((child, i) => {
        if (!asked[i]) return
        const before = wanted.get(child)
        if (before) for (const name of asked[i]) before.add(name)
        else wanted.set(child, new Set(asked[i]))
      })
    }
    const done = new Map<Node, Node>()
    for (const n of order) {
      const names = wanted.get(n)
      if (!names) continue
      const inputs = nodeChildren(n).map((child) => done.get(child) ?? child)
      done.set(n, narrowed(n, names, inputs))
    }
    const next = done.get(root) as Node
    return next === root ? undefined : next
  },
}

/** Whether a node may leave columns of an input unread: where none does, every column is wanted. */
function leaves(n: Node): boolean {
  switch (n.op) {
    case 'select':
    case 'aggregate':
    case 'rolling':
      return true
    case 'join':
      return n.how === 'semi' || n.how === 'anti'
    case 'derive':
    case 'window':
      return n.columns.length === 0 || n.schema.length < n.input.schema.length + n.columns.length
    default:
      return false
  }
}
