import { relative } from 'node:path'
import { accessOf } from '../../data/profile/access.ts'
import { profile } from '../../data/profile/profile.ts'
import type { Profile } from '../../data/profile/types.ts'
import { build } from '../../plan/nodes.ts'
import type { Computed, Output, StepContext, StepKind } from '../../runs/kind.ts'
import type { AnalyseSpec, Step } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { asksOf, type FoundThere, learnerOf } from './asks.ts'
import { isPageKept, keepPage } from './kept.ts'
import { renderReport } from './report.ts'

export interface AnalyseOutput extends Output {
  /** The HTML file as a blob, and where a browser opens it. */
  readonly report: string
  readonly path: string
  readonly bytes: number
  /** The profile as a blob of JSON. */
  readonly profile: string
  readonly columns: number
  readonly warnings: number
}

const NAME = 'report.html'

/** Rows set aside by a step and by all that it is made from, by reason. */
export function setAside(
  steps: readonly Step[],
  id: string,
  rejectedBy: (id: string) => Readonly<Record<string, number>> | undefined,
): Record<string, number> {
  const total: Record<string, number> = Object.create(null) as Record<string, number>
  const seen = new Set<string>()
  const visit = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const input of steps.find((s) => s.id === name)?.inputs ?? []) visit(input)
    for (const [reason, n] of Object.entries(rejectedBy(name) ?? {})) total[reason] = (total[reason] ?? 0) + n
  }
  visit(id)
  return { ...total }
}

/** The profile: of the rows that another step has on a device just now, else of the dataset's files. */
async function foundOf(
  ctx: StepContext<AnalyseSpec>,
  data: DatasetOutput,
): Promise<{ readonly found: Profile; readonly computed?: Computed }> {
  const learner = learnerOf(ctx.recipe, ctx.step.inputs[0] ?? '')
  const there = learner === undefined ? undefined : await ctx.beside.from<FoundThere>(learner)
  if (there) {
    ctx.ledger.merge(there.ledger)
    return { found: there.profile, computed: { by: 'webgpu', why: there.why } }
  }
  const rows = build({ op: 'scan', from: { kind: 'parquet', files: data.files }, schema: data.schema })
  const progress = (done: number, total: number) => ctx.progress({ done, total, unit: 'steps' })
  return { found: await profile(rows, accessOf(ctx), { ...asksOf(ctx.recipe, ctx.step, data.schema), progress }) }
}

/** Profiles a dataset version and writes the report of it: one HTML file, and the profile as JSON. */
export const analyseStep: StepKind<AnalyseSpec, AnalyseOutput> = {
  kind: 'analyse',
  module: import.meta.url,
  // the report shows more of the dataset than its content: a change of these leaves the content's hash as it is
  async identity(spec, { recipe, step, input }) {
    const id = step.inputs[0] ?? ''
    const { name, version, verdicts } = input<DatasetOutput>(id)
    const rejected = setAside(recipe.steps, id, (s) => input<DatasetOutput>(s).rejected)
    return { spec, recipe: recipe.name, name, version, verdicts, rejected }
  },
  async run(ctx) {
    const input = ctx.step.inputs[0] ?? ''
    const data = ctx.input<DatasetOutput>(input)
    const { found, computed } = await foundOf(ctx, data)
    const page = await renderReport(
      found,
      {
        dataset: data.name,
        version: data.version,
        recipe: ctx.recipe.name,
        run: ctx.run.number,
        date: new Date(ctx.started).toISOString().slice(0, 16).replace('T', ' '),
        verdicts: data.verdicts,
        rejected: setAside(ctx.recipe.steps, input, (id) => ctx.input<DatasetOutput>(id).rejected),
      },
      'en',
    )
    const { page: report, json, path } = await keepPage(ctx, NAME, page, found)
    const output: AnalyseOutput = {
      hash: report.hash,
      report: report.hash,
      path,
      bytes: report.bytes,
      profile: json.hash,
      columns: found.columns.length,
      warnings: found.warnings.length,
      ...(computed ? { computed } : {}),
    }
    return {
      output,
      async publish(tx) {
        const details = {
          dataset: data.name,
          version: data.version,
          columns: output.columns,
          warnings: output.warnings,
          path: relative(ctx.store.home.path, output.path),
        }
        const about = { run: ctx.run.id, step: ctx.step.id, details }
        await tx.artifacts.add(ctx.scope, {
          ...about,
          kind: 'report',
          name: NAME,
          mediaType: 'text/html',
          blob: report.hash,
          bytes: report.bytes,
        })
        await tx.artifacts.add(ctx.scope, {
          ...about,
          kind: 'profile',
          name: 'profile.json',
          mediaType: 'application/json',
          blob: json.hash,
          bytes: json.bytes,
        })
        return output
      },
    }
  },
  present: (o, ctx) => isPageKept({ path: o.path, bytes: o.bytes, page: o.report, json: o.profile }, ctx),
  summary: (o) =>
    `${o.columns} columns, ${o.warnings} ${o.warnings === 1 ? 'warning' : 'warnings'}  ${NAME}${o.computed?.by === 'webgpu' ? '  on the device' : ''}`,
}
