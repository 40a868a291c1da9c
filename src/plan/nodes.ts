import { GalleyError } from '../base/errors.ts'
import { deriveSchema, type WithoutSchema } from './derive.ts'
import type { Agg, Expr, Literal, WindowCall } from './expr.ts'
import type { Note, Schema } from './types.ts'

/** Where a scan's rows come from. A plan fresh from a recipe names sources and steps; a runner binds them to files. */
export type From =
  | { readonly kind: 'source'; readonly name: string }
  | { readonly kind: 'step'; readonly name: string }
  /** The part of a source that came since a plan last ran, and what was there before. */
  | { readonly kind: 'new' | 'old'; readonly name: string }
  | { readonly kind: 'parquet'; readonly files: readonly string[] }
  /**
   * A CSV whose every record is sound and whose every value is written the plain way of its type, read where it lies. A
   * column stands in the place that is named with it; a record has `cells` of them.
   */
  | {
      readonly kind: 'csv'
      readonly file: string
      readonly delimiter: string
      /** Blank lines before the header. */
      readonly blank: number
      readonly cells: number
      readonly lineEnd: '\n' | '\r\n'
      /** Whether no line ends within a quoted cell. */
      readonly parallel: boolean
      readonly places: Named<number>
    }
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
  | {
      readonly op: 'reject'
      readonly input: Node
      readonly predicate: Expr
      readonly reason: string
      readonly when: RejectWhen
      readonly schema: Schema
    }
  | { readonly op: 'select'; readonly input: Node; readonly columns: Named<Expr>; readonly schema: Schema }
  | { readonly op: 'derive'; readonly input: Node; readonly columns: Named<Expr>; readonly schema: Schema }
  | {
      readonly op: 'aggregate'
      readonly input: Node
      readonly by: readonly string[]
      readonly aggs: Named<Agg>
      readonly schema: Schema
    }
  | {
      readonly op: 'join'
      readonly left: Node
      readonly right: Node
      readonly on: readonly (readonly [string, string])[]
      readonly how: JoinHow
      readonly schema: Schema
    }
  /**
   * Adds to each left row what `right` said at the moment `at`: the latest right row with `on < at`, or, when `right`
   * is a rolling window, its aggregates over `[at − over, at)`. Missing history gives null (count gives 0).
   */
  | {
      readonly op: 'asof'
      readonly left: Node
      readonly right: Node
      readonly by: readonly (readonly [string, string])[]
      readonly at: string
      readonly on: string
      /** How old (µs) what the right side says may be; without it, any age. */
      readonly within?: number
      readonly schema: Schema
    }
  /** Aggregates over `[t − over, t)` of each key's rows: a function of key and time, sampled at its own rows when read as a table. `over` in µs. */
  | {
      readonly op: 'rolling'
      readonly input: Node
      readonly by: readonly string[]
      readonly on: string
      readonly over: number
      readonly aggs: Named<Agg>
      readonly schema: Schema
    }
  | { readonly op: 'distinct'; readonly input: Node; readonly schema: Schema }
  | { readonly op: 'sort'; readonly input: Node; readonly keys: readonly SortKey[]; readonly schema: Schema }
  | { readonly op: 'limit'; readonly input: Node; readonly count: number; readonly schema: Schema }
  /** All rows of both; `intersect` and `except` compare whole rows (null equals null) and give each row once. */
  | {
      readonly op: 'union' | 'intersect' | 'except'
      readonly left: Node
      readonly right: Node
      readonly schema: Schema
    }
  /**
   * Adds columns computed over each key's rows in an order. Ties are broken by the remaining columns, so that the
   * result is the same on every engine.
   */
  | {
      readonly op: 'window'
      readonly input: Node
      readonly by: readonly string[]
      readonly order: readonly SortKey[]
      readonly columns: Named<WindowCall>
      readonly schema: Schema
    }
  /** One row for each item of a list column, which becomes the item; a row without items is dropped unless `keepEmpty`. */
  | {
      readonly op: 'unnest'
      readonly input: Node
      readonly column: string
      readonly keepEmpty: boolean
      /** A column for the item's place, from 0. */
      readonly position?: string
      readonly schema: Schema
    }
  /** Says something of columns; the rows are the same. */
  | { readonly op: 'annotate'; readonly input: Node; readonly notes: Named<Note>; readonly schema: Schema }

