import { project } from '../../../data/profile/columns.ts'
import { askable } from '../../../data/profile/places.ts'
import type { Question, Resident } from '../../../data/profile/resident.ts'
import type { Batch } from '../../../engines/batch.ts'
import { type Engine, type Gap, isGaps, type RunContext } from '../../../engines/engine.ts'
import { col } from '../../../plan/expr.ts'
import { build, type Node, plan } from '../../../plan/nodes.ts'
import { fieldOf } from '../../../plan/types.ts'
import { boundPlan, publishedPlan, stepOf } from '../../../runs/inline.ts'
import type { AnalyseSpec, Recipe, Step } from '../../../runs/specs.ts'
import { learnerOf } from '../../analysis/asks.ts'

/** Rows of the sample that comes down: Spearman's ρ of so many is off by 0.016. A table of no more comes down whole. */
const SAMPLE = 4096

/** What answers small questions about rows that a stage left. */
export interface Answers {
  /** Why a plan is not computed there; undefined where it is. */
  gap(n: Node): string | undefined
  /** All rows of several small results, together. */
  ask(questions: readonly Question[], ctx: RunContext): Promise<readonly Batch[]>
}

/** Reports of a dataset that is learnt from. */
export interface Reports {
  /** The steps that write them. */
  readonly steps: readonly string[]
  /** The columns of the dataset's whole plan that they ask where the rows lie. */
  columns(whole: Node): readonly string[]
  /** Looks at the rows while they lie there, before models are learnt; `resident` gives them, for a ledger of the report's own. */
  look(resident: (ctx: RunContext) => Resident): Promise<void>
}

/** The dataset's rows as a profile asks them. */
export const residentOf = (rows: Node, total: number, { gap, ask }: Answers, ctx: RunContext): Resident => ({
  ...{ rows, total, sample: SAMPLE, gap },
  ask: (questions) => ask(questions, ctx),
})

/** Why an engine does not compute a plan, in words; undefined where it does. */
export function gapOf(engine: Engine, n: Node): Gap | undefined {
  const made = engine.prepare(plan(n))
  return isGaps(made) ? made[0] : undefined
}

/** The columns of a dataset's whole plan that an engine gives, with what keeps it from the others. */
export function columnsThere(
  engine: Engine,
  whole: Node,
): { readonly names: readonly string[]; readonly gaps: ReadonlyMap<string, string> } {
  const gaps = new Map<string, string>()
  for (const { name } of whole.schema) {
    const gap = gapOf(engine, build({ op: 'select', input: whole, columns: [[name, col(name)]] }))
    if (gap) gaps.set(name, `${gap.node}: ${gap.reason}`)
  }
  return { names: whole.schema.map((f) => f.name).filter((name) => !gaps.has(name)), gaps }
}

/** The steps that write reports of what a step learns from: the first that learns from a dataset looks for all of them. */
export function reportsBeside(recipe: Recipe, step: string): Step<AnalyseSpec>[] {
  const data = stepOf(recipe, step).inputs[0] ?? ''
  if (learnerOf(recipe, data) !== step) return []
  return recipe.steps.filter((s): s is Step<AnalyseSpec> => s.kind === 'analyse' && s.inputs[0] === data)
}

/** A report, and the columns that the processor reads for it. */
export interface ReportGaps {
  readonly report: string
  readonly columns: readonly { readonly column: string; readonly reason: string }[]
}

/** Asks an engine what reports read on the processor; runs nothing. */
export function reportGaps(engine: Engine, recipe: Recipe, step: string): ReportGaps[] {
  const reports = reportsBeside(recipe, step)
  if (reports.length === 0) return []
  const whole = boundPlan(publishedPlan(recipe, stepOf(recipe, step).inputs[0] ?? ''), (id) => ({ files: [id] }))
  const { names, gaps } = columnsThere(engine, whole)
  const schema = whole.schema.filter((f) => names.includes(f.name))
  const rows = build({ op: 'scan', from: { kind: 'parquet', files: ['dataset'] }, schema })
  return reports.map(({ id, spec }) => {
    const target = spec.target === null ? null : fieldOf(whole.schema, spec.target, 'the target of a report')
    const gap = (n: Node) => {
      const found = gapOf(engine, n)
      return found && `${found.node}: ${found.reason}`
    }
    const found = askable(project(whole, target).columns, target, { rows, gap })
    const there = new Set(found.there.map((c) => c.field.name))
    const why = new Map([...gaps, ...[...found.gaps].map(([c, reason]) => [c.field.name, reason] as const)])
    return {
      report: id,
      columns: whole.schema
        .filter((f) => !there.has(f.name))
        .map(({ name }) => ({ column: name, reason: why.get(name) ?? `its target '${spec.target}' is read there` })),
    }
  })
}
