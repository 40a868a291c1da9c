import { GalleyError } from '../base/errors.ts'
import type { Agg, Expr, Literal } from './expr.ts'
import { infer, inferAgg } from './infer.ts'
import { type Field, fieldOf, isTemporal, type Schema, sameType, typeName, unknownColumn } from './types.ts'

/** Where a scan's rows come from. A plan fresh from a recipe names sources and steps; a runner binds them to files. */
export type From =
  | { readonly kind: 'source'; readonly name: string }
  | { readonly kind: 'step'; readonly name: string }
  | { readonly kind: 'parquet'; readonly files: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly Literal[])[] }
  /** The one record that an endpoint is asked about or fed with. */
  | { readonly kind: 'record' }

export interface SortKey {
  readonly by: Expr
  readonly descending: boolean
}

export type JoinHow = 'inner' | 'left' | 'semi' | 'anti'
/** `always`: an endpoint refuses such a record too; `training`: only history is held to it. */
export type RejectWhen = 'always' | 'training'

/** A relational node. `schema` is derived when the node is built and is part of it. */
export type Node =
  | { readonly op: 'scan'; readonly from: From; readonly schema: Schema }
  | { readonly op: 'filter'; readonly input: Node; readonly predicate: Expr; readonly schema: Schema }
  | { readonly op: 'reject'; readonly input: Node; readonly predicate: Expr; readonly reason: string; readonly when: RejectWhen; readonly schema: Schema }
  | { readonly op: 'select'; readonly input: Node; readonly columns: Named<Expr>; readonly schema: Schema }
  | { readonly op: 'derive'; readonly input: Node; readonly columns: Named<Expr>; readonly schema: Schema }
  | { readonly op: 'aggregate'; readonly input: Node; readonly by: readonly string[]; readonly aggs: Named<Agg>; readonly schema: Schema }
  | { readonly op: 'join'; readonly left: Node; readonly right: Node; readonly on: readonly (readonly [string, string])[]; readonly how: JoinHow; readonly schema: Schema }
  /**
   * Adds to each left row what `right` said at the moment `at`: the latest right row with `on < at`, or, when `right`
   * is a rolling window, its aggregates over `[at − over, at)`. Missing history gives null (count gives 0).
   */
  | { readonly op: 'asof'; readonly left: Node; readonly right: Node; readonly by: readonly (readonly [string, string])[]; readonly at: string; readonly on: string; readonly schema: Schema }
  /** Aggregates over `[t − over, t)` of each key's rows: a function of key and time, sampled at its own rows when read as a table. `over` in µs. */
  | { readonly op: 'rolling'; readonly input: Node; readonly by: readonly string[]; readonly on: string; readonly over: number; readonly aggs: Named<Agg>; readonly schema: Schema }
  | { readonly op: 'distinct'; readonly input: Node; readonly schema: Schema }
  | { readonly op: 'sort'; readonly input: Node; readonly keys: readonly SortKey[]; readonly schema: Schema }
  | { readonly op: 'limit'; readonly input: Node; readonly count: number; readonly schema: Schema }
  | { readonly op: 'union'; readonly left: Node; readonly right: Node; readonly schema: Schema }

export type NodeOp = Node['op']
export type Named<T> = readonly (readonly [name: string, value: T])[]

/** A whole plan: what is saved, hashed, sent to a worker and handed to an engine. */
export interface Plan {
  readonly format: 1
  readonly root: Node
}

export const plan = (root: Node): Plan => ({ format: 1, root })

/** The one table of child nodes. */
export function nodeChildren(n: Node): readonly Node[] {
  switch (n.op) {
    case 'scan':
      return []
    case 'join':
    case 'asof':
    case 'union':
      return [n.left, n.right]
    default:
      return [n.input]
  }
}

/** Rebuilds a node over mapped children; the schema is derived anew. The same object when nothing changed. */
export function mapNode(n: Node, f: (child: Node) => Node): Node {
  if (n.op === 'scan') return n
  if (n.op === 'join' || n.op === 'asof' || n.op === 'union') {
    const left = f(n.left)
    const right = f(n.right)
    return left === n.left && right === n.right ? n : build({ ...n, left, right })
  }
  const input = f(n.input)
  return input === n.input ? n : build({ ...n, input })
}

type WithoutSchema<N> = N extends Node ? Omit<N, 'schema'> & { schema?: Schema } : never

/** Builds a node: checks columns and types against its inputs and derives the schema. @throws PLAN_* */
export function build(n: WithoutSchema<Node>): Node {
  return Object.freeze({ ...n, schema: Object.freeze(deriveSchema(n)) }) as Node
}