export type Named<T> = readonly (readonly [name: string, value: T])[]

/** The newest format of plans: 1 had neither windows, set operations, unnest nor notes. */
export const PLAN_FORMAT = 2

/** A whole plan: what is saved, hashed, sent to a worker and handed to an engine. */
export interface Plan {
  readonly format: typeof PLAN_FORMAT
  readonly root: Node
}

export const plan = (root: Node): Plan => ({ format: PLAN_FORMAT, root })

/** The one table of child nodes. */
export function nodeChildren(n: Node): readonly Node[] {
  switch (n.op) {
    case 'scan':
      return []
    case 'join':
    case 'asof':
    case 'union':
    case 'intersect':
    case 'except':
      return [n.left, n.right]
    default:
      return [n.input]
  }
}

/** Rebuilds a node over mapped children; the schema is derived anew. The same object when nothing changed. */
export function mapNode(n: Node, f: (child: Node) => Node): Node {
  if (n.op === 'scan') return n
  if ('left' in n) {
    const left = f(n.left)
    const right = f(n.right)
    return left === n.left && right === n.right ? n : build({ ...n, left, right })
  }
  const input = f(n.input)
  return input === n.input ? n : build({ ...n, input })
}

const MAX_DEPTH = 1000
/** Steps down to a node whose depth is remembered, at most: remembering takes as long as several of them. */
const STRIDE = 16
const depths = new WeakMap<Node, number>()

/** Verbs on top of each other, up to this one. */
function depthOf(n: Node): number {
  let below = n
  for (let steps = 0; ; steps++) {
    const known = depths.get(below)
    if (known !== undefined) return steps + known
    const children = nodeChildren(below)
    if (children.length === 1 && steps < STRIDE) {
      below = children[0] as Node
      continue
    }
    let depth = 1
    for (const child of children) depth = Math.max(depth, 1 + depthOf(child))
    depths.set(below, depth)
    return steps + depth
  }
}

const MAX_NODES = 50_000
const sizes = new WeakMap<Node, number>()

/** Verbs of a plan, those that two others share counted for each: so many there are in its JSON. */
function sizeOf(n: Node): number {
  let below = n
  for (let steps = 1; ; steps++) {
    const children = nodeChildren(below)
    if (children.length === 1) {
      below = children[0] as Node
      continue
    }
    const known = sizes.get(below)
    if (known !== undefined) return steps - 1 + known
    const size = children.reduce((sum, child) => sum + sizeOf(child), 1)
    if (children.length > 1) sizes.set(below, size)
    return steps - 1 + size
  }
}

/** Builds a node: checks columns and types against its inputs and derives the schema. @throws PLAN_* */
export function build(n: WithoutSchema<Node>): Node {
  if (depthOf(n as Node) > MAX_DEPTH)
    throw new GalleyError('PLAN_INVALID', {
      what: `a plan has at most ${MAX_DEPTH} verbs on top of each other`,
      why: 'engines walk it from the top',
      fix: 'store what it gives as a step, and go on from there',
    })
  if ('left' in n && sizeOf(n as Node) > MAX_NODES)
    throw new GalleyError('PLAN_INVALID', {
      what: `a plan has at most ${MAX_NODES.toLocaleString('en-US')} verbs, what is used twice counted twice`,
      why: 'so many there are when it is saved, hashed or explained',
      fix: 'store what is used again as a step, and go on from there',
    })
  return Object.freeze({ ...n, schema: Object.freeze(deriveSchema(n)) }) as Node
}
