import type { Expr } from '../expr.ts'
import type { Node } from '../nodes.ts'
import { partsOf } from '../optimise/conditions.ts'
import { printExpr } from '../print.ts'
import { nodes } from '../walk.ts'

type Reject = Extract<Node, { op: 'reject' }>

/** A reason, and the conditions of which one is enough. */
export interface Told {
  readonly reason: string
  readonly where: readonly Expr[]
}
/** The reasons of a rejection, each with its own conditions. */
export type Reasons = (n: Reject) => readonly Told[]

/**
 * What each condition of a plan's rejections is a reason for. Rules merge rejections and move parts of them; the plan as it was
 * written says which condition had which reason. A condition that a rule wrote otherwise has those that no other one has.
 */
export function reasonsOf(root: Node, written: Node): Reasons {
  const said = new Map<string, string>()
  for (const n of rejects(written)) for (const part of partsOf(n.predicate, 'or')) said.set(printExpr(part), n.reason)
  const found = new Set<string>()
  for (const n of rejects(root))
    for (const part of partsOf(n.predicate, 'or')) {
      const reason = said.get(printExpr(part))
      if (reason !== undefined) found.add(reason)
    }
  return (n) => {
    const merged = n.reason.split(' · ')
    const left = merged.filter((reason) => !found.has(reason))
    const other = (left.length > 0 ? left : merged).join(' · ')
    const by = Map.groupBy(partsOf(n.predicate, 'or'), (part) => said.get(printExpr(part)) ?? other)
    return [...by].map(([reason, where]) => ({ reason, where }))
  }
}

function* rejects(root: Node): Iterable<Reject> {
  for (const n of nodes(root)) if (n.op === 'reject') yield n
}
