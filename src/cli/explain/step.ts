import type { SourceSpec } from '../../data/connectors/connector.ts'
import { connector, pathOf } from '../../data/connectors/index.ts'
import { choose, type Offer, offers } from '../../engines/choose.ts'
import { evaluateConstant } from '../../engines/constants.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import type { Engine, RunContext } from '../../engines/engine.ts'
import { estimateRows, type RowCount } from '../../plan/explain/estimate.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { optimise } from '../../plan/optimise/index.ts'
import { bindScans, nodes } from '../../plan/walk.ts'
import { wholePlan } from '../../runs/inline.ts'
import type { DatasetSpec, PlanSpec, Recipe, Step } from '../../runs/specs.ts'
import { type Kept, keptTable, sourceRows } from './known.ts'

export interface Kitchen {
  readonly recipe: Recipe
  readonly folder: string
  readonly duckdb: DuckdbEngine
  /** In the order in which they are preferred. */
  readonly engines: readonly Engine[]
  readonly ctx: RunContext
  /** Rows and bytes of what was looked at so far, by step. */
  readonly known: Map<string, { rows: RowCount; bytes: number } | undefined>
}

/** What will happen in a step that computes a table. */
export interface TableStep {
  readonly before: Node
  readonly after: Node
  /** How often each rule rewrote something, in the order of the rules. */
  readonly fired: readonly { readonly rule: string; readonly reason: string; readonly times: number }[]
  readonly rows: ReadonlyMap<Node, RowCount | undefined>
  readonly rowsBefore: ReadonlyMap<Node, RowCount | undefined>
  readonly engine: { readonly name: string; readonly reason: string; readonly text: string } | undefined
  readonly others: readonly Offer[]
  readonly kept: Kept | undefined
}

/** Rows of a step's output: counted where it is kept or its file says so, estimated from its plan otherwise. */
export async function rowsOfStep(kitchen: Kitchen, id: string): Promise<{ rows: RowCount; bytes: number } | undefined> {
  const { known, recipe } = kitchen
  if (known.has(id)) return known.get(id)
  const step = recipe.steps.find((s) => s.id === id)
  let found: { rows: RowCount; bytes: number } | undefined
  if (step?.kind === 'source')
    found = await sourceRows(step as Step<SourceSpec>, kitchen.folder, kitchen.duckdb, kitchen.ctx)
  else if (step && (step.spec as Partial<PlanSpec>).plan) {
    const kept = await keptOf(kitchen, step)
    const { root } = (step.spec as PlanSpec).plan
    if (kept?.samePlan && !kept.changed)
      found = { rows: { rows: kept.manifest.rows, exact: true }, bytes: kept.manifest.bytes }
    else {
      const rows = (await rowsOf(kitchen, root)).get(root)
      found = rows && { rows, bytes: 0 }
    }
  }
  known.set(id, found)
  return found
}

const keptOf = async (kitchen: Kitchen, step: Step): Promise<Kept | undefined> => {
  const dataset = step.kind === 'dataset'
  const root = dataset ? wholePlan(kitchen.recipe, step.id) : (step.spec as PlanSpec).plan.root
  const sources: string[] = []
  for (const { spec } of sourcesOf(kitchen.recipe, step))
    sources.push(pathOf(await connector(spec.connector), spec, kitchen.folder))
  return keptTable(
    dataset ? step.id : `_${step.id}`,
    plan(root),
    sources,
    dataset ? (step.spec as DatasetSpec) : undefined,
    kitchen.recipe.partition,
  )
}

/** The sources that a step's rows come from, through whatever steps. */
function sourcesOf(recipe: Recipe, step: Step, seen: Set<Step> = new Set()): Step<SourceSpec>[] {
  const inputs = recipe.steps.filter((s) => step.inputs.includes(s.id) && !seen.has(s))
  for (const s of inputs) seen.add(s)
  return inputs.flatMap((s) => (s.kind === 'source' ? [s as Step<SourceSpec>] : sourcesOf(recipe, s, seen)))
}

/** The rows of every node of a plan over steps and sources. */
export async function rowsOf(kitchen: Kitchen, root: Node): Promise<ReadonlyMap<Node, RowCount | undefined>> {
  for (const n of nodes(root)) if (n.op === 'scan' && 'name' in n.from) await rowsOfStep(kitchen, n.from.name)
  return estimateRows(root, (scan) => ('name' in scan.from ? kitchen.known.get(scan.from.name)?.rows : undefined))
}

/** Explains one step that computes a table; runs nothing. */
export async function explainTable(kitchen: Kitchen, step: Step<PlanSpec>): Promise<TableStep> {
  const before = step.spec.plan.root
  const times = new Map<string, { rule: string; reason: string; times: number }>()
  const after = optimise(before, {
    evaluate: evaluateConstant,
    fired: ({ name, reason }) => times.set(name, { rule: name, reason, times: (times.get(name)?.times ?? 0) + 1 }),
  })
  const rows = await rowsOf(kitchen, after)
  const rowsBefore = await rowsOf(kitchen, before)
  // a run puts the files of the inputs in the place of their names
  const bound = plan(
    bindScans(before, (from, scan) =>
      'name' in from
        ? build({ op: 'scan', from: { kind: 'parquet', files: [from.name] }, schema: scan.schema })
        : undefined,
    ),
  )
  const inputs = step.inputs.map((id) => kitchen.known.get(id))
  const stats = {
    rows: inputs.reduce((sum, i) => sum + (i?.rows.rows ?? 0), 0),
    bytes: inputs.reduce((sum, i) => sum + (i?.bytes ?? 0), 0),
  }
  const all = offers(bound, kitchen.engines, stats)
  const able = all.some((o) => o.prepared)
  const choice = able ? choose(bound, kitchen.engines, stats) : undefined
  return {
    before,
    after,
    fired: [...times.values()],
    rows,
    rowsBefore,
    engine: choice && { name: choice.engine, reason: choice.reason, text: choice.prepared.explain() },
    others: choice?.others ?? all,
    kept: await keptOf(kitchen, step),
  }
}
