import { plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { publishedPlan } from '../../runs/inline.ts'
import type { StepKind } from '../../runs/kind.ts'
import type { DatasetSpec, Recipe } from '../../runs/specs.ts'
import { type TableOutput, whole } from '../../runs/steps/table.ts'

/** A table that a model gives beside itself, and the model's version. */
export interface ModelTable extends TableOutput {
  readonly model: string
  readonly version: number
  readonly blob: string
  readonly figures: Readonly<Record<string, number>>
}

/** Whether the table and the model are still there. */
export const isMadeKept: NonNullable<StepKind<unknown, ModelTable>['present']> = async (o, { scope, store }) =>
  (await store.blobs.find(scope, o.blob)) !== undefined && (await whole(o))

/** The hash of what a dataset is computed by; null of one that is no dataset of the recipe. */
export function datasetPlanHash(recipe: Recipe, dataset: string): string | null {
  const of = recipe.steps.find((s) => s.id === dataset)?.spec as Partial<DatasetSpec> | undefined
  return of?.plan ? hashPlan(plan(publishedPlan(recipe, dataset))) : null
}
