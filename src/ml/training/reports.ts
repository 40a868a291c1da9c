import { throwIfAborted } from '../../base/errors.ts'
import { accessOf } from '../../data/profile/access.ts'
import { profile } from '../../data/profile/profile.ts'
import type { Resident } from '../../data/profile/resident.ts'
import type { RunContext } from '../../engines/engine.ts'
import { createLedger, type LedgerKey } from '../../engines/ledger.ts'
import type { Node } from '../../plan/nodes.ts'
import type { Accelerator, StepContext } from '../../runs/kind.ts'
import type { AnalyseSpec, Step, TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { asksOf, type FoundThere } from '../analysis/asks.ts'
import { whyOf } from './device/fallback.ts'
import { columnsThere, type Reports, reportsBeside } from './fused/analysis.ts'

/** The reports that wait for the rows which a step has on the device; undefined where none does. */
export async function waitingReports(
  ctx: StepContext<TrainSpec>,
  data: DatasetOutput,
  kept: Node,
  device: Accelerator,
): Promise<Reports | undefined> {
  const waiting: Step<AnalyseSpec>[] = []
  for (const report of reportsBeside(ctx.recipe, ctx.step.id))
    if (await ctx.beside.waits(report.id)) waiting.push(report)
  if (waiting.length === 0) return undefined
  return {
    steps: waiting.map((report) => report.id),
    columns: (whole) => columnsThere(device.engine, whole).names,
    async look(resident) {
      for (const report of waiting)
        try {
          ctx.beside.leave(report.id, await found(ctx, data, kept, device, report, resident))
        } catch (thrown) {
          throwIfAborted(ctx.signal)
          ctx.say(`${device.name} did not answer for '${report.id}': ${whyOf(thrown)}; the processor reads its rows`)
          ctx.beside.leave(report.id, undefined)
        }
    },
  }
}

/** Leaves reports to the processor. */
export function leaveReports(ctx: StepContext<TrainSpec>): void {
  for (const { id } of reportsBeside(ctx.recipe, ctx.step.id)) ctx.beside.leave(id, undefined)
}

async function found(
  ctx: StepContext<TrainSpec>,
  data: DatasetOutput,
  kept: Node,
  device: Accelerator,
  report: Step<AnalyseSpec>,
  resident: (ctx: RunContext) => Resident,
): Promise<FoundThere> {
  const { scope, signal, recipe, step, duckdb } = ctx
  const ledger = createLedger()
  // what the device moves counts on the edge from the dataset to the report
  const edge = `${step.inputs[0] ?? ''} → ${report.id}`
  const moved = { ...ledger, add: (_: string, key: LedgerKey, n: number) => ledger.add(edge, key, n) }
  let read: readonly string[] = []
  const rows = resident({ scope, signal, ledger: moved })
  if (rows.total !== data.rows) throw new Error(`it has ${rows.total} rows, and the dataset ${data.rows}`)
  const made = await profile(kept, accessOf({ duckdb, scope, signal, ledger }), {
    ...asksOf(recipe, report, data.schema),
    progress: (done, total) => ctx.progress({ done, total, unit: 'steps' }),
    resident: { ...rows, elsewhere: (columns) => void (read = columns) },
  })
  const apart = read.length > 0 ? `; the processor read ${read.join(', ')}` : ''
  return { profile: made, ledger, why: `of the rows that ${step.id} had on ${device.name}${apart}` }
}
