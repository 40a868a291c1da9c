import { GalleyError } from '../../base/errors.ts'
import type { Goal } from '../../runs/goal.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { OnnxSpec } from '../../runs/specs.ts'
import { trainedOn } from '../review/inspect.ts'
import type { PartRows } from '../review/rows.ts'
import type { TrainedModel } from '../training/trainer.ts'

/** What the baseline says of parts: the rate, or the mean, of the training rows; null where these have one class alone, or no rows. */
export async function baselineScores(
  ctx: StepContext<OnnxSpec>,
  { features, classes = [] }: TrainedModel,
  goal: Goal,
  train: PartRows,
  parts: readonly PartRows[],
): Promise<Float64Array[] | null> {
  const { target, seed } = ctx.step.spec
  const again = { goal, features, spec: { target: target ?? '', seed }, classes: classes.length, threads: 1, signal: ctx.signal } // biome-ignore format: one line
  try {
    const evaluator = await trainedOn({ trainer: 'baseline', params: {} }, train, train, undefined, again)
    return parts.map(({ rows, columns }) => {
      const scores = new Float64Array(rows * evaluator.outputs)
      evaluator.many(columns, rows, scores)
      return scores
    })
  } catch (thrown) {
    if (thrown instanceof GalleyError && thrown.code === 'TRAIN_DATA') return null
    throw thrown
  }
}
