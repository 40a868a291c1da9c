import { GalleyError } from '../../base/errors.ts'
import { type Expr, exprChildren, mapExpr } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import { type Node, nodeChildren } from '../../plan/nodes.ts'
import type { Schema, Type } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import type { Tuple } from '../closures.ts'
import { Known } from './known.ts'

/** Why a record gives no row: the recipe's reason. */
export interface Refusal {
  readonly reason: string
}
export const refused = <T>(row: readonly T[] | Refusal): row is Refusal => !Array.isArray(row)

/** What a node adds to a record from outside of it (a window's state, a loaded table): values of `args` in, columns out. */
export interface External {
  readonly args: readonly string[]
  call(values: Value[]): Tuple | Refusal
}

/** One value of a row-wise plan. Equal values are one object, whatever columns they were derived as. */
export interface Val {
  readonly id: number
  readonly op: 'input' | 'pick' | 'expr'
  readonly type: Type
  /** `input`: the column's place. `pick`: the place among what its call gives. */
  readonly index: number
  /** `pick`: which call. */
  readonly call: number
  /** `expr`: the expression whose children are `args`; their own text is not to be read. */
  readonly expr: Expr | null
  readonly args: readonly Val[]
  /** The one input column that it reads; −1 when none, −2 when several or a pick. */
  readonly only: number
  /** How many values, tests and outputs read it; 0 when nobody does. */
  uses: number
}

export type Step =
  | { readonly op: 'test'; readonly val: Val; readonly wanted: boolean; readonly refusal: Refusal }
  | { readonly op: 'call'; readonly call: number; readonly external: External; readonly args: readonly Val[] }

/** The row-wise part of a plan in order: what is asked of a row, then what it gives. */
export interface Program {
  readonly input: Schema
  readonly output: Schema
  readonly chain: readonly Node[]
  readonly vals: readonly Val[]
  readonly steps: readonly Step[]
  readonly outputs: readonly Val[]
}

export type Externals = (n: Node) => External | undefined

const ROW_WISE: ReadonlySet<Node['op']> = new Set(['filter', 'reject', 'select', 'derive', 'annotate'])
export const isRowWise = (n: Node): boolean => ROW_WISE.has(n.op)

/** The row-wise nodes from the first to `root`, and the node they begin at. `also` says which others count as row-wise. */
export function chainOf(root: Node, also: (n: Node) => boolean = () => false): { base: Node; chain: Node[] } {
  const chain: Node[] = []
  let base = root
  while (isRowWise(base) || also(base)) {
    chain.push(base)
    base = nodeChildren(base)[0] as Node
  }
  return { base, chain: chain.reverse() }
}

/** The reason that a filter gives for a row it drops. */
export const refusalOf = (n: Node): Refusal => ({
  reason: n.op === 'reject' ? n.reason : 'it is outside of what the recipe keeps',
})

/**
 * Lowers a chain of nodes over rows of `input` to values without duplicates. `externals` says what joins and windows add.
 * @throws PLAN_INVALID for a verb that has no meaning for one row
 */
export function lower(chain: readonly Node[], input: Schema, externals: Externals = () => undefined): Program {
  const vals: Val[] = []
  const known = new Known()
  const add = (op: Val['op'], type: Type, index: number, call: number, e: Expr | null, args: readonly Val[]): Val => {
    const only = op === 'expr' ? onlyOf(args) : op === 'input' ? index : -2
    const val: Val = { id: vals.length, op, type, index, call, expr: e, args, only, uses: 0 }
    vals.push(val)
    return val
  }
  const leaf = (op: 'input' | 'pick', index: number, call: number, type: Type): Val =>
    add(op, type, index, call, null, [])
  /** `schema` is that of the rows which `env` holds: what the expression was checked against. */
  const lowerExpr = (e: Expr, env: ReadonlyMap<string, Val>, schema: Schema, where: string): Val => {
    if (e.op === 'col') {
      const val = env.get(e.name)
      if (!val) throw new GalleyError('INTERNAL_BUG', { what: `there is no column '${e.name}'`, why: `in ${where}` })
      return val
    }
    const args = exprChildren(e).map((child) => lowerExpr(child, env, schema, where))
    const found = known.get(e, args)
    if (found) return found
    const val = add('expr', infer(e, schema, where).type, -1, -1, e, args)
    known.set(e, args, val)
    return val
  }

  let env = new Map(input.map((f, i) => [f.name, leaf('input', i, -1, f.type)]))
  let output = input
  const steps: Step[] = []
  for (const n of chain) {
    switch (n.op) {
      case 'filter':
      case 'reject':
        steps.push({
          op: 'test',
          val: lowerExpr(n.predicate, env, output, n.op),
          wanted: n.op === 'filter',
          refusal: refusalOf(n),
        })
        break
      case 'select':
      case 'derive': {
        const computed = n.columns.map(([name, e]) => [name, lowerExpr(e, env, output, n.op)] as const)
        if (n.op === 'select') env = new Map(computed)
        else for (const [name, val] of computed) env.set(name, val)
        break
      }
      case 'annotate':
        break
      default: {
        const external = externals(n)
        if (!external) throw new GalleyError('PLAN_INVALID', { what: `${n.op} has no meaning for one record` })
        const call = steps.length
        const args = external.args.map((name) => env.get(name) as Val)
        steps.push({ op: 'call', call, external, args })
        const added = n.schema.slice(output.length)
        for (const [i, f] of added.entries()) env.set(f.name, leaf('pick', i, call, f.type))
      }
    }
    output = n.schema
  }
  const outputs = output.map((f) => env.get(f.name) as Val)
  const program: Program = { input, output, chain, vals, steps, outputs }
  countUses(program)
  return program
}

/** The expression over columns named '0', '1' … in the place of its children, with their schema; literals stay. */
export function standIn(e: Expr, args: readonly Val[]): [Expr, Schema] {
  let i = 0
  const expr = mapExpr(e, (child) => {
    const name = String(i++)
    return child.op === 'lit' ? child : { op: 'col', name }
  })
  return [expr, args.map((a, j) => ({ name: String(j), type: a.type, nullable: true }))]
}

/** The one input column that all of them read; −1 when none, −2 when several or a pick. */
function onlyOf(args: readonly Val[]): number {
  let only = -1
  for (const a of args)
    if (a.only !== -1 && a.only !== only) {
      if (only !== -1) return -2
      only = a.only
    }
  return only
}

function countUses({ steps, outputs }: Program): void {
  const visit = (val: Val): void => {
    if (val.uses++ === 0) for (const arg of val.args) visit(arg)
  }
  for (const step of steps)
    if (step.op === 'test') visit(step.val)
    else for (const arg of step.args) visit(arg)
  for (const val of outputs) visit(val)
}
