import { GalleyError } from '../../../base/errors.ts'
import { labelsOf, toldOf } from '../../../engines/webgpu/learn/design.ts'
import type { Job } from '../../../engines/webgpu/learn/job.ts'
import { type ColumnSummary, measure, RECORD, summaryOf } from '../../../engines/webgpu/learn/stats.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import type { ColumnStats } from '../design.ts'
import { badLabel, type ClassCounts, checkClasses } from '../intake.ts'
import type { TrainTask } from '../trainer.ts'

/** A task's columns on the device, summarised; the labels stay there. */
export interface DeviceColumns extends ClassCounts {
  readonly columns: readonly ColumnStats[]
  readonly labels: GPUBuffer
}

/** In one readback. @throws TRAIN_DATA when there is nothing to learn from or f32 does not hold it, DeviceGap for a column that is not a number */
export async function summariseTask(job: Job, table: DeviceTable, task: TrainTask): Promise<DeviceColumns> {
  const { features, target } = task
  const { records } = await measure(job, table, features)
  const { labels, found } = await labelsOf(job, table, target)
  const size = features.length * RECORD
  const got = await job.download([
    { from: records, at: 0, words: size },
    { from: found, at: 0, words: 4 },
  ])
  const { positives, wrong } = toldOf(got.slice(size))
  if (wrong !== undefined) throw badLabel(wrong, target)
  checkClasses({ rows: table.rows, positives }, target)
  const columns = features.map((name, i) => statsOf(name, summaryOf(got.slice(i * RECORD, (i + 1) * RECORD)).summary))
  return { rows: table.rows, positives, columns, labels }
}

/** How a column is standardised, in f32. @throws TRAIN_DATA for one that f32 does not hold: what it makes of it is no number */
export function statsOf(name: string, { mean, variance, min, max, missing }: ColumnSummary): ColumnStats {
  if (mean === null || variance === null || min === null || max === null)
    return { mean: 0, scale: 0, low: 0, high: 0, missing }
  const scale = 1 / Math.sqrt(variance)
  const held = scale > 1e-30 && scale < 1e30 && Math.max(-min, max) < 1e30
  if (max > min && !held)
    throw new GalleyError('TRAIN_DATA', {
      what: `a device does not hold the values of "${name}"`,
      why: 'it computes in f32, and they are beyond 10³⁰, or less than 10⁻³⁰ apart',
      fix: 'scale them or take their logarithm first, or leave the column out',
      details: { column: name },
    })
  return { mean, scale: max > min ? scale : 0, low: min, high: max, missing }
}
