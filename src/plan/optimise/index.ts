import type { Node } from '../nodes.ts'
import { dropDistinct } from './drop-distinct.ts'
import { dropNoOps } from './drop-no-ops.ts'
import { dropOrder } from './drop-order.ts'
import { filterBelowColumns } from './filter-below-columns.ts'
import { filterBelowGroups } from './filter-below-groups.ts'
import { filterBelowJoins } from './filter-below-joins.ts'
import { filterBelowOrder } from './filter-below-order.ts'
import { filterBelowSets } from './filter-below-sets.ts'
import { foldConstants } from './fold-constants.ts'
import { inOrder, over, sameSchema, sharedNodes } from './make.ts'
import { mergeFilters } from './merge-filters.ts'
import { mergeRolling } from './merge-rolling.ts'
import { mergeWindows } from './merge-windows.ts'
import { orderConditions } from './order-conditions.ts'
import { readLess } from './read-less.ts'
import type { Evaluate, Rule, RuleContext } from './rule.ts'
import { shareExpressions } from './share-expressions.ts'
import { simplify } from './simplify.ts'

export type { Evaluate, Rule } from './rule.ts'

/** In the order in which they are tried at a node. */
export const RULES: readonly Rule[] = [
  foldConstants,
  simplify,
  dropNoOps,
  mergeFilters,
  filterBelowColumns,
  filterBelowOrder,
  filterBelowSets,
  filterBelowJoins,
  filterBelowGroups,
  orderConditions,
  dropOrder,
  dropDistinct,
  mergeWindows,
  mergeRolling,
  shareExpressions,
  readLess,
]

export interface OptimiseOptions {
  /** All of them unless given. */
  readonly rules?: readonly Rule[]
  /** Gives the value of an expression without columns; without it, constants are not folded. */
  readonly evaluate?: Evaluate
  /** Told of each rewriting. */
  readonly fired?: (rule: Rule, before: Node) => void
}

const PASSES = 4
/** Rewritings of a plan at most, for each of its nodes: a bound that no plan should meet. */
const REWRITES = 30

/**
 * A plan that gives the same rows and the same schema with less work. It fails only where the plan itself would; what
 * the result does not hang on may go, and then nobody sees that it fails.
 */
export function optimise(root: Node, options: OptimiseOptions = {}): Node {
  const rules = options.rules ?? RULES
  const byOp = tableOf(rules)
  const whole = rules.filter((r) => r.ops === 'plan')
  let budget = REWRITES
  const normal = new Set<Node>()
  let current = root
  for (let pass = 0; pass < PASSES; pass++) {
    const before = current
    const shared = sharedNodes(current)
    if (pass === 0) budget *= 10 + inOrder(current).length
    const ctx: RuleContext = { shared: (n) => shared.has(n), evaluate: options.evaluate }
    const done = new Map<Node, Node>()

    const rewriteOnce = (n: Node): Node | undefined => {
      for (const rule of byOp.get(n.op) ?? NO_RULES) {
        const next = rule.apply(n, ctx)
        if (!next || !sameSchema(n.schema, next.schema)) continue
        options.fired?.(rule, n)
        budget--
        return next
      }
      return undefined
    }
    const visit = (n: Node): Node => {
      if (normal.has(n)) return n
      const known = done.get(n)
      if (known) return known
      // from the top down first, so that filters gather on their way; then what the inputs' new shape allows
      let out = n
      for (;;) {
        for (let next = rewriteOnce(out); next && budget > 0; next = rewriteOnce(out)) out = next
        const inner = over(out, visit)
        if (inner === out) break
        out = inner
      }
      normal.add(out)
      done.set(n, out)
      if (shared.has(n)) shared.add(out)
      return out
    }
    current = visit(current)
    for (const rule of whole) {
      const next = rule.ops === 'plan' ? rule.apply(current, ctx) : undefined
      if (!next || !sameSchema(current.schema, next.schema)) continue
      options.fired?.(rule, current)
      current = next
    }
    if (current === before || budget <= 0) break
  }
  return current
}

const NO_RULES: readonly NodeRule[] = []
type NodeRule = Extract<Rule, { ops: readonly Node['op'][] }>

const tables = new WeakMap<readonly Rule[], Map<Node['op'], readonly NodeRule[]>>()

/** The rules that look at each kind of node. */
function tableOf(rules: readonly Rule[]): Map<Node['op'], readonly NodeRule[]> {
  let table = tables.get(rules)
  if (!table) {
    table = new Map()
    for (const rule of rules)
      if (rule.ops !== 'plan') for (const op of rule.ops) table.set(op, [...(table.get(op) ?? []), rule])
    tables.set(rules, table)
  }
  return table
}
