import { GalleyError } from '../../base/errors.ts'
import { requireWanted } from '../../runs/elsewhere/queued.ts'
import type { StepContext, StepKind } from '../../runs/kind.ts'
import { restored } from '../../runs/portable.ts'
import type { TrainSpec } from '../../runs/specs.ts'
import { trainerOf } from './index.ts'
import { learntFrom } from './learning.ts'
import { matrixOf } from './matrices.ts'
import { partsOf } from './parts.ts'
import { keepAnswer, keptAnswer, type TrialOutput, type TrialSpec, trialCode } from './trials.ts'

const DATA = 'data'

/** A part of a training that another process is at, as a search's trial: the same rows in the same order, and so the same answer. */
export const trialStep: StepKind<TrialSpec, TrialOutput> = {
  kind: 'trial',
  module: import.meta.url,
  async run(ctx) {
    const { spec } = ctx.step
    await requireWanted(ctx)
    if (spec.code !== trialCode())
      throw new GalleyError('RECIPE_INVALID', {
        what: 'this worker runs another Galley than the process that asks',
        why: 'it might come to other numbers',
        fix: 'start all workers of a workspace from the same version',
      })
    const data = restored(spec.data, ctx.store.home.path)
    const { parts, learning } = asTraining(ctx, data)
    const { features, training } = await learntFrom(learning, parts.train, data)
    const train = await matrixOf(learning, training, features, data.rows)
    try {
      const { target, goal, weight, seed, candidates } = spec.train
      const [candidate] = candidates as readonly [TrainSpec['candidates'][number]]
      const trainer = await trainerOf(candidate.trainer)
      if (!trainer.answer) throw new GalleyError('INTERNAL_BUG', { what: `'${trainer.kind}' shares nothing out` })
      const answer = await trainer.answer(
        {
          ...{ train, features, target, params: candidate.params, seed, threads: ctx.threads },
          ...(goal ? { goal } : {}),
          ...(weight === undefined ? {} : { weight }),
        },
        spec.ask,
        { signal: ctx.signal },
      )
      return { output: { ...(await keepAnswer(ctx, answer)), trainer: trainer.kind } }
    } finally {
      train.close()
    }
  },
  present: (o) =>
    keptAnswer(o).then(
      () => true,
      () => false,
    ),
  summary: (o) => `a trial of ${o.trainer}`,
}

/** The step as the training that it is a part of. */
function asTraining(ctx: StepContext<TrialSpec>, data: Pick<TrialSpec['data'], 'files' | 'schema'>) {
  const { train, dataset } = ctx.step.spec
  const step = { id: ctx.step.id, kind: 'train', inputs: [DATA], spec: train }
  const steps = [{ id: DATA, kind: 'dataset', inputs: [], spec: dataset }]
  const learning: StepContext<TrainSpec> = { ...ctx, step, recipe: { ...ctx.recipe, steps } }
  return { learning, parts: partsOf(learning, data) }
}
