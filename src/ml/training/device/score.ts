import { cellScores } from '../../../engines/webgpu/learn/cells.ts'
import { labelsOf, linearScores, toldOf } from '../../../engines/webgpu/learn/design.ts'
import {
  type Asked,
  CUT_WORDS,
  cutsOf,
  JUDGED,
  judged,
  judgedOf,
  limitOf,
  type Scored,
  type ScoreMetrics,
} from '../../../engines/webgpu/learn/evaluate.ts'
import { forestScores } from '../../../engines/webgpu/learn/forest.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import { DeviceGap } from '../../../engines/webgpu/wgsl/emit.ts'
import { confusionOf } from '../../evaluation/confusion.ts'
import { type Report, reportOf } from '../../evaluation/evaluate.ts'
import { type NumericReference, referenceOfHundredths } from '../../monitoring/reference.ts'
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
    const { base, roots, test, threshold, children, values, sets } = readForest(model)
    if (sets) throw new DeviceGap('gbdt', 'trees that split by sets of categories are scored on the processor')
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

/** A model, and rows on the device that it is judged on. */
interface Judging {
  readonly table: DeviceTable
  readonly model: TrainedModel
  /** 0.5 unless given. */
  readonly threshold?: number
}

/**
 * Scores rows on the device and compares with their labels there, all askings in one readback of 324 bytes each.
 * @throws TRAIN_DATA for a label that is neither 0 nor 1
 */
export async function evaluateOnDevice(asked: readonly Judging[]): Promise<Report[]> {
  return inJobs(asked, async (job, { table, model, threshold = 0.5 }) => {
    const scored = await scoredRows(job, table, model.target, () => scoreOnDevice(job, table, model))
    const { told } = await judgedBy(job, scored, { limit: limitOf(job, threshold) })
    return {
      parts: [words(told, JUDGED), words(scored.found, FOUND)],
      tell: ([own = NONE, found = NONE]) => report(judgedOf(own, table.rows), scored, threshold, found),
    }
  })
}

/** A model's reports, the threshold that validation rows choose, and the scores of these. */
export interface Judgement {
  readonly validate: Report
  readonly test: Report
  readonly threshold: number
  readonly scores: NumericReference
}

/** A model, and the rows that it has not seen. */
interface JudgedModel {
  readonly model: TrainedModel
  readonly validate: DeviceTable
  readonly test: DeviceTable
}

/**
 * Judges models on the device, as the host does: the threshold is that of the best F1 on validation rows. All of them in
 * one readback of 1,448 bytes each. @throws TRAIN_DATA for a label that is neither 0 nor 1
 */
export async function judgeOnDevice(asked: readonly JudgedModel[]): Promise<Judgement[]> {
  return inJobs(
    asked.map((a) => ({ ...a, table: a.validate })),
    async (job, { model, validate, test }) =>
      judging(job, model.target, { scores: (table) => scoreOnDevice(job, table, model) }, { validate, test }),
  )
}

/** Words to bring down, and what they say. */
export interface Told<T> {
  readonly parts: readonly { from: GPUBuffer; at: number; words: number }[]
  tell(words: readonly Uint32Array[]): T
}

/** Judges a model by its scores of validation and test rows: kernels alone, what they find is yet to come down. */
export async function judging(
  job: Job,
  target: string,
  { scores }: { scores(table: DeviceTable): Promise<GPUBuffer> },
  parts: Readonly<Record<'validate' | 'test', DeviceTable>>,
): Promise<Told<Judgement>> {
  const validate = await scoredRows(job, parts.validate, target, () => scores(parts.validate))
  const test = await scoredRows(job, parts.test, target, () => scores(parts.test))
  const own = await judgedBy(job, validate, { cuts: true })
  const other = await judgedBy(job, test, { limit: own.limit })
  return {
    parts: [
      ...[words(own.told, JUDGED), words(own.cuts as GPUBuffer, CUT_WORDS), words(validate.found, FOUND)],
      ...[words(other.told, JUDGED), words(test.found, FOUND)],
    ],
    tell([first = NONE, cuts = NONE, found = NONE, second = NONE, rest = NONE]) {
      const metrics = judgedOf(first, validate.rows)
      const { at, below } = metrics.best
      // scores differ from the host's by what f32 rounds: the limit lies below them, and above the next
      const threshold = at === below ? Math.max(0, at - 1e-6) : Math.max((at + below) / 2, at - 1e-6)
      return {
        validate: report(metrics, validate, threshold, found),
        test: report(judgedOf(second, test.rows), test, threshold, rest),
        threshold,
        scores: referenceOfHundredths('score', validate.rows, { present: validate.rows, at: cutsOf(cuts) }),
      }
    },
  }
}

/** What is found of scores; the orders of rows that it takes make room again. */
const judgedBy = (job: Job, scored: Scored, asked: Asked) =>
  job.within(
    () => judged(job, scored, asked),
    ({ told, limit, cuts }) => [told, limit, ...(cuts ? [cuts] : [])],
  )

/** Words that say whether a label is wrong. */
const FOUND = 4
const NONE = new Uint32Array(0)
const words = (from: GPUBuffer, n: number) => ({ from, at: 0, words: n })

/** Scores beside labels, and whether one of these is wrong. */
interface ScoredRows extends Scored {
  readonly found: GPUBuffer
  readonly target: string
}

async function scoredRows(
  job: Job,
  table: DeviceTable,
  target: string,
  scores: () => Promise<GPUBuffer>,
): Promise<ScoredRows> {
  const { labels, found } = await labelsOf(job, table, target)
  const own = await job.within(scores, (made) => [made])
  return { scores: own, labels, found, rows: table.rows, target }
}

function report(m: ScoreMetrics, { rows, target }: ScoredRows, threshold: number, found: Uint32Array): Report {
  const { wrong } = toldOf(found)
  if (wrong !== undefined) throw badLabel(wrong, target)
  const { positives, auc, averagePrecision, logLoss, brier, truePositives, falsePositives } = m
  const bins = m.bins.map(({ positives: n, ...bin }) => ({ ...bin, rate: n / bin.rows }))
  const error = bins.reduce((sum, b) => sum + (b.rows / rows) * Math.abs(b.meanScore - b.rate), 0)
  return reportOf({
    ...{ rows, positives, rate: rows === 0 ? null : positives / rows, auc, averagePrecision, logLoss, brier },
    calibration: { bins, error: rows === 0 ? null : error },
    confusion: confusionOf({ rows, positives, truePositives, falsePositives }, threshold),
  })
}

/** Each in a job of its own, all in one readback. */
async function inJobs<A extends { readonly table: DeviceTable }, T>(
  asked: readonly A[],
  work: (job: Job, one: A) => Promise<Told<T>>,
): Promise<T[]> {
  const jobs: Job[] = []
  try {
    const told: Told<T>[] = []
    for (const one of asked) {
      const job = new Job(one.table)
      jobs.push(job)
      told.push(await work(job, one))
      job.submit()
    }
    const got = (await jobs[0]?.download(told.flatMap((t) => t.parts))) ?? NONE
    let at = 0
    return told.map((t) => t.tell(t.parts.map((p) => got.slice(at, (at += p.words)))))
  } finally {
    for (const job of jobs) job.close()
  }
}