function deriveSchema(n: WithoutSchema<Node>): Schema {
  switch (n.op) {
    case 'scan':
      return unique(n.schema ?? [], 'the source')
    case 'filter':
    case 'reject':
      expectBool(n.predicate, n.input.schema, n.op)
      return n.input.schema
    case 'select':
      return unique(typed(n.columns, n.input.schema, 'select'), 'select')
    case 'derive': {
      const added = typed(n.columns, n.input.schema, 'derive')
      const names = new Set(added.map((f) => f.name))
      unique(added, 'derive')
      return [...n.input.schema.filter((f) => !names.has(f.name)), ...added]
    }
    case 'aggregate':
      return unique(
        [...n.by.map((name) => fieldOf(n.input.schema, name, 'aggregate')), ...aggFields(n.aggs, n.input.schema, 'aggregate')],
        'aggregate',
      )
    case 'rolling':
      expectTemporal(n.input.schema, n.on, 'rolling')
      if (!(Number.isSafeInteger(n.over) && n.over > 0))
        throw new GalleyError('PLAN_INVALID', { what: 'a rolling window needs a span', why: `got ${n.over} µs`, fix: 'use for instance hours(3)' })
      return unique(
        [...n.by.map((name) => fieldOf(n.input.schema, name, 'rolling')), fieldOf(n.input.schema, n.on, 'rolling'), ...aggFields(n.aggs, n.input.schema, 'rolling')],
        'rolling',
      )
    case 'join': {
      checkKeys(n.on, n.left.schema, n.right.schema, 'join')
      if (n.how === 'semi' || n.how === 'anti') return n.left.schema
      const keys = new Set(n.on.map(([, r]) => r))
      const added = n.right.schema.filter((f) => !keys.has(f.name))
      return unique([...n.left.schema, ...(n.how === 'left' ? added.map(nullable) : added)], 'join')
    }
    case 'asof': {
      checkKeys(n.by, n.left.schema, n.right.schema, 'asOf')
      const at = expectTemporal(n.left.schema, n.at, 'asOf')
      const on = expectTemporal(n.right.schema, n.on, 'asOf')
      if (!sameType(at.type, on.type))
        throw new GalleyError('PLAN_TYPE_MISMATCH', { what: `asOf compares '${n.at}' (${typeName(at.type)}) with '${n.on}' (${typeName(on.type)})`, fix: 'bring both to one clock' })
      const skip = new Set([...n.by.map(([, r]) => r), n.on])
      const counts = n.right.op === 'rolling' ? new Set(n.right.aggs.filter(([, a]) => a.fn === 'count' || a.fn === 'countDistinct').map(([name]) => name)) : new Set<string>()
      const added = n.right.schema.filter((f) => !skip.has(f.name)).map((f) => (counts.has(f.name) ? f : nullable(f)))
      return unique([...n.left.schema, ...added], 'asOf')
    }
    case 'distinct':
      return n.input.schema
    case 'sort':
      for (const key of n.keys) infer(key.by, n.input.schema, 'sort')
      return n.input.schema
    case 'limit':
      if (n.input.op !== 'sort')
        throw new GalleyError('PLAN_NEEDS_ORDER', { what: 'limit needs an order', why: 'a relation has none unless it is sorted', fix: 'call sort() just before limit()' })
      return n.input.schema
    case 'union': {
      const right = n.right.schema
      n.left.schema.forEach((f, i) => {
        const other = right[i]
        if (!other || other.name !== f.name || !sameType(other.type, f.type))
          throw new GalleyError('PLAN_TYPE_MISMATCH', { what: 'union needs two tables of the same columns', why: `column ${i + 1} is '${f.name}' (${typeName(f.type)}) on one side and ${other ? `'${other.name}' (${typeName(other.type)})` : 'missing'} on the other` })
      })
      if (right.length !== n.left.schema.length) throw unknownColumn(right[n.left.schema.length]?.name ?? '?', n.left.schema.map((f) => f.name), 'union')
      return n.left.schema.map((f, i) => (right[i]?.nullable ? nullable(f) : f))
    }
  }
}

const nullable = (f: Field): Field => (f.nullable ? f : { ...f, nullable: true })

/** A bare column keeps what is known of it (unit, description, tags); anything computed starts fresh. */
function typed(columns: Named<Expr>, schema: Schema, where: string): Field[] {
  return columns.map(([name, e]) => {
    if (e.op === 'col') return { ...fieldOf(schema, e.name, where), name }
    const { type, nullable } = infer(e, schema, `${where} of '${name}'`)
    return { name, type, nullable }
  })
}

const aggFields = (aggs: Named<Agg>, schema: Schema, where: string): Field[] =>
  aggs.map(([name, agg]) => ({ name, ...inferAgg(agg, schema, `${where} of '${name}'`) }))

function unique(fields: Schema, where: string): Schema {
  const seen = new Set<string>()
  for (const f of fields) {
    if (seen.has(f.name))
      throw new GalleyError('PLAN_DUPLICATE_COLUMN', { what: `${where} gives two columns named '${f.name}'`, fix: 'rename or drop one of them first', details: { column: f.name } })
    seen.add(f.name)
  }
  return fields
}

function expectBool(e: Expr, schema: Schema, where: string): void {
  const { type } = infer(e, schema, where)
  if (type !== 'bool')
    throw new GalleyError('PLAN_TYPE_MISMATCH', { what: `${where} needs a condition`, why: `it got a ${typeName(type)}`, fix: 'compare it with something' })
}

function expectTemporal(schema: Schema, name: string, where: string): Field {
  const field = fieldOf(schema, name, where)
  if (!isTemporal(field.type) || field.type === 'date')
    throw new GalleyError('PLAN_TYPE_MISMATCH', { what: `${where} needs a timestamp`, why: `'${name}' is a ${typeName(field.type)}` })
  return field
}

function checkKeys(on: readonly (readonly [string, string])[], left: Schema, right: Schema, where: string): void {
  for (const [l, r] of on) {
    const a = fieldOf(left, l, where)
    const b = fieldOf(right, r, where)
    if (!sameType(a.type, b.type))
      throw new GalleyError('PLAN_TYPE_MISMATCH', { what: `${where} compares '${l}' (${typeName(a.type)}) with '${r}' (${typeName(b.type)})`, fix: 'cast one of them' })
  }
}
