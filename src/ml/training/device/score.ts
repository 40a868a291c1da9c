import { cellScores } from '../../../engines/webgpu/learn/cells.ts'
import { labelsOf, linearScores, toldOf } from '../../../engines/webgpu/learn/design.ts'
import { JUDGED, judged, metricsOf, type ScoreMetrics } from '../../../engines/webgpu/learn/evaluate.ts'
import { forestScores } from '../../../engines/webgpu/learn/forest.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import { type Confusion, confusionOf } from '../../evaluation/confusion.ts'
import { readGrid } from '../baseline.ts'
import { readForest } from '../gbdt/forest.ts'
import { badLabel } from '../intake.ts'
import { readLinear } from '../logisticModel.ts'
import type { TrainedModel } from '../trainer.ts'
import { mlpScores } from './mlp.ts'

/**
 * The scores of a model for rows on the device, an f32 a row, which stay there: log odds of a baseline, a logistic model,
 * trees or a network,
 * values of a linear one. They differ from the host's by what f32 rounds, about 1e-6 of the largest term.
 * @throws MODEL_FORMAT_NEWER, STORE_CORRUPT; DeviceGap for a column that the device does not have
 */
export async function scoreOnDevice(job: Job, table: DeviceTable, model: TrainedModel): Promise<GPUBuffer> {
  if (model.kind === 'gbdt') {
    const { base, roots, test, threshold, children, values } = readForest(model)
    const [features, missingLeft] = [test.map((t) => t >> 1), test.map((t) => t & 1)]
    return forestScores(job, table, model.features, {
      ...{ base, roots, features, missingLeft, children, values },
      thresholds: threshold,
    })
  }
  if (model.kind === 'baseline') {
    const { by, axes, rates } = readGrid(model)
    return cellScores(job, table, by, axes, rates.map(logOdds))
  }
  if (model.kind === 'mlp') return mlpScores(job, table, model)
  const { intercept, columns } = readLinear(model)
  const named = columns.map((c, i) => ({ ...c, name: model.features[i] as string }))
  return linearScores(job, table, { intercept, columns: named })
}

/** A rate as log odds that an f32 holds. */
const logOdds = (rate: number): number => Math.max(-80, Math.min(80, Math.log(rate / (1 - rate))))

/** Words that say whether a label is wrong. */
const FOUND = 4

/** The part of a report that needs no score of a single row. */
export interface DeviceReport extends Omit<ScoreMetrics, 'truePositives' | 'falsePositives'> {
  readonly rows: number
  readonly confusion: Confusion
}

/** A model, and rows on the device that it is judged on. */
export interface Judging {
  readonly table: DeviceTable
  readonly model: TrainedModel
  /** 0.5 unless given. */
  readonly threshold?: number
}

/**
 * Scores rows on the device and compares with their labels there, all askings in one readback of 56 bytes each.
 * @throws TRAIN_DATA for a label that is neither 0 nor 1
 */
export async function evaluateOnDevice(asked: readonly Judging[]): Promise<DeviceReport[]> {
  const jobs: Job[] = []
  try {
    const parts: { from: GPUBuffer; at: number; words: number }[] = []
    for (const { table, model, threshold = 0.5 } of asked) {
      const job = new Job(table)
      jobs.push(job)
      const { labels, found } = await labelsOf(job, table, model.target)
      const scores = await scoreOnDevice(job, table, model)
      parts.push({ from: await judged(job, scores, labels, table.rows, threshold), at: 0, words: JUDGED })
      parts.push({ from: found, at: 0, words: FOUND })
      job.submit()
    }
    const got = (await jobs[0]?.download(parts)) ?? new Uint32Array(0)
    return asked.map(({ table: { rows }, model, threshold = 0.5 }, i) => {
      const own = got.subarray(i * (JUDGED + FOUND), (i + 1) * (JUDGED + FOUND))
      const { wrong } = toldOf(own.slice(JUDGED))
      if (wrong !== undefined) throw badLabel(wrong, model.target)
      const { truePositives, falsePositives, ...metrics } = metricsOf(own, rows)
      const counts = { rows, positives: metrics.positives, truePositives, falsePositives }
      return { rows, ...metrics, confusion: confusionOf(counts, threshold) }
    })
  } finally {
    for (const job of jobs) job.close()
  }
}
