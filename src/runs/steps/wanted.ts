import { hashJson } from '../../base/hash.ts'
import type { SourceSpec, Wanted } from '../../data/connectors/connector.ts'
import { scanNeeds } from '../../plan/conditions.ts'
import type { Node } from '../../plan/nodes.ts'
import type { DatasetSpec, PlanSpec, Recipe, ServeSpec } from '../specs.ts'

/**
 * What all steps that read a source need of it: every column that one of them reads, and the conditions that all of them
 * put on its rows. Undefined where a reader is no plan, or an endpoint takes its records: then it is read whole.
 */
export function wantedOf(recipe: Recipe, source: string, spec: SourceSpec): Wanted | undefined {
  const readers = recipe.steps.filter((s) => s.inputs.includes(source))
  if (readers.length === 0 || readers.some((s) => s.kind !== 'table' && s.kind !== 'dataset')) return undefined
  if (recipe.steps.some((s) => s.kind === 'serve' && (s.spec as ServeSpec).entry === source)) return undefined
  const needs = readers.map((s) => rootsOf(s.spec as DatasetSpec).flatMap((root) => scanNeeds(root, source)))
  // a step reads it in a way that no plan tells
  if (needs.some((n) => n.length === 0)) return undefined
  const scans = needs.flat()
  const read = new Set(scans.flatMap((s) => [...s.columns, ...s.where.map((c) => c.column)]))
  const shared = (scans[0]?.where ?? []).filter((c) => {
    const id = hashJson(c)
    return scans.every((s) => s.where.some((other) => hashJson(other) === id))
  })
  return { columns: Object.keys(spec.columns).filter((name) => read.has(name)), where: shared }
}

/** The plans that a step reads by: its own, and the tables that its expectations refer to. */
const rootsOf = ({ plan, expect = [] }: PlanSpec & Partial<DatasetSpec>): Node[] => [
  plan.root,
  ...expect.flatMap((x) => (x.kind === 'references' ? [x.table.root] : [])),
]

/** What of it a connector can be handed. */
export const handed = (
  wanted: Wanted | undefined,
  pushes: readonly ('columns' | 'filters')[] = [],
  spec: SourceSpec,
): Wanted | undefined =>
  wanted && pushes.length > 0
    ? {
        columns: pushes.includes('columns') ? wanted.columns : Object.keys(spec.columns),
        where: pushes.includes('filters') ? wanted.where : [],
      }
    : undefined
