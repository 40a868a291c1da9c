import { type Expr, exprChildren } from '../expr.ts'
import { fallible } from '../functions/fallible.ts'
import type { Node } from '../nodes.ts'

const NONE: ReadonlySet<string> = new Set()
const known = new WeakMap<Node, ReadonlySet<string>>()

/** The columns of a node that may hold a value that failed and that nobody has used yet. */
export function failing(n: Node): ReadonlySet<string> {
  let found = known.get(n)
  if (!found) known.set(n, (found = compute(n)))
  return found
}

function compute(n: Node): ReadonlySet<string> {
  switch (n.op) {
    case 'scan':
    case 'aggregate':
    case 'rolling':
    case 'distinct':
    case 'intersect':
    case 'except':
      return NONE
    case 'select':
      return set(n.columns.filter(([, e]) => mayRaise(e, n.input)).map(([name]) => name))
    case 'derive': {
      const made = new Set(n.columns.map(([name]) => name))
      const own = n.columns.filter(([, e]) => mayRaise(e, n.input)).map(([name]) => name)
      return set([...[...failing(n.input)].filter((name) => !made.has(name)), ...own])
    }
    case 'window': {
      const made = new Set(n.columns.map(([name]) => name))
      return set([...failing(n.input)].filter((name) => !made.has(name)))
    }
    case 'join':
    case 'asof':
    case 'union':
      return set([...failing(n.left), ...failing(n.right)].filter((name) => n.schema.some((f) => f.name === name)))
    default:
      return failing(n.input)
  }
}

const set = (names: readonly string[]): ReadonlySet<string> => (names.length === 0 ? NONE : new Set(names))

/** Whether using the expression's value over rows of `n` can raise: it fails itself, or reads what failed before. */
export function mayRaise(e: Expr, n: Node): boolean {
  const columns = failing(n)
  return (columns.size > 0 && readsFailed(e, columns)) || fallible(e, n.schema)
}

function readsFailed(e: Expr, columns: ReadonlySet<string>): boolean {
  if (e.op === 'col') return columns.has(e.name)
  if (e.op === 'call' && (e.fn === 'fails' || e.fn === 'orNull')) return false
  return exprChildren(e).some((child) => readsFailed(child, columns))
}
