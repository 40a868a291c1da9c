import { GalleyError } from '../../base/errors.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { mergedSchema } from '../../data/datasets/write/schema.ts'
import type { WriteSpec } from '../../data/datasets/write/write.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { bindScans, nodes } from '../../plan/walk.ts'
import { lineage, stepOf } from '../inline.ts'
import type { DatasetSpec, PlanSpec, Recipe, Step } from '../specs.ts'

/** Verbs that judge each row by itself, so that some of the rows alone come out as they would among the others. */
const ROWWISE: ReadonlySet<Node['op']> = new Set([
  'scan',
  'filter',
  'derive',
  'select',
  'reject',
  'sort',
  'union',
  'join',
])

/** Sources that a dataset's rows come from one by one. @throws RECIPE_INVALID where rows are put together */
export function requireRowwise(recipe: Recipe, dataset: string, source: string): void {
  for (const id of lineage(recipe, dataset)) {
    const root = (stepOf(recipe, id).spec as Partial<PlanSpec>).plan?.root
    if (!root || !reads(recipe, id, source)) continue
    for (const n of nodes(root)) {
      const partner = 'right' in n && n.op === 'join' && [...nodes(n.right)].some((s) => scans(recipe, s, source))
      if (ROWWISE.has(n.op) && !partner) continue
      throw new GalleyError('RECIPE_INVALID', {
        what: `rows of '${source}' can't be added to '${dataset}' by themselves`,
        why: partner
          ? `'${id}' joins others with them`
          : `'${id}' has a verb (${n.op}) that puts rows together: with some of them alone it gives something else`,
        fix: 'run the recipe: it computes the whole again',
      })
    }
  }
}

/**
 * The rows of a dataset's newest version stay as they are, so rows that are added have their columns: told before a run is begun.
 * @throws DATASET_SCHEMA naming the columns that are others by the recipe as it is now
 */
export function requireColumns({ id, spec }: Step<DatasetSpec>, before: Schema): void {
  const { mode = 'full', onSchemaChange = 'stop' } = spec.write ?? {}
  try {
    mergedSchema(id, before, spec.plan.root.schema, onSchemaChange)
  } catch (error) {
    if (mode !== 'full' || !(error instanceof GalleyError)) throw error
    throw new GalleyError('DATASET_SCHEMA', {
      what: error.what,
      why: 'rows that were set aside are added to those of the newest version, which are not computed again',
      fix: 'run the recipe: it computes the whole again, with the rows that it can read now',
      details: error.details,
    })
  }
}

const reads = (recipe: Recipe, id: string, source: string): boolean => lineage(recipe, id).includes(source)

const scans = (recipe: Recipe, n: Node, source: string): boolean =>
  n.op === 'scan' && 'name' in n.from && (n.from.name === source || reads(recipe, n.from.name, source))

/** The recipe of a dataset alone, with a source in the place of another: its rows are added to the newest version, or merged by their key. */
export function recipeOf(recipe: Recipe, dataset: string, source: string, again: Step<SourceSpec>): Recipe {
  // steps on the way have names of their own: what they leave is not what the recipe's own steps leave
  const name = (id: string) =>
    id === source ? again.id : id !== dataset && reads(recipe, id, source) ? `${id}-${again.id}` : id
  const renamed = (root: Node): Node =>
    bindScans(root, (from, scan) =>
      (from.kind === 'source' || from.kind === 'step') && name(from.name) !== from.name
        ? build({ op: 'scan', from: { ...from, name: name(from.name) }, schema: scan.schema })
        : undefined,
    )
  const steps = lineage(recipe, dataset).map((id): Step => {
    const step = stepOf(recipe, id)
    if (id === source) return again
    const spec = step.spec as Partial<DatasetSpec>
    if (!spec.plan) return step
    const own = { ...spec, plan: plan(renamed(spec.plan.root)) }
    return {
      ...step,
      id: name(id),
      inputs: step.inputs.map(name),
      spec: id === dataset ? added(own as DatasetSpec) : own,
    }
  })
  return { format: 1, name: recipe.name, steps }
}

function added(spec: DatasetSpec): DatasetSpec {
  // rows that are added take no place of others
  const { mode: _, replaces: __, ...write }: WriteSpec = spec.write ?? { mode: 'full', partitionBy: [], key: [] }
  return { ...spec, write: { ...write, mode: write.key.length > 0 ? 'upsert' : 'append' } }
}
