import { hashJson } from '../base/hash.ts'
import { type From, mapNode, type Node, nodeChildren, type Plan } from './nodes.ts'

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

const hashes = new WeakMap<Node, string>()

/** The content hash of a plan: equal plans hash equally, whoever built them. Parts that are shared are hashed once. */
export function hashPlan({ root, ...more }: Plan): string {
  for (const n of nodes(root)) hashNode(n)
  return hashJson({ ...more, root: hashes.get(root) })
}

/** The hash of a node whose inputs have theirs. */
function hashNode(n: Node): string {
  const known = hashes.get(n)
  if (known !== undefined) return known
  const below = nodeChildren(n).map((child) => hashes.get(child))
  const hash = hashJson([{ ...n, left: undefined, right: undefined, input: undefined }, ...below])
  hashes.set(n, hash)
  return hash
}

/** The same plan with equal parts as one part, as they were before it was written out as a tree. */
export function sharedParts(root: Node): Node {
  const kept = new Map<string, Node>()
  return rewrite(root, (n) => {
    const hash = hashNode(n)
    const known = kept.get(hash) ?? n
    kept.set(hash, known)
    return known
  })
}
