import { GalleyError } from '../../../base/errors.ts'
import { designMatrix } from '../../../engines/webgpu/learn/design.ts'
import type { Job } from '../../../engines/webgpu/learn/job.ts'
import { comoments } from '../../../engines/webgpu/learn/pairs.ts'
import { project } from '../../../engines/webgpu/learn/project.ts'
import { summarise } from '../../../engines/webgpu/learn/stats.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import type { ColumnStats } from '../design.ts'
import { eigenSymmetric } from '../linear.ts'
import { statsOf } from './columns.ts'

/** Directions in standardised columns along which rows vary most; a missing value counts as the column's mean. */
export interface PrincipalComponents {
  readonly features: readonly string[]
  readonly columns: readonly ColumnStats[]
  /** Of length 1, each with a weight a feature. */
  readonly components: readonly (readonly number[])[]
  /** Variance along each, and its share of all. */
  readonly variance: readonly number[]
  readonly share: readonly number[]
}

/**
 * Principal components of a device's columns: their covariances come down (two readbacks, 128 bytes a column and 56 a
 * pair), and the host finds the directions of the small matrix.
 * @throws TRAIN_DATA when no column varies, or f32 does not hold one; DeviceGap for a column that is not a number
 */
export async function pcaOnDevice(
  table: DeviceTable,
  features: readonly string[],
  count: number,
): Promise<PrincipalComponents> {
  const columns = (await summarise(table, features)).map((s, i) => statsOf(features[i] ?? '', s))
  const { filled } = await comoments(table, features)
  const scale = (i: number) => columns[i]?.scale ?? 0
  const matrix = features.map((_, i) => features.map((_, j) => (filled[i]?.[j] ?? 0) * scale(i) * scale(j)))
  const total = matrix.reduce((sum, row, i) => sum + (row[i] ?? 0), 0)
  if (!(total > 0))
    throw new GalleyError('TRAIN_DATA', {
      what: 'there are no directions to find: no column varies',
      fix: 'choose features that differ between rows',
    })
  const found = eigenSymmetric(matrix).slice(0, count)
  return {
    features,
    columns,
    components: found.map((f) => f.vector),
    variance: found.map((f) => f.value),
    share: found.map((f) => f.value / total),
  }
}

/** Where each row lies along the components: an f32 each, one component after the other; they stay on the device. */
export async function projectOnDevice(job: Job, table: DeviceTable, model: PrincipalComponents): Promise<GPUBuffer> {
  const design = await designMatrix(job, table, model.features, model.columns, [])
  return project(
    job,
    design,
    model.components.map((c) => [...c, 0]),
  )
}
