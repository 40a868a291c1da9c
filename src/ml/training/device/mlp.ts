import { throwIfAborted } from '../../../base/errors.ts'
import { type DesignMatrix, designMatrix } from '../../../engines/webgpu/learn/design.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { learnNetwork, networkScores } from '../../../engines/webgpu/learn/mlp.ts'
import type { DeviceRelation, DeviceTable } from '../../../engines/webgpu/table.ts'
import { designOf } from '../design.ts'
import { MLP_PARAMS, mlpBody, readMlp } from '../mlpModel.ts'
import { numberParams } from '../params.ts'
import type { TrainContext, TrainedModel, TrainTask } from '../trainer.ts'
import { summariseTask } from './columns.ts'

/**
 * A network for a 0/1 target on a device's columns, by Adam over batches in a fixed order, in f32. Columns are standardised
 * and missing values marked as for logistic regression. Two readbacks: 64 bytes a column, and the weights. The same rows,
 * parameters and seed give the same weights on one device; another one may round otherwise.
 * @throws TRAIN_DATA, CANCELLED; DeviceFault and DeviceGap when the device can't
 */
export async function mlpOnDevice(
  task: Omit<TrainTask, 'threads'> & { readonly train: DeviceRelation },
  ctx: TrainContext,
): Promise<TrainedModel> {
  const { units, layers, ...params } = numberParams('mlp', task.params, MLP_PARAMS)
  const { features, target, seed } = task
  const { table } = task.train
  const hidden = new Array<number>(layers).fill(units)
  const job = new Job(table)
  try {
    const { columns, labels } = await summariseTask(job, table, { ...task, threads: 1 })
    throwIfAborted(ctx.signal)
    const { indicators } = designOf(columns)
    const design = await designMatrix(job, table, features, columns, indicators)
    const weights = await learnNetwork(job, { design, labels, hidden, seed, ...params }, (done) => {
      ctx.progress({ done, total: params.epochs, unit: 'steps' })
      throwIfAborted(ctx.signal)
    })
    const own = { units, layers, ...params }
    return { format: 1, kind: 'mlp', features, target, params: own, body: mlpBody(own, columns, indicators, weights) }
  } finally {
    job.close()
  }
}

/** The log odds of rows on the device; they stay there. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT; DeviceGap */
export async function mlpScores(job: Job, table: DeviceTable, model: TrainedModel): Promise<GPUBuffer> {
  const { columns, indicators, hidden, weights } = readMlp(model)
  const design: DesignMatrix = await designMatrix(job, table, model.features, columns, indicators)
  return networkScores(job, design, hidden, weights)
}
