import { linearScores } from '../../../engines/webgpu/learn/design.ts'
import type { Job } from '../../../engines/webgpu/learn/job.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import { readLinear } from '../logisticModel.ts'
import type { TrainedModel } from '../trainer.ts'

/**
 * The scores of a model for rows on the device, an f32 a row, which stay there: log odds of a logistic model, values of
 * a linear one. They differ from the host's by what f32 rounds, about 1e-6 of the largest term.
 * @throws MODEL_FORMAT_NEWER, STORE_CORRUPT; DeviceGap for a column that the device does not have
 */
export async function scoreOnDevice(job: Job, table: DeviceTable, model: TrainedModel): Promise<GPUBuffer> {
  const { intercept, columns } = readLinear(model)
  const named = columns.map((c, i) => ({ ...c, name: model.features[i] as string }))
  return linearScores(job, table, { intercept, columns: named })
}
