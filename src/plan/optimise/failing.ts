import { columnsOf, type Expr, exprChildren } from '../expr.ts'
import { fallible } from '../functions/fallible.ts'
import type { Node } from '../nodes.ts'
import type { Field, Schema, Type } from '../types.ts'

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
  if (e.op === 'lit') return false
  const columns = failing(n)
  if (columns.size > 0 && readsFailed(e, columns)) return true
  return e.op !== 'col' && mayFail(e, n.schema)
}

interface Judged {
  readonly types: readonly Type[]
  readonly fails: boolean
}

const judged = new WeakMap<Expr, Judged>()

/** `fallible`, which hangs on the types of the columns that are read: the last answer stands while these are the same. */
function mayFail(e: Expr, schema: Schema): boolean {
  if (e.op === 'call' && (e.fn === 'and' || e.fn === 'or' || e.fn === 'not'))
    return e.args.some((a) => a.op !== 'col' && a.op !== 'lit' && mayFail(a, schema))
  const fields = fieldsOf(schema)
  const names = readsOf(e)
  const before = judged.get(e)
  if (before?.types.every((type, i) => fields.get(names[i] as string)?.type === type)) return before.fails
  const types = names.map((name) => fields.get(name)?.type as Type)
  const fails = fallible(e, schema)
  judged.set(e, { types, fails })
  return fails
}

const indexed = new WeakMap<Schema, ReadonlyMap<string, Field>>()

function fieldsOf(schema: Schema): ReadonlyMap<string, Field> {
  let fields = indexed.get(schema)
  if (!fields) indexed.set(schema, (fields = new Map(schema.map((f) => [f.name, f]))))
  return fields
}

function readsFailed(e: Expr, columns: ReadonlySet<string>): boolean {
  if (!readsOf(e).some((name) => columns.has(name))) return false
  if (e.op === 'col') return true
  if (e.op === 'call' && (e.fn === 'fails' || e.fn === 'orNull')) return false
  return exprChildren(e).some((child) => readsFailed(child, columns))
}

const read = new WeakMap<Expr, readonly string[]>()

/** The columns that an expression reads. */
export function readsOf(e: Expr): readonly string[] {
  let names = read.get(e)
  if (!names) read.set(e, (names = columnsOf(e)))
  return names
}
