import { GalleyError } from '../base/errors.ts'
import { isRowwise } from '../data/quality/expectation.ts'
import { withQuarantine } from '../data/quality/quarantine.ts'
import { type SavedPlan, savePlan } from '../plan/json/index.ts'
import { build, type From, type Node, plan } from '../plan/nodes.ts'
import { parseType, type Schema } from '../plan/types.ts'
import { bindScans, hashPlan, nodes } from '../plan/walk.ts'
import type { DatasetSpec, EitherSpec, ForecastSpec, LearnSpec, ProcessSpec, Recipe, Step } from './specs.ts'

/** The step of that id. @throws RECIPE_INVALID */
export function stepOf(recipe: Recipe, id: string): Step {
  const step = recipe.steps.find((s) => s.id === id)
  if (!step)
    throw new GalleyError('RECIPE_INVALID', {
      what: `the recipe '${recipe.name}' has no step '${id}'`,
      fix: `it has ${recipe.steps.map((s) => s.id).join(', ')}`,
    })
  return step
}

/**
 * A step's whole plan, from the sources on: the steps it reads are replaced by their own plans, but for those of
 * which no plan tells. Rows that a dataset's expectations set aside one by one are rejected in it, of history alone.
 */
export function wholePlan(recipe: Recipe, id: string): Node {
  const spec = stepOf(recipe, id).spec as Partial<DatasetSpec>
  if (!spec.plan) throw new GalleyError('RECIPE_INVALID', { what: `step '${id}' has no plan` })
  return withQuarantine(inlined(recipe, spec.plan.root), (spec.expect ?? []).filter(isRowwise))
}

const inlined = (recipe: Recipe, root: Node): Node =>
  bindScans(root, (from) =>
    from.kind === 'step' && !isOpaque(stepOf(recipe, from.name)) ? wholePlan(recipe, from.name) : undefined,
  )

/** Whether a step gives rows of which no plan tells: those of either of two branches, of a program, of what was learnt, or forecasts. */
export const isOpaque = ({ kind }: Step): boolean => OPAQUE.has(kind)
const OPAQUE: ReadonlySet<string> = new Set(['either', 'process', 'learn', 'forecast'])

/** The columns of such a step. */
export function opaqueSchema({ kind, spec }: Pick<Step, 'kind' | 'spec'>): Schema {
  if (kind !== 'process') return (spec as EitherSpec | LearnSpec | ForecastSpec).schema
  const { gives } = spec as ProcessSpec
  return Object.entries(gives ?? {}).map(([name, type]) => ({ name, type: parseType(type), nullable: true }))
}

/** The first step of that sort that a step is made of, however far back. */
export const opaqueOf = (recipe: Recipe, id: string): Step | undefined =>
  lineage(recipe, id)
    .flatMap((s) => stepOf(recipe, s))
    .find(isOpaque)

/** The whole plan of a dataset as it is published: without rows of a key that stands twice, or that refer to nothing, too. */
export function publishedPlan(recipe: Recipe, id: string): Node {
  const { expect } = stepOf(recipe, id).spec as DatasetSpec
  const others = expect.filter((x) => !isRowwise(x))
  const bound = others.map((x) => (x.kind === 'references' ? { ...x, table: plan(inlined(recipe, x.table.root)) } : x))
  return withQuarantine(wholePlan(recipe, id), bound)
}

/** Files of an earlier step's output, as a scan has them. */
export interface Rows {
  readonly files: readonly string[]
  /** What a scan has instead, where the files are not Parquet. */
  readonly from?: From
}

/** A step's plan over the files that its inputs left. */
export function boundPlan(root: Node, input: (id: string) => Rows): Node {
  return bindScans(root, (from, scan) => {
    if (from.kind !== 'step' && from.kind !== 'source') return undefined
    const { files, from: own } = input(from.name)
    return build({ op: 'scan', from: own ?? { kind: 'parquet', files }, schema: scan.schema })
  })
}

/** The steps that a step's output is made of, itself included, in the recipe's order. */
export function lineage(recipe: Recipe, id: string): string[] {
  const read = new Set([id])
  for (const step of recipe.steps.toReversed()) if (read.has(step.id)) for (const input of step.inputs) read.add(input)
  return recipe.steps.map((s) => s.id).filter((s) => read.has(s))
}

/** Characters of a plan that is kept beside what it made. */
const LONGEST_PLAN = 65_536

/** What a manifest says of the plan that made it; its hash alone where it is long, or holds rows, which forgetting would not reach. */
export function planKept(root: Node): { readonly planHash: string; readonly plan?: SavedPlan } {
  const whole = plan(root)
  const planHash = hashPlan(whole)
  for (const n of nodes(root)) if (n.op === 'scan' && n.from.kind === 'rows') return { planHash }
  const saved = savePlan(whole)
  return JSON.stringify(saved).length <= LONGEST_PLAN ? { planHash, plan: saved } : { planHash }
}
