import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { designMatrix, standardised } from '../../../engines/webgpu/learn/design.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { descend } from '../../../engines/webgpu/learn/newton.ts'
import { summarise } from '../../../engines/webgpu/learn/stats.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import { designOf } from '../design.ts'
import { logisticBody } from '../logisticModel.ts'
import { type NumberParam, numberParams } from '../params.ts'
import type { TrainContext, TrainedModel, TrainTask } from '../trainer.ts'
import { statsOf } from './columns.ts'

/** `l2` is λ in Σ (y − ŷ)²/2 + λ/2 · Σ w², over standardised columns and without the intercept. */
export const LINEAR_PARAMS = { l2: { value: 1, min: 0, max: 1e12 } } as const satisfies Record<string, NumberParam>

/**
 * Linear regression of a number on a device's columns, by the normal equations, solved twice so that the second time
 * takes back what the first one rounded. The model is read as a logistic one is (`loadLinear`). Two readbacks: 64 bytes
 * a column, and the weights.
 * @throws TRAIN_DATA for a target that has no value in some row, and numbers that f32 does not hold; DeviceFault and DeviceGap when the device can't
 */
export async function linearOnDevice(
  table: DeviceTable,
  task: Pick<TrainTask, 'features' | 'target' | 'params'>,
  ctx: TrainContext,
): Promise<TrainedModel> {
  const params = numberParams('linear', task.params, LINEAR_PARAMS)
  const { features, target } = task
  const summaries = await summarise(table, [...features, target])
  throwIfAborted(ctx.signal)
  const goal = summaries.at(-1)
  if (!goal || goal.finite < Math.max(1, table.rows))
    throw new GalleyError('TRAIN_DATA', {
      what: `the target "${target}" has no finite value in ${table.rows - (goal?.finite ?? 0)} of ${table.rows} rows`,
      fix: 'filter these rows out, and bring some that have one',
      details: { column: target },
    })
  const y = statsOf(target, goal)
  const columns = features.map((name, i) => statsOf(name, summaries[i] ?? goal))
  const job = new Job(table)
  try {
    const { indicators } = designOf(columns)
    const design = await designMatrix(job, table, features, columns, indicators)
    const regression = { design, loss: 'linear', intercept: 0, tolerance: 1e-12, maxIterations: 4, ...params } as const
    const aim = await standardised(job, table, target, y)
    const { weights, loss, iterations } = await descend(job, { ...regression, target: aim }, (done) => {
      throwIfAborted(ctx.signal)
      ctx.progress({ done, unit: 'steps' })
    })
    const unit = y.scale === 0 ? 0 : 1 / y.scale
    const own = Float64Array.from(weights, (w) => w * unit)
    own[own.length - 1] = y.mean + (own.at(-1) ?? 0)
    const body = logisticBody(columns, indicators, own, { iterations, loss: loss * unit * unit })
    return { format: 1, kind: 'linear', features, target, params, body }
  } finally {
    job.close()
  }
}
