import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import type { StepContext } from '../kind.ts'
import { computeRows } from './rows.ts'
import { keep, type TableOutput } from './table.ts'

/** Computes and keeps the table of a step whose rows something else than a plan has made: a program, or what was learnt. */
export async function keepMade<Spec>(ctx: StepContext<Spec>, made: Node, schema: Schema): Promise<TableOutput> {
  const { id } = ctx.step
  const of = { ...ctx, step: { ...ctx.step, spec: { plan: plan(made) } } }
  const kept = build({ op: 'scan', from: { kind: 'step', name: id }, schema })
  return keep(of, `_${id}`, await computeRows(of, made), kept)
}
