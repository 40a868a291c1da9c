import type { Expr } from '../expr.ts'
import type { Node } from '../nodes.ts'

/** How many rows a node gives. `exact` when they were counted. */
export interface RowCount {
  readonly rows: number
  readonly exact: boolean
}

/** Shares of rows that common conditions keep, where nothing is known of the values. */
const EQUAL = 0.1
const RANGE = 1 / 3
const TEXT = 0.1
const NULL = 0.1
const OTHER = 0.5
/** A rejection sets bad rows aside, and these are few. */
const REJECTED = 0.01
const ITEMS = 3

/**
 * The rows of every node, from what is known of the scans: simple shares for conditions, a square root for groups by one
 * key. Undefined below what is not known.
 */
export function estimateRows(
  root: Node,
  known: (scan: Extract<Node, { op: 'scan' }>) => RowCount | undefined,
): ReadonlyMap<Node, RowCount | undefined> {
  const out = new Map<Node, RowCount | undefined>()
  const visit = (n: Node): RowCount | undefined => {
    if (!out.has(n)) out.set(n, n.op === 'scan' ? (ownRows(n) ?? known(n)) : compute(n))
    return out.get(n)
  }
  const about = (count: RowCount | undefined, f: (rows: number) => number): RowCount | undefined =>
    count && { rows: Math.max(0, Math.round(f(count.rows))), exact: false }
  const compute = (n: Exclude<Node, { op: 'scan' }>): RowCount | undefined => {
    switch (n.op) {
      case 'filter':
        return about(visit(n.input), (rows) => rows * selectivity(n.predicate))
      case 'reject':
        return about(visit(n.input), (rows) => rows * (1 - REJECTED))
      case 'aggregate': {
        const rows = visit(n.input)
        return n.by.length === 0 ? { rows: 1, exact: true } : about(rows, (r) => r ** (1 - 1 / (1 + n.by.length)))
      }
      case 'distinct':
        return about(visit(n.input), (rows) => rows)
      case 'limit': {
        const rows = visit(n.input)
        return rows && { rows: Math.min(rows.rows, n.count), exact: rows.exact }
      }
      case 'unnest':
        return about(visit(n.input), (rows) => rows * ITEMS)
      case 'join': {
        visit(n.right)
        if (n.how === 'left') return about(visit(n.left), (rows) => rows)
        return about(visit(n.left), (rows) => (n.how === 'inner' ? rows : rows * OTHER))
      }
      case 'asof':
        visit(n.right)
        return visit(n.left)
      case 'union': {
        const [left, right] = [visit(n.left), visit(n.right)]
        return left && right && { rows: left.rows + right.rows, exact: left.exact && right.exact }
      }
      case 'intersect':
      case 'except':
        visit(n.right)
        return about(visit(n.left), (rows) => rows * OTHER)
      default:
        return visit(n.input)
    }
  }
  visit(root)
  return out
}

const ownRows = (n: Extract<Node, { op: 'scan' }>): RowCount | undefined =>
  n.from.kind === 'rows'
    ? { rows: n.from.rows.length, exact: true }
    : n.from.kind === 'record'
      ? { rows: 1, exact: true }
      : undefined

/** The share of rows that a condition keeps. */
export function selectivity(e: Expr): number {
  if (e.op === 'lit') return e.value === true ? 1 : 0
  if (e.op !== 'call') return OTHER
  const [a, b] = e.args
  switch (e.fn) {
    case 'and':
      return a && b ? selectivity(a) * selectivity(b) : OTHER
    case 'or': {
      const [x, y] = [a ? selectivity(a) : OTHER, b ? selectivity(b) : OTHER]
      return x + y - x * y
    }
    case 'not':
      return a ? 1 - selectivity(a) : OTHER
    case 'eq':
      return EQUAL
    case 'ne':
      return 1 - EQUAL
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return RANGE
    case 'isIn':
      return Math.min(OTHER, EQUAL * (e.args.length - 1))
    case 'isNull':
    case 'fails':
      return NULL
    case 'contains':
    case 'startsWith':
    case 'endsWith':
    case 'matches':
      return TEXT
    default:
      return OTHER
  }
}

/** The side of an inner join that is the smaller one, which an engine keeps in memory. */
export function smallerSide(
  n: Extract<Node, { op: 'join' }>,
  rows: ReadonlyMap<Node, RowCount | undefined>,
): 'left' | 'right' | undefined {
  const [left, right] = [rows.get(n.left), rows.get(n.right)]
  if (n.how !== 'inner' || !left || !right) return undefined
  return left.rows < right.rows ? 'left' : 'right'
}
