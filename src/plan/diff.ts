import { hashJson } from '../base/hash.ts'
import { columnsOf, type Expr, mapExpr, windowExprs } from './expr.ts'
import { type Node, nodeChildren, type Plan } from './nodes.ts'
import { printAgg, printExpr, printNode, spanText } from './print.ts'
import { typeName } from './types.ts'
import { nodes } from './walk.ts'

/** What a column is made of: how, in words, and a hash that changes with anything below it. */
interface Definition {
  readonly text: string
  readonly hash: string
  /** Columns of the node's inputs that it reads. */
  readonly reads: readonly string[]
}

export interface ColumnChange {
  readonly column: string
  readonly before: string
  readonly after: string
  /** Columns further down whose own definitions changed; empty when this is where the change begins. */
  readonly because: readonly string[]
}

/** How two plans differ in what they mean, not in how they are written. */
export interface PlanDiff {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly ColumnChange[]
  /** What decides which rows there are: verbs that only one of the plans has. */
  readonly rows: { readonly added: readonly string[]; readonly removed: readonly string[] }
}

/** Compares two plans column by column and row by row. Plans that mean the same differ in nothing. */
export function diffPlans(before: Plan, after: Plan): PlanDiff {
  const [a, b] = [define(before.root), define(after.root)]
  const names = (n: Node) => n.schema.map((f) => f.name)
  const shared = names(after.root).filter((name) => a.of(before.root, name) !== undefined)
  const changed = shared.flatMap((column): ColumnChange[] => {
    const [x, y] = [a.of(before.root, column) as Definition, b.of(after.root, column) as Definition]
    if (x.hash === y.hash) return []
    const because = x.text === y.text ? origins(column, b.made, a.made) : []
    return [{ column, before: x.text, after: y.text, because }]
  })
  const [rowsA, rowsB] = [rowLines(before.root, a.of), rowLines(after.root, b.of)]
  const missing = (from: readonly Line[], among: readonly Line[]) => {
    const left = among.map((l) => l.hash)
    return from.flatMap((l) => {
      const i = left.indexOf(l.hash)
      if (i < 0) return [l.text]
      left.splice(i, 1)
      return []
    })
  }
  return {
    added: names(after.root).filter((name) => a.of(before.root, name) === undefined),
    removed: names(before.root).filter((name) => b.of(after.root, name) === undefined),
    changed,
    rows: { added: missing(rowsB, rowsA), removed: missing(rowsA, rowsB) },
  }
}

type Definer = (n: Node, column: string) => Definition | undefined

/** The definitions of every column of every node, and the ones that were made (not handed on) by name. */
function define(root: Node): { of: Definer; made: Map<string, Definition> } {
  const known = new Map<Node, Map<string, Definition>>()
  const made = new Map<string, Definition>()
  const of: Definer = (n, column) => known.get(n)?.get(column)
  for (const n of nodes(root)) {
    const own = new Map<string, Definition>()
    const inputs = nodeChildren(n)
    const handed = (name: string): Definition | undefined => inputs.map((i) => of(i, name)).find((d) => d !== undefined)
    const make = (name: string, text: string, meaning: unknown, reads: readonly string[]) => {
      const d = { text, hash: hashJson(meaning), reads }
      own.set(name, d)
      made.set(name, d)
    }
    const refs = (e: Expr): Expr =>
      e.op === 'col' ? { op: 'col', name: handed(e.name)?.hash ?? e.name } : mapExpr(e, refs)
    for (const f of n.schema) {
      const through = handed(f.name)
      if (through) own.set(f.name, through)
      else make(f.name, `${origin(n)}.${f.name}: ${typeName(f.type)}`, [origin(n), f.name, typeName(f.type)], [])
    }
    switch (n.op) {
      case 'select':
        own.clear()
        for (const [name, e] of n.columns) {
          const through = e.op === 'col' ? handed(e.name) : undefined
          if (through) own.set(name, through)
          else make(name, printExpr(e), refs(e), columnsOf(e))
        }
        break
      case 'derive':
        for (const [name, e] of n.columns) make(name, printExpr(e), refs(e), columnsOf(e))
        break
      case 'aggregate':
      case 'rolling': {
        const over = n.op === 'rolling' ? [n.over, handed(n.on)?.hash] : []
        const by = n.by.map((k) => handed(k)?.hash ?? k)
        for (const [name, agg] of n.aggs) {
          const meaning = [
            n.op,
            { ...agg, arg: agg.arg && refs(agg.arg), arg2: agg.arg2 ? refs(agg.arg2) : null },
            by,
            over,
          ]
          make(
            name,
            `${printAgg(agg)} by ${n.by.join(', ') || 'nothing'}${n.op === 'rolling' ? ` over ${spanText(n.over)}` : ''}`,
            meaning,
            columnsOf(agg.arg, agg.arg2),
          )
        }
        break
      }
      case 'window':
        for (const [name, c] of n.columns) {
          const order = n.order.map((k) => [refs(k.by), k.descending])
          make(
            name,
            printNode(n),
            [c, windowExprs(c).map(refs), n.by.map((k) => handed(k)?.hash), order],
            columnsOf(...windowExprs(c)),
          )
        }
        break
      case 'unnest':
        make(n.column, `items of ${n.column}`, ['unnest', handed(n.column)?.hash], [n.column])
        break
      case 'asof': {
        const there = new Set(n.left.schema.map((f) => f.name))
        const seen = [keysOf(n, of), of(n.left, n.at)?.hash, of(n.right, n.on)?.hash, n.within ?? null]
        for (const { name } of n.schema)
          if (!there.has(name)) {
            const d = of(n.right, name)
            // what a window says of a key is told by the window
            const text = n.right.op === 'rolling' && d ? `${d.text} before ${n.at}` : `${name} ${printNode(n)}`
            make(name, text, ['asof', d?.hash, seen], n.right.op === 'rolling' && d ? d.reads : [name])
          }
        break
      }
      case 'union':
        for (const { name } of n.schema) {
          const [x, y] = [of(n.left, name), of(n.right, name)]
          if (x && y && x.hash !== y.hash) make(name, x.text === y.text ? x.text : `${x.text}, or ${y.text}`, ['union', x.hash, y.hash], [...x.reads, ...y.reads]) // biome-ignore format: one line
        }
        break
    }
    known.set(n, own)
  }
  return { of, made }
}

