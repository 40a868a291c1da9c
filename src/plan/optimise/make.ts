import type { Expr } from '../expr.ts'
import { build, type Node, nodeChildren } from '../nodes.ts'
import type { Field, Schema } from '../types.ts'
import type { Sieve } from './rule.ts'

const sameField = (a: Field, b: Field): boolean =>
  a === b ||
  (a.name === b.name &&
    a.nullable === b.nullable &&
    a.unit === b.unit &&
    a.description === b.description &&
    (a.type === b.type || JSON.stringify(a.type) === JSON.stringify(b.type)) &&
    (a.tags === b.tags || JSON.stringify(a.tags) === JSON.stringify(b.tags)))

/** Whether two schemas are equal in names, types, nulls and notes. */
export const sameSchema = (a: Schema, b: Schema): boolean =>
  a === b || (a.length === b.length && a.every((f, i) => sameField(f, b[i] as Field)))

/** A filter or rejection like `like`, of another condition over another input. */
export const sieve = (like: Sieve, input: Node, predicate: Expr): Node =>
  Object.freeze({ ...like, input, predicate, schema: input.schema })

/**
 * The node over other children with the same columns, whose schema is then its own. What a node asks of its
 * children's kind holds on: `limit` stays over a sort, and only what was a rolling window is one for `asof`.
 */
export function over(n: Node, f: (child: Node) => Node): Node {
  if (n.op === 'scan') return n
  if ('left' in n) {
    const left = f(n.left)
    const given = f(n.right)
    const right = n.op === 'asof' && (n.right.op === 'rolling') !== (given.op === 'rolling') ? n.right : given
    return left === n.left && right === n.right ? n : Object.freeze({ ...n, left, right })
  }
  const input = f(n.input)
  if (input === n.input || (n.op === 'limit' && input.op !== 'sort')) return n
  return withInput(n, input)
}

/** The node with one input over another one with other columns; the schema is its own where that can't matter. */
export function withInput(n: Exclude<Node, { op: 'scan' } | { left: Node }>, input: Node): Node {
  return sameSchema(n.input.schema, input.schema)
    ? (Object.freeze({ ...n, input }) as Node)
    : build({ ...n, input } as Node)
}

/** Nodes that more than one node reads. */
export function sharedNodes(root: Node): Set<Node> {
  const seen = new Set<Node>()
  const shared = new Set<Node>()
  const visit = (n: Node): void => {
    if (seen.has(n)) {
      shared.add(n)
      return
    }
    seen.add(n)
    for (const child of nodeChildren(n)) visit(child)
  }
  visit(root)
  return shared
}

/** Every node once, inputs before what reads them. */
export function inOrder(root: Node): Node[] {
  const seen = new Set<Node>()
  const out: Node[] = []
  const visit = (n: Node): void => {
    if (seen.has(n)) return
    seen.add(n)
    for (const child of nodeChildren(n)) visit(child)
    out.push(n)
  }
  visit(root)
  return out
}
