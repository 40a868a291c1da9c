import { hashJson } from '../base/hash.ts'
import type { Agg, Expr, Literal } from './expr.ts'
import { type From, mapNode, type Node, nodeChildren, type Plan } from './nodes.ts'
import { type Type, typeName } from './types.ts'

/** Every node once, children before parents. A node shared by two parents is visited once. */
export function* nodes(root: Node): Generator<Node> {
  const seen = new Set<Node>()
  function* visit(n: Node): Generator<Node> {
    if (seen.has(n)) return
    seen.add(n)
    for (const child of nodeChildren(n)) yield* visit(child)
    yield n
  }
  yield* visit(root)
}

/** Rewrites from the leaves up; shared nodes stay shared. */
export function rewrite(root: Node, f: (n: Node) => Node): Node {
  const done = new Map<Node, Node>()
  const visit = (n: Node): Node => {
    const known = done.get(n)
    if (known) return known
    const out = f(mapNode(n, visit))
    done.set(n, out)
    return out
  }
  return visit(root)
}

/** Replaces each scan by what `bind` gives for its origin (undefined keeps it). The schema must stay the same. */
export function bindScans(root: Node, bind: (from: From, scan: Node) => Node | undefined): Node {
  return rewrite(root, (n) => (n.op === 'scan' ? (bind(n.from, n) ?? n) : n))
}

/** The names of sources and steps that a plan still refers to. */
export function scanned(root: Node): { kind: 'source' | 'step'; name: string }[] {
  const out = new Map<string, { kind: 'source' | 'step'; name: string }>()
  for (const n of nodes(root))
    if (n.op === 'scan' && (n.from.kind === 'source' || n.from.kind === 'step'))
      out.set(`${n.from.kind} ${n.from.name}`, { kind: n.from.kind, name: n.from.name })
  return [...out.values()]
}

/** The content hash of a plan: equal plans hash equally, whoever built them. */
export function hashPlan(plan: Plan): string {
  return hashJson(plan)
}

/** An expression on one line, for people. */
export function printExpr(e: Expr): string {
  switch (e.op) {
    case 'col':
      return e.name
    case 'lit':
      return e.type === 'string' ? `'${String(e.value)}'` : printTime(e.value, e.type)
    case 'cast':
      return `cast(${printExpr(e.arg)} as ${e.to})`
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
  return `'${new Date(Number(value) / 1000).toISOString().slice(0, 19).replace('T', ' ')}'`
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

/** A plan as an indented tree with the schema at each node. */
export function printPlan(root: Node, note: (n: Node) => string = () => ''): string {
  const lines: string[] = []
  const visit = (n: Node, depth: number): void => {
    const columns = n.schema.map((f) => `${f.name}: ${typeName(f.type)}${f.nullable ? '?' : ''}`).join(', ')
    lines.push(`${'  '.repeat(depth)}${headline(n)}${note(n)}`)
    lines.push(`${'  '.repeat(depth)}  → ${columns}`)
    for (const child of nodeChildren(n)) visit(child, depth + 1)
  }
  visit(root, 0)
  return lines.join('\n')
}

function headline(n: Node): string {
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
      return `rolling ${n.over / 60e6} min by ${n.by.join(', ')} on ${n.on}: ${n.aggs.map(([name, a]) => `${name} = ${printAgg(a)}`).join(', ')}`
    case 'join':
      return `${n.how} join on ${n.on.map(([l, r]) => `${l} = ${r}`).join(' and ')}`
    case 'asof':
      return `as of ${n.at} by ${n.by.map(([l, r]) => `${l} = ${r}`).join(' and ')}`
    case 'sort':
      return `sort by ${n.keys.map((k) => `${printExpr(k.by)}${k.descending ? ' descending' : ''}`).join(', ')}`
    case 'limit':
      return `limit ${n.count}`
    default:
      return n.op
  }
}
