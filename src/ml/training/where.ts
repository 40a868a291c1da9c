import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { gapText } from '../../engines/choose.ts'
import { build } from '../../plan/nodes.ts'
import { BINARY } from '../../runs/goal.ts'
import type { Rows } from '../../runs/inline.ts'
import type { Accelerator, Computed, Output, StepContext } from '../../runs/kind.ts'
import type { TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { whyOf } from './device/fallback.ts'
import type { Reports } from './fused/analysis.ts'
import { checkGoal } from './index.ts'
import { type Learning, learnHere } from './learning.ts'
import { leaveReports, waitingReports } from './reports.ts'

/**
 * Learns on the device where the run may use one and the whole part from the sources on can be computed there, else on
 * the processor; says which, and why. A device that gives up leaves all of it to the processor.
 * @throws TRAIN_DATA, RECIPE_INVALID, CANCELLED
 */
export async function learnWhere(
  ctx: StepContext<TrainSpec>,
  data: DatasetOutput,
): Promise<Learning & { readonly computed: Computed }> {
  const here = async (why: string) => {
    leaveReports(ctx)
    return { ...(await learnHere(ctx, data)), computed: { by: 'processor', why } }
  }
  await checkGoal(
    ctx.step.spec.candidates.map((c) => c.trainer),
    ctx.step.spec.goal ?? BINARY,
  )
  const device = await ctx.device()
  if (typeof device === 'string') return here(device)
  const { fusedGaps } = await import('./fused/gaps.ts')
  const { gaps, asked } = await fusedGaps(device.engine, ctx.recipe, ctx.step.id)
  if (gaps.length > 0) {
    const why = `the device does not take all of it: ${gapText(gaps)}`
    ctx.say(`${why}; the processor computes`)
    return here(why)
  }
  try {
    const apart = asked.length > 0 ? `; the processor found what fits ask (${gapText(asked)})` : ''
    const why = `one part from the sources' columns to judged models, on ${device.name}${apart}`
    return { ...(await learnThere(ctx, data, device)), computed: { by: 'webgpu', why } }
  } catch (thrown) {
    throwIfAborted(ctx.signal)
    const why = `${device.name} gave up: ${whyOf(thrown)}`
    ctx.say(`${why}; the processor goes on`)
    return here(why)
  }
}

async function learnThere(ctx: StepContext<TrainSpec>, data: DatasetOutput, device: Accelerator): Promise<Learning> {
  const [{ learnFused }, { onDevice }] = [await import('./fused/fused.ts'), await import('./fused/resident.ts')]
  const { isWebgpu } = await import('../../engines/webgpu/index.ts')
  const { engine } = device
  if (!isWebgpu(engine))
    throw new GalleyError('ENGINE_GAP', { what: `${engine.name} keeps no tables for whole parts of a recipe` })
  const { scope, signal, ledger, recipe, step, threads } = ctx
  const kept = build({ op: 'scan', from: { kind: 'parquet', files: data.files }, schema: data.schema })
  const reports = await waitingReports(ctx, data, kept, device)
  const learn = (some: Reports | undefined) =>
    learnFused({
      ...{ means: onDevice(engine, recipe.device), recipe, step: step.id, threads },
      rows: (source) => ctx.input<Rows & Output>(source),
      kept,
      ...(some ? { reports: some } : {}),
      ctx: { scope, signal, ledger, progress: (p) => void (p.unit === 'steps' && ctx.progress(p)) },
      say: (why) => ctx.say(why),
    })
  const made = await learn(reports).catch(async (thrown: unknown) => {
    // the columns of reports take room, too: models come first
    if (!reports || !(thrown instanceof GalleyError && thrown.code === 'ENGINE_FAILED')) throw thrown
    throwIfAborted(signal)
    leaveReports(ctx)
    const without = await learn(undefined)
    const of = reports.steps.map((id) => `'${id}'`).join(', ')
    ctx.say(`${device.name} learns without the columns of ${of}, which leave too little room: ${whyOf(thrown)}`)
    return without
  })
  if (made.rows !== data.rows)
    throw new GalleyError('INTERNAL_BUG', {
      what: `the device finds ${made.rows} rows where the dataset '${data.name}' has ${data.rows}`,
      fix: 'report it with the recipe; the processor computes it',
    })
  const { candidates } = step.spec
  return {
    ...{ features: made.features, fits: made.fits, close: async () => {} },
    candidates: made.candidates.map(({ model, validate, test, threshold, scores, seconds }, i) => ({
      result: { trainer: model.kind, params: candidates[i]?.params ?? {}, validate, test, seconds },
      ...{ model, threshold },
      scores: () => scores,
    })),
    reference: async () => made.reference,
  }
}
