import type { Agg } from '../../plan/expr.ts'
import { col } from '../../plan/expr.ts'
import { deltaPlan } from '../../plan/incremental.ts'
import { build, type Node } from '../../plan/nodes.ts'

/** How two values of an aggregate, each of some of the rows, become that of all of them; absent: they don't. */
const TOGETHER: Readonly<Partial<Record<Agg['fn'], Agg['fn']>>> = { count: 'sum', sum: 'sum', min: 'min', max: 'max' }

export type Aggregate = Extract<Node, { op: 'aggregate' }>

/** An aggregate whose values of parts can be put together, over what a source brought; why not otherwise. */
export function mergeOf(root: Node, source: string): Aggregate | string {
  if (root.op !== 'aggregate') return 'groups of its rows change, and it goes on with them'
  const apart = root.aggs.find(([, agg]) => TOGETHER[agg.fn] === undefined)
  if (apart) return `'${apart[0]}' (${apart[1].fn}) of all is not had from those of parts`
  const input = deltaPlan(root.input, source)
  if (input.mode === 'recompute') return input.reason
  return input.mode === 'append' ? (build({ ...root, input: input.plan }) as Aggregate) : 'its rows change in place'
}

/** The groups of two parts, those that both have put together. Rows of `now` are had first. */
export function merged(now: Aggregate, before: Node): Node {
  const names = now.schema.map((f) => [f.name, col(f.name)] as const)
  const aligned = build({ op: 'select', input: before, columns: names })
  const aggs = now.aggs.map(([name, { fn }]) => [name, { fn: TOGETHER[fn] ?? fn, arg: col(name) }] as const)
  return build({ op: 'aggregate', input: build({ op: 'union', left: now, right: aligned }), by: now.by, aggs })
}

/** Whether the rows of a plan are in groups whose rows come again all together. */
export function isWindowed(n: Node): boolean {
  if (n.op === 'window') return true
  return n.op === 'filter' || n.op === 'select' || n.op === 'derive' || n.op === 'annotate'
    ? isWindowed(n.input)
    : false
}