/** What the keys of two sides are made of. */
const keysOf = (n: Extract<Node, { op: 'asof' | 'join' }>, of: Definer): unknown =>
  (n.op === 'asof' ? n.by : n.on).map(([l, r]) => [of(n.left, l)?.hash, of(n.right, r)?.hash])

/** Where rows come from, for a scan; the verb otherwise. */
const origin = (n: Node): string => (n.op !== 'scan' ? n.op : 'name' in n.from ? n.from.name : n.from.kind)

/** Columns below one whose definition reads the same where a change begins. */
function origins(
  column: string,
  after: ReadonlyMap<string, Definition>,
  before: ReadonlyMap<string, Definition>,
): string[] {
  const seen = new Set<string>()
  const found = new Set<string>()
  const todo = [...(after.get(column)?.reads ?? [])]
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    const [x, y] = [before.get(name), after.get(name)]
    if (!y || x?.hash === y.hash) continue
    if (x?.text !== y.text) found.add(name)
    else todo.push(...y.reads)
  }
  return [...found].sort()
}

interface Line {
  readonly text: string
  readonly hash: string
}

const ROWS: ReadonlySet<Node['op']> = new Set([
  'scan',
  'filter',
  'reject',
  'aggregate',
  'join',
  'distinct',
  'limit',
  'union',
  'intersect',
  'except',
  'unnest',
])

/** The verbs that decide which rows there are, one line each. */
function rowLines(root: Node, of: Definer): Line[] {
  return [...nodes(root)].flatMap((n): Line[] => {
    if (!ROWS.has(n.op)) return []
    const over = (input: Node | undefined, e: Expr): Expr =>
      e.op === 'col'
        ? { op: 'col', name: (input && of(input, e.name)?.hash) ?? e.name }
        : mapExpr(e, (child) => over(input, child))
    const line = (text: string, ...meaning: unknown[]): Line => ({ text, hash: hashJson([n.op, ...meaning]) })
    const all = (side: Node) => side.schema.map((f) => of(side, f.name)?.hash)
    switch (n.op) {
      case 'filter':
        // one condition after the other keeps what both together keep
        return terms(n.predicate).map((e) => line(`filter ${printExpr(e)}`, over(n.input, e)))
      case 'reject':
        return [line(printNode(n), over(n.input, n.predicate), n.reason, n.when)]
      case 'limit': {
        const sorted = orderOf(n.input)
        const keys = sorted?.keys.map((k) => [over(sorted.input, k.by), k.descending])
        return [line(sorted ? `${printNode(n)} of ${printNode(sorted)}` : printNode(n), n.count, keys ?? null)]
      }
      case 'join':
        return [line(printNode(n), n.how, keysOf(n, of))]
      case 'aggregate':
        return [line(printNode(n), n.by.map((k) => of(n.input, k)?.hash))] // biome-ignore format: one line
      case 'distinct':
        return [line(printNode(n), all(n.input))]
      case 'intersect':
      case 'except':
        return [line(printNode(n), all(n.left), all(n.right))]
      case 'scan':
        return [line(printNode(n), printNode(n), n.from.kind === 'rows' ? n.from.rows : [])]
      default:
        return [line(printNode(n), printNode(n))]
    }
  })
}

/** The conditions that `and` joins. */
const terms = (e: Expr): readonly Expr[] => (e.op === 'call' && e.fn === 'and' ? e.args.flatMap(terms) : [e])

/** The sort whose order a node's rows are in; undefined when nothing says. */
function orderOf(n: Node): Extract<Node, { op: 'sort' }> | undefined {
  let at = n
  while (KEEPS.has(at.op) && 'input' in at) at = at.input
  return at.op === 'sort' ? at : undefined
}
const KEEPS: ReadonlySet<Node['op']> = new Set(['filter', 'reject', 'select', 'derive', 'annotate', 'limit', 'unnest'])
