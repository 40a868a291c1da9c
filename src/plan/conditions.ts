import type { Expr, Literal } from './expr.ts'
import { type Node, nodeChildren } from './nodes.ts'
import { needs } from './prune.ts'
import type { Type } from './types.ts'

/** A condition that sources of many kinds can answer: a column compared with a constant that is not null, or null or not. */
export type Condition =
  | {
      readonly column: string
      readonly is: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'
      /** As literals are written in plans. */
      readonly value: Literal
      readonly type: Type
    }
  | { readonly column: string; readonly is: 'null' | 'not null' }

const COMPARES = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const
type Compare = (typeof COMPARES)[number]
const TURNED: Readonly<Record<Compare, Compare>> = { eq: 'eq', ne: 'ne', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' }
const isCompare = (fn: string): fn is Compare => (COMPARES as readonly string[]).includes(fn)

/** The conditions among an expression's terms joined by `and`; other terms are left out. */
export function conditionsOf(e: Expr): Condition[] {
  if (e.op !== 'call') return []
  const [a, b] = e.args
  if (e.fn === 'and') return e.args.flatMap(conditionsOf)
  if (e.fn === 'isNull' && a?.op === 'col') return [{ column: a.name, is: 'null' }]
  if (e.fn === 'not' && a?.op === 'call' && a.fn === 'isNull' && a.args[0]?.op === 'col')
    return [{ column: a.args[0].name, is: 'not null' }]
  if (!isCompare(e.fn) || !a || !b) return []
  const [column, lit, is] = a.op === 'col' ? [a, b, e.fn] : [b, a, TURNED[e.fn]]
  if (column.op !== 'col' || lit.op !== 'lit' || lit.value === null || typeof lit.value === 'object') return []
  return [{ column: column.name, is, value: lit.value, type: lit.type }]
}

/** What a plan needs of the source of that name, for each of its scans: columns, and conditions on every row that is used. */
export function scanNeeds(root: Node, source: string): { columns: Set<string>; where: Condition[] }[] {
  const found: { columns: Set<string>; where: Condition[] }[] = []
  const names = (n: Node) => new Set(n.schema.map((f) => f.name))
  const visit = (n: Node, wanted: ReadonlySet<string>, where: Condition[]): void => {
    if (n.op === 'scan') {
      if ('name' in n.from && n.from.name === source) found.push({ columns: new Set(wanted), where })
      return
    }
    // whole rows are kept of what is rejected
    const asked = n.op === 'reject' ? [names(n.input)] : needs(n, wanted)
    const below = n.op === 'filter' ? [...where, ...conditionsOf(n.predicate)] : n.op === 'annotate' ? where : []
    nodeChildren(n).forEach((input, i) => {
      // what is not read for its columns may still be read for its rows
      visit(input, asked[i] ?? new Set(), below)
    })
  }
  visit(root, names(root), [])
  return found
}
