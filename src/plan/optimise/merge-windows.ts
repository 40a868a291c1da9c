import { aggColumns, columnsOf, type WindowCall, windowExprs } from '../expr.ts'
import type { Node, SortKey } from '../nodes.ts'
import { breaksTies } from '../prune.ts'
import type { NodeOf, Rule } from './rule.ts'

/**
 * Two windows over the same keys in the same order become one, where the upper one reads nothing of the lower one.
 * What breaks ties by the remaining columns would see fewer of them, so at most one of the two may do so.
 */
export const mergeWindows: Rule = {
  name: 'merge-windows',
  reason: 'windows of one key and order sort the rows once',
  ops: ['window'],
  apply(n, ctx) {
    const upper = n as NodeOf<'window'>
    const lower = upper.input
    if (lower.op !== 'window' || ctx.shared(lower) || !sameWindow(upper, lower)) return undefined
    const before = new Set(lower.input.schema.map((f) => f.name))
    const made = new Set(lower.columns.map(([name]) => name))
    const read = [...columnsOf(...upper.order.map((k) => k.by)), ...upper.columns.flatMap(([, c]) => readBy(c))]
    const apart =
      read.every((name) => !made.has(name)) &&
      [...made].every((name) => !before.has(name)) &&
      upper.columns.every(([name]) => !made.has(name) && !before.has(name))
    if (!apart || (uses(upper) && uses(lower))) return undefined
    return Object.freeze({ ...upper, input: lower.input, columns: [...lower.columns, ...upper.columns] })
  },
}

const uses = (n: NodeOf<'window'>): boolean => n.columns.some(([, c]) => breaksTies(c))
const readBy = (c: WindowCall): string[] => (c.fn === 'aggregate' ? aggColumns(c.agg) : columnsOf(...windowExprs(c)))

function sameWindow(a: NodeOf<'window'>, b: NodeOf<'window'>): boolean {
  const keys = (n: Node & { readonly by: readonly string[] }) => n.by.join('\n')
  const order = (k: readonly SortKey[]) => JSON.stringify(k)
  return keys(a) === keys(b) && order(a.order) === order(b.order)
}
