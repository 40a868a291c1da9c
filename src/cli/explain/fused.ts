import type { Gap } from '../../engines/engine.ts'
import { isWebgpu } from '../../engines/webgpu/index.ts'
import { type ReportGaps, reportGaps } from '../../ml/training/fused/analysis.ts'
import { fusedGaps } from '../../ml/training/fused/gaps.ts'
import { lineage } from '../../runs/inline.ts'
import type { Recipe } from '../../runs/specs.ts'
import { becauseOf } from './gaps.ts'
import type { Kitchen } from './step.ts'
import { labelled } from './text.ts'

/** What of a recipe is computed as one part on a device that a run may use, for a step that trains. */
export interface FusedPart {
  /** Sources whose columns go up. */
  readonly from: readonly string[]
  /** Steps that the part computes, the one that trains last; what is kept of the others is written by the processor. */
  readonly steps: readonly string[]
  /** What keeps it from being one part; empty where nothing does. */
  readonly gaps: readonly Gap[]
  /** What its fits ask and the processor finds. */
  readonly asked: readonly Gap[]
  /** Reports that ask the same rows, and the columns that the processor reads for them. */
  readonly reports: readonly ReportGaps[]
  /** Steps that hang on it and run on the processor. */
  readonly apart: readonly string[]
}

/** Asks the device's engine, which needs no device for that. */
export async function fusedPart({ recipe, engines }: Kitchen, step: string): Promise<FusedPart> {
  const engine = engines.find(isWebgpu)
  const made = lineage(recipe, step)
  const kindOf = (id: string) => recipe.steps.find((s) => s.id === id)?.kind
  return {
    from: made.filter((id) => kindOf(id) === 'source'),
    steps: made.filter((id) => kindOf(id) !== 'source'),
    ...(engine
      ? await fusedGaps(engine, recipe, step)
      : { gaps: [{ node: step, reason: 'there is no such engine' }], asked: [] }),
    reports: engine ? reportGaps(engine, recipe, step) : [],
    apart: recipe.steps.filter((s) => after(recipe, s.id, made)).map((s) => s.id),
  }
}

/** Whether a step reads one of these, straight or not, and is none of them. */
const after = (recipe: Recipe, id: string, of: readonly string[]): boolean =>
  !of.includes(id) && lineage(recipe, id).some((s) => s !== id && of.includes(s))

/** The same for people. */
export function fusedText({ from, steps, gaps, asked, reports, apart }: FusedPart): string[] {
  if (gaps.length > 0)
    return labelled('fused', `nothing, because of ${becauseOf(gaps)}: every step is computed on the processor`)
  const alone = apart.filter((id) => !reports.some((r) => r.report === id))
  const told = [
    `${steps.join(', ')}: as one part on a device, from the columns of ${from.join(', ')} to judged models, where a run may use one (--engine)`,
    `the processor writes tables and datasets all the same${alone.length > 0 ? `, and runs ${alone.join(', ')}` : ''}`,
    ...(asked.length > 0 ? [`the processor finds what fits ask, because of ${becauseOf(asked)}`] : []),
    ...reports.flatMap(reportText),
  ]
  return told.flatMap((text, i) => labelled(i === 0 ? 'fused' : '', text))
}

const reportText = ({ report, columns }: ReportGaps): string[] => [
  `${report} is computed of the same rows there, while they are held`,
  ...columns.map(({ column, reason }) => `the processor reads '${column}' for ${report}: ${reason}`),
]
