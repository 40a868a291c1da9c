import type { Node } from '../nodes.ts'
import { sameSchema, withInput } from './make.ts'
import type { Rule } from './rule.ts'

/** Nodes that give their input's rows and columns as they are. A rolling window keeps its cover: as-of reads it otherwise. */
export const dropNoOps: Rule = {
  name: 'drop-no-ops',
  reason: 'a verb that changes nothing is left out',
  ops: ['filter', 'reject', 'select', 'derive', 'annotate'],
  apply(n) {
    if (!('input' in n) || n.input.op === 'rolling') return undefined
    return same(n) ? n.input : n.op === 'derive' ? fewer(n) : undefined
  },
}

function same(n: Node): boolean {
  switch (n.op) {
    case 'filter':
      return n.predicate.op === 'lit' && n.predicate.value === true
    case 'reject':
      return n.predicate.op === 'lit' && n.predicate.value !== true
    case 'annotate':
      return sameSchema(n.schema, n.input.schema)
    case 'select':
    case 'derive':
      return n.columns.every(([name, e]) => e.op === 'col' && e.name === name) && sameSchema(n.schema, n.input.schema)
    default:
      return false
  }
}

/** A derive without the columns that it gives as they are, where the order of columns stays. */
function fewer(n: Extract<Node, { op: 'derive' }>): Node | undefined {
  const columns = n.columns.filter(([name, e]) => !(e.op === 'col' && e.name === name))
  if (columns.length === n.columns.length || columns.length === 0) return undefined
  const next = withInput(Object.freeze({ ...n, columns }), n.input)
  const made = new Set(columns.map(([name]) => name))
  const order = [...n.input.schema.map((f) => f.name).filter((name) => !made.has(name)), ...made]
  return n.schema.every((f, i) => f.name === order[i]) ? next : undefined
}
