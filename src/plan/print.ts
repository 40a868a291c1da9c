import type { Agg, Expr, Frame, Literal, WindowCall } from './expr.ts'
import { writtenAs } from './functions/written.ts'
import { infer } from './infer.ts'
import { isoTextExact } from './iso.ts'
import { type Node, nodeChildren, type SortKey } from './nodes.ts'
import { isTemporal, type Type, typeName } from './types.ts'

/** An expression on one line, for people. */
export function printExpr(e: Expr): string {
  switch (e.op) {
    case 'col':
      return e.name
    case 'lit':
      return e.type === 'string' && e.value !== null ? `'${String(e.value)}'` : printTime(e.value, e.type)
    case 'cast':
      return `cast(${printAlone(e.arg)} as ${typeName(e.to)}${e.onError === 'null' ? ', or null' : ''})`
    case 'case':
      return `case ${e.when.map(([c, v]) => `when ${printExpr(c)} then ${printExpr(v)}`).join(' ')} else ${printExpr(e.otherwise)} end`
    case 'lookup':
      return `lookup[${e.table.keys.length}](${e.args.map(printExpr).join(', ')})`
    case 'predict':
      return `predict ${e.model}(${e.args.map(printExpr).join(', ')})`
    case 'call': {
      const span = printSpan(e)
      if (span !== undefined) return span
      const sign = INFIX[e.fn]
      const [a, b, ...more] = e.args
      if (e.fn === 'isIn' && a) return `(${printExpr(a)} in (${e.args.slice(1).map(printAlone).join(', ')}))`
      return sign && a && b && more.length === 0
        ? `(${printExpr(a)} ${sign} ${printExpr(b)})`
        : `${writtenAs(e.fn)}(${e.args.map(printAlone).join(', ')})`
    }
  }
}

/** Times as ISO text, durations in their unit, everything else as it is. */
function printTime(value: Literal, type: Type): string {
  if (value === null) return 'null'
  if (type === 'duration') return spanText(Number(value))
  if (type === 'date') return `'${isoTextExact(BigInt(String(value)) * 86_400_000_000n).slice(0, 10)}'`
  if (type !== 'timestamp' && type !== 'local timestamp') return String(value)
  return `'${isoTextExact(BigInt(String(value)))}'`
}

/** µs of a unit of time as recipes have them. */
const SPANS: Readonly<Record<string, string>> = { 1e6: 'seconds', 60e6: 'minutes', 3600e6: 'hours', 86400e6: 'days' }

/** `minutes(x)` for so many times a unit's µs, as the function of that name makes it; undefined for other expressions. */
function printSpan(e: Extract<Expr, { op: 'call' }>): string | undefined {
  const [product] = e.args
  if (e.fn !== 'micros' || product?.op !== 'call' || product.fn !== 'mul') return undefined
  const [amount, unit] = product.args
  const name = unit?.op === 'lit' ? SPANS[String(unit.value)] : undefined
  return amount && name ? `${name}(${printAlone(amount)})` : undefined
}

/** The same where it stands alone: without brackets around the whole. */
export function printAlone(e: Expr): string {
  const text = printExpr(e)
  return e.op === 'call' && ((INFIX[e.fn] && e.args.length === 2) || e.fn === 'isIn') ? text.slice(1, -1) : text
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
  `${agg.fn}(${[agg.arg && printAlone(agg.arg), agg.arg2 && printAlone(agg.arg2), agg.param].filter((x) => x !== null && x !== undefined).join(', ')})`

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

/** @param order The type of what rows are ordered by: bounds of a range over times are spans. */
export function printWindow(c: WindowCall, order?: Type): string {
  const bound = (f: Frame, n: number) =>
    f.unit === 'range' && order !== undefined && isTemporal(order) ? spanText(n) : String(n)
  const frame = (f: Frame) =>
    f.from === null && f.to === null
      ? ' over all rows'
      : ` over ${f.unit} ${f.from === null ? '−∞' : bound(f, f.from)} … ${f.to === null ? '∞' : bound(f, f.to)}`
  if (c.fn === 'aggregate') return `${printAgg(c.agg)}${frame(c.frame)}`
  if (c.fn === 'lag' || c.fn === 'lead') return `${c.fn}(${printExpr(c.arg)}, ${c.offset})`
  return c.fn === 'first' || c.fn === 'last' ? `${c.fn}(${printExpr(c.arg)})${frame(c.frame)}` : c.fn
}

/** Pairs of columns, those of one name once. */
const pairs = (on: readonly (readonly [string, string])[]): string =>
  on.map(([l, r]) => (l === r ? l : `${l} = ${r}`)).join(' and ')

/** The type of what a window's rows are ordered by first. */
export function orderOf({ order, input }: Extract<Node, { op: 'window' }>): Type | undefined {
  const [first] = order
  return first && infer(first.by, input.schema, 'window').type
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
      return `${n.how} join on ${pairs(n.on)}`
    case 'asof':
      return `as of ${n.at}${n.right.op === 'rolling' || n.on === n.at ? '' : ` (latest by ${n.on})`} by ${pairs(n.by)}${n.within ? ` within ${spanText(n.within)}` : ''}`
    case 'sort':
      return `sort by ${n.keys.map(printKey).join(', ')}`
    case 'limit':
      return `limit ${n.count}`
    case 'window':
      return `window by ${n.by.join(', ') || 'nothing'}${n.order.length > 0 ? ` in order of ${n.order.map(printKey).join(', ')}` : ''}: ${n.columns.map(([name, c]) => `${name} = ${printWindow(c, orderOf(n))}`).join(', ')}`
    case 'unnest':
      return `unnest ${n.column}${n.keepEmpty ? ' (keeping rows without items)' : ''}`
    case 'annotate':
      return `annotate ${n.notes.map(([name]) => name).join(', ')}`
    default:
      return n.op
  }
}

const UNITS = [
  ['d', 86_400e6, Number.POSITIVE_INFINITY],
  ['h', 3600e6, 100],
  ['min', 60e6, 100],
  ['s', 1e6, 100],
  ['ms', 1e3, 1000],
  ['µs', 1, 1000],
] as const

/** A span of time in the largest unit of which it has whole ones: `3 h`, `90 min`, `30 d`; where these are many, the unit above tells most of it: `61 d 1 h`. */
export function spanText(micros: number): string {
  if (micros === 0) return '0 s'
  if (micros < 0) return `−${spanText(-micros)}`
  // beyond what a double holds to the µs no larger unit is whole for certain
  if (!Number.isSafeInteger(micros)) return `${micros} µs`
  const at = UNITS.findIndex(([, size]) => micros % size === 0)
  const [unit, size, many] = UNITS[at] ?? ['µs', 1, 1000]
  const above = UNITS[at - 1]
  if (!above || micros / size < many) return `${micros / size} ${unit}`
  const rest = micros % above[1]
  return `${spanText(micros - rest)} ${rest / size} ${unit}`
}
