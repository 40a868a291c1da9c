import { GalleyError, throwIfAborted } from '../../../base/errors.ts'
import { designMatrix } from '../../../engines/webgpu/learn/design.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { kmeans, nearestCentres } from '../../../engines/webgpu/learn/kmeans.ts'
import { summarise } from '../../../engines/webgpu/learn/stats.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import type { ColumnStats } from '../design.ts'
import { type NumberParam, numberParams } from '../params.ts'
import type { TrainContext, TrainTask } from '../trainer.ts'
import { statsOf } from './columns.ts'

export const KMEANS_PARAMS = {
  clusters: { value: 8, min: 1, max: 1024, integer: true },
  maxIterations: { value: 50, min: 1, max: 1000, integer: true },
} as const satisfies Record<string, NumberParam>

/** Centres of clusters over standardised columns; a missing value counts as the column's mean. */
export interface ClusterModel {
  readonly features: readonly string[]
  readonly columns: readonly ColumnStats[]
  /** In standardised columns. */
  readonly centres: readonly (readonly number[])[]
  /** Rows of each cluster, and the sum of squared distances to the nearest centre, in training. */
  readonly sizes: readonly number[]
  readonly inertia: number
  readonly iterations: number
}

/**
 * k-means on a device's columns, in two readbacks: 64 bytes a column, and the centres. The same rows, parameters and seed
 * give the same clusters.
 * @throws TRAIN_DATA for fewer rows than clusters, and numbers that f32 does not hold, CANCELLED; DeviceFault and DeviceGap when the device can't
 */
export async function kmeansOnDevice(
  table: DeviceTable,
  task: Pick<TrainTask, 'features' | 'params' | 'seed'>,
  ctx: TrainContext,
): Promise<ClusterModel> {
  const { clusters, maxIterations } = numberParams('kmeans', task.params, KMEANS_PARAMS)
  const { features, seed } = task
  if (table.rows < clusters)
    throw new GalleyError('TRAIN_DATA', {
      what: `${table.rows} rows can not make ${clusters} clusters`,
      fix: 'bring more rows, or ask for fewer clusters',
    })
  const columns = (await summarise(table, features)).map((s, i) => statsOf(features[i] ?? '', s))
  throwIfAborted(ctx.signal)
  const job = new Job(table)
  try {
    const design = await designMatrix(job, table, features, columns, [])
    const { centres, ...found } = await kmeans(job, design, clusters, maxIterations, seed, (done) => {
      ctx.progress({ done, total: maxIterations, unit: 'steps' })
      throwIfAborted(ctx.signal)
    })
    // the last column of the design is 1
    return { features, columns, centres: centres.map((c) => Array.from(c.subarray(0, features.length))), ...found }
  } finally {
    job.close()
  }
}

/** The cluster of each row on the device, as its number from 0; they stay there. @throws DeviceGap */
export async function clusterOnDevice(job: Job, table: DeviceTable, model: ClusterModel): Promise<GPUBuffer> {
  const design = await designMatrix(job, table, model.features, model.columns, [])
  return nearestCentres(
    job,
    design,
    model.centres.map((c) => [...c, 1]),
  )
}
