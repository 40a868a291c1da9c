import type { ProfileOptions } from '../../data/profile/profile.ts'
import type { Profile } from '../../data/profile/types.ts'
import type { Ledger } from '../../engines/ledger.ts'
import type { Schema } from '../../plan/types.ts'
import type { AnalyseSpec, DatasetSpec, Recipe, Step } from '../../runs/specs.ts'

/** What a step that writes a report asks of its dataset. */
export function asksOf(recipe: Recipe, step: Step<AnalyseSpec>, schema: Schema): ProfileOptions {
  const input = step.inputs[0] ?? ''
  const spec = recipe.steps.find((s): s is Step<DatasetSpec> => s.id === input && s.kind === 'dataset')?.spec
  const local = schema.find((f) => f.name === spec?.moment)?.type === 'local timestamp'
  return { target: step.spec.target, parts: spec?.split ?? null, calendar: local ? (spec?.moment ?? null) : null }
}

/** The step that learns from a dataset first: where that has its rows on a device, reports ask them there. */
export const learnerOf = (recipe: Recipe, dataset: string): string | undefined =>
  recipe.steps.find((s) => s.kind === 'train' && s.inputs[0] === dataset)?.id

/** A profile that was found while another step had the rows on a device, and what moved for it. */
export interface FoundThere {
  readonly profile: Profile
  readonly ledger: Ledger
  /** Where and how it was found. */
  readonly why: string
}
