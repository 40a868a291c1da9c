import type { Expr, Literal } from '../expr.ts'
import type { Node } from '../nodes.ts'

/** What a rule may ask beside the node that it looks at. */
export interface RuleContext {
  /** Whether several nodes read this one; a rule that would change it for only one of them leaves it alone. */
  shared(n: Node): boolean
  /** The value of an expression without columns; undefined where it fails or has no literal. */
  readonly evaluate: Evaluate | undefined
}

export type Evaluate = (e: Expr) => Literal | undefined

/** One rewriting: the same rows and the same schema, and no failure that the plan did not have. */
export type Rule = {
  readonly name: string
  /** Why it helps, in one sentence. */
  readonly reason: string
} & (
  | {
      /** The nodes that it looks at. */
      readonly ops: readonly Node['op'][]
      /** The node that stands for `n`, or undefined when the rule has nothing to do. */
      apply(n: Node, ctx: RuleContext): Node | undefined
    }
  | {
      /** Looks at the whole plan at once. */
      readonly ops: 'plan'
      apply(root: Node, ctx: RuleContext): Node | undefined
    }
)

export type NodeOf<Op extends Node['op']> = Extract<Node, { op: Op }>
export type Sieve = NodeOf<'filter'> | NodeOf<'reject'>
