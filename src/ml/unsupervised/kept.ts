import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { hashPlan } from '../../plan/walk.ts'
import { publishedPlan } from '../../runs/inline.ts'
import type { StepContext, StepKind } from '../../runs/kind.ts'
import type { DatasetSpec, PlanSpec, Recipe } from '../../runs/specs.ts'
import { computeRows } from '../../runs/steps/rows.ts'
import { keep, type TableOutput, whole } from '../../runs/steps/table.ts'

/** A table that a model gives beside itself, and the model's version. */
export interface ModelTable extends TableOutput {
  readonly model: string
  readonly version: number
  readonly blob: string
  readonly figures: Readonly<Record<string, number>>
}

/** Computes and keeps the table that a step which learns gives. */
export async function keepMade(ctx: StepContext<{ readonly schema: Schema }>, made: Node): Promise<TableOutput> {
  const { id, spec } = ctx.step
  const of = { ...ctx, step: { ...ctx.step, spec: { plan: plan(made) } } } as unknown as StepContext<PlanSpec>
  const kept = build({ op: 'scan', from: { kind: 'step', name: id }, schema: spec.schema })
  return keep(of, `_${id}`, await computeRows(of, made), kept)
}

/** Whether the table and the model are still there. */
export const isMadeKept: NonNullable<StepKind<unknown, ModelTable>['present']> = async (o, { scope, store }) =>
  (await store.blobs.find(scope, o.blob)) !== undefined && (await whole(o))

/** The hash of what a dataset is computed by; null of one that is no dataset of the recipe. */
export function datasetPlanHash(recipe: Recipe, dataset: string): string | null {
  const of = recipe.steps.find((s) => s.id === dataset)?.spec as Partial<DatasetSpec> | undefined
  return of?.plan ? hashPlan(plan(publishedPlan(recipe, dataset))) : null
}
