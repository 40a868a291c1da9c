import type { Agg, Expr, Frame, Literal, WindowCall } from './expr.ts'
import { isoTextExact } from './iso.ts'
import { type Node, nodeChildren, type SortKey } from './nodes.ts'
import { type Type, typeName } from './types.ts'

/** An expression on one line, for people. */
export function printExpr(e: Expr): string {
  switch (e.op) {
    case 'col':
      return e.name
    case 'lit':
      return e.type === 'string' ? `'${String(e.value)}'` : printTime(e.value, e.type)
    case 'cast':
      return `cast(${printExpr(e.arg)} as ${typeName(e.to)}${e.onError === 'null' ? ', or null' : ''})`
    case 'case':
      return `case ${e.when.map(([c, v]) => `when ${printExpr(c)} then ${printExpr(v)}`).join(' ')} else ${printExpr(e.otherwise)} end`
    case 'lookup':
      return `lookup[${e.table.keys.length}](${e.args.map(printExpr).join(', ')})`
    case 'predict':
      return `predict ${e.model}(${e.args.map(printExpr).join(', ')})`
    case 'call': {
      const sign = INFIX[e.fn]
      const args = e.args.map(printExpr)
      return sign && args.length === 2 ? `(${args[0]} ${sign} ${args[1]})` : `${e.fn}(${args.join(', ')})`
    }
  }
}

/** Times as ISO text, everything else as it is. */
function printTime(value: Literal, type: Type): string {
  if (value === null || (type !== 'timestamp' && type !== 'local timestamp')) return String(value)
  return `'${isoTextExact(BigInt(String(value)))}'`
}

const INFIX: Partial<Record<string, string>> = {
  eq: '=',
  ne: '≠',
  lt: '<',
  le: '≤',
  gt: '>',
  ge: '≥',
  and: 'and',
  or: 'or',
  add: '+',
  sub: '−',
  mul: '×',
  div: '÷',
  addDuration: '+',
  subDuration: '−',
}

export const printAgg = (agg: Agg): string =>
  `${agg.fn}(${[agg.arg && printExpr(agg.arg), agg.arg2 && printExpr(agg.arg2), agg.param].filter((x) => x !== null && x !== undefined).join(', ')})`

/** A plan as an indented tree with the schema at each node; a part that is used again is told once. */
export function printPlan(root: Node, note: (n: Node) => string = () => ''): string {
  const lines: string[] = []
  const told = new Set<Node>()
  const visit = (n: Node, depth: number): void => {
    if (told.has(n) && nodeChildren(n).length > 0) {
      lines.push(`${'  '.repeat(depth)}${printNode(n)}${note(n)}  (as above)`)
      return
    }
    told.add(n)
    const columns = n.schema.map((f) => `${f.name}: ${typeName(f.type)}${f.nullable ? '?' : ''}`).join(', ')
    lines.push(`${'  '.repeat(depth)}${printNode(n)}${note(n)}`)
    lines.push(`${'  '.repeat(depth)}  → ${columns}`)
    for (const child of nodeChildren(n)) visit(child, depth + 1)
  }
  visit(root, 0)
  return lines.join('\n')
}

const printKey = (k: SortKey): string => `${printExpr(k.by)}${k.descending ? ' descending' : ''}`

export function printWindow(c: WindowCall): string {
  const frame = (f: Frame) => ` over ${f.unit} ${f.from ?? '−∞'} … ${f.to ?? '∞'}`
  if (c.fn === 'aggregate') return `${printAgg(c.agg)}${frame(c.frame)}`
  if (c.fn === 'lag' || c.fn === 'lead') return `${c.fn}(${printExpr(c.arg)}, ${c.offset})`
  return c.fn === 'first' || c.fn === 'last' ? `${c.fn}(${printExpr(c.arg)})${frame(c.frame)}` : c.fn
}

/** A node on one line, without its inputs. */
export function printNode(n: Node): string {
  switch (n.op) {
    case 'scan':
      return `scan ${'name' in n.from ? `${n.from.kind} ${n.from.name}` : n.from.kind}`
    case 'filter':
      return `filter ${printExpr(n.predicate)}`
    case 'reject':
      return `reject '${n.reason}' (${n.when}) where ${printExpr(n.predicate)}`
    case 'select':
    case 'derive':
      return `${n.op} ${n.columns.map(([name, e]) => (e.op === 'col' && e.name === name ? name : `${name} = ${printExpr(e)}`)).join(', ')}`
    case 'aggregate':
      return `aggregate by ${n.by.join(', ') || 'nothing'}: ${n.aggs.map(([name, a]) => `${name} = ${printAgg(a)}`).join(', ')}`
    case 'rolling':
      return `rolling ${spanText(n.over)} by ${n.by.join(', ')} on ${n.on}: ${n.aggs.map(([name, a]) => `${name} = ${printAgg(a)}`).join(', ')}`
    case 'join':
      return `${n.how} join on ${n.on.map(([l, r]) => `${l} = ${r}`).join(' and ')}`
    case 'asof':
      return `as of ${n.at} by ${n.by.map(([l, r]) => `${l} = ${r}`).join(' and ')}${n.within ? ` within ${spanText(n.within)}` : ''}`
    case 'sort':
      return `sort by ${n.keys.map(printKey).join(', ')}`
    case 'limit':
      return `limit ${n.count}`
    case 'window':
      return `window by ${n.by.join(', ') || 'nothing'}${n.order.length > 0 ? ` in order of ${n.order.map(printKey).join(', ')}` : ''}: ${n.columns.map(([name, c]) => `${name} = ${printWindow(c)}`).join(', ')}`
    case 'unnest':
      return `unnest ${n.column}${n.keepEmpty ? ' (keeping rows without items)' : ''}`
    case 'annotate':
      return `annotate ${n.notes.map(([name]) => name).join(', ')}`
    default:
      return n.op
  }
}

const UNITS = [
  ['days', 86_400e6],
  ['h', 3600e6],
  ['min', 60e6],
  ['s', 1e6],
] as const

/** A span of time in the largest unit of which it has whole ones: `3 h`, `90 min`, `30 days`. */
export function spanText(micros: number): string {
  const [unit, size] = UNITS.find(([, s]) => micros % s === 0) ?? ['µs', 1]
  return `${micros / size} ${unit}`
}
