import { throwIfAborted } from '../../../base/errors.ts'
import { designMatrix } from '../../../engines/webgpu/learn/design.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { descend } from '../../../engines/webgpu/learn/newton.ts'
import type { DeviceRelation } from '../../../engines/webgpu/table.ts'
import { designOf } from '../design.ts'
import { logisticBody } from '../logisticModel.ts'
import type { TrainContext, TrainedModel, TrainTask } from '../trainer.ts'
import { summariseTask } from './columns.ts'

/**
 * Logistic regression on a device's columns: the same model as on the host, to about five digits of a weight. Two
 * readbacks: 64 bytes a column (its moments), and the weights; one more for every twelve steps beyond the first twelve.
 * @throws TRAIN_DATA, CANCELLED; DeviceFault and DeviceGap when the device can't
 */
export async function logisticOnDevice(
  task: TrainTask & { readonly train: DeviceRelation },
  params: Readonly<Record<'l2' | 'maxIterations' | 'tolerance', number>>,
  ctx: TrainContext,
): Promise<TrainedModel> {
  throwIfAborted(ctx.signal)
  const { table } = task.train
  const job = new Job(table)
  try {
    const { rows, positives, columns, labels } = await summariseTask(job, table, task)
    throwIfAborted(ctx.signal)
    const { indicators } = designOf(columns)
    const design = await designMatrix(job, table, task.features, columns, indicators)
    const intercept = Math.log(positives / (rows - positives))
    const regression = { design, target: labels, loss: 'logistic', intercept, ...params } as const
    const { weights, loss, iterations } = await descend(job, regression, (done) => {
      throwIfAborted(ctx.signal)
      ctx.progress({ done, unit: 'steps' })
    })
    return {
      format: 1,
      kind: 'logistic',
      features: task.features,
      target: task.target,
      params,
      body: logisticBody(columns, indicators, Float64Array.from(weights), { iterations, loss }),
    }
  } finally {
    job.close()
  }
}
