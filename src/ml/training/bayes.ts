import type { Evaluator } from '../../plan/evaluator.ts'
import { featureStats } from './design.ts'
import { checkColumns, checkSameRows } from './intake.ts'
import { labelledBatches, readTargets } from './labels.ts'
import { broken, checkModel, decodeFloat64, encodeArray, largest, modelOf, outputsOf } from './model.ts'
import { type NumberParam, numberParams } from './params.ts'
import { softmaxInPlace } from './softmax.ts'
import type { TrainContext, TrainedModel, Trainer, TrainTask } from './trainer.ts'

/** A share of the largest variance that is added to all of them, as scikit-learn's `var_smoothing`. */
const BAYES_PARAMS = { smoothing: { value: 1e-9, min: 0, max: 1 } } as const satisfies Record<string, NumberParam>

/**
 * Naive Bayes: each feature is normal within a class, apart from all others (Chan, Golub, LeVeque 1979 for the sums). A missing value says
 * nothing, in training and after; an infinite one counts as the end of the range, as one beyond it does.
 */
export const naiveBayes: Trainer = { kind: 'naiveBayes', goals: ['binary', 'multiclass'], train, load }

async function train(task: TrainTask, ctx: TrainContext): Promise<TrainedModel> {
  const { smoothing } = numberParams('naiveBayes', task.params, BAYES_PARAMS)
  checkColumns(task)
  const targets = await readTargets(task.train, task, ctx.signal)
  const { columns } = await featureStats(task.train, task.features, ctx.signal)
  const [p, n] = [columns.length, targets.byClass.length]
  const [weight, mean, square] = [new Float64Array(n * p), new Float64Array(n * p), new Float64Array(n * p)]
  let read = 0
  for await (const batch of labelledBatches(task.train, task.features, task, targets.classes, ctx.signal)) {
    for (const [f, { low, high }] of columns.entries()) {
      const values = batch.feature(f)
      for (let i = 0; i < batch.rows; i++) {
        const raw = values[i] as number
        const w = batch.w?.[i] ?? 1
        if (Number.isNaN(raw) || w === 0) continue
        const x = Math.max(low, Math.min(high, raw))
        const at = (batch.y[i] as number) * p + f
        const all = (weight[at] as number) + w
        const apart = x - (mean[at] as number)
        weight[at] = all
        mean[at] = (mean[at] as number) + (apart * w) / all
        square[at] = (square[at] as number) + w * apart * (x - (mean[at] as number))
      }
    }
    read += batch.rows
    ctx.progress({ done: read, total: targets.rows, unit: 'rows' })
  }
  checkSameRows(targets.rows, read)
  const own = square.map((s, at) => ((weight[at] as number) > 0 ? s / (weight[at] as number) : 0))
  const most = columns.reduce((top, c) => Math.max(top, c.scale > 0 ? 1 / c.scale ** 2 : 0), 0)
  // 0: the feature is constant, or a class has none of its values, and it says nothing
  const variance = own.map((v, at) => {
    const known = Array.from({ length: n }, (_, k) => (weight[k * p + (at % p)] as number) > 0).every(Boolean)
    return known && (columns[at % p]?.scale ?? 0) > 0 ? Math.min(Number.MAX_VALUE / 4, v + smoothing * most) : 0
  })
  const of = (pick: 'low' | 'high'): string => encodeArray(Float64Array.from(columns, (c) => c[pick]))
  return modelOf(
    'naiveBayes',
    task,
    targets,
    { smoothing },
    {
      priors: encodeArray(targets.byClass.map((c) => Math.log(c / targets.weight))),
      ...{ mean: encodeArray(mean), variance: encodeArray(variance), low: of('low'), high: of('high') },
    },
  )
}

/** A model as it is read: logarithms of the classes' shares, means and variances of one class after the other, ranges of the features. */
export interface Bayes {
  readonly priors: Float64Array
  readonly mean: Float64Array
  readonly variance: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
}

/** @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function readBayes(model: TrainedModel): Bayes {
  checkModel(model, 'naiveBayes')
  const [priors, mean, variance, low, high] = ['priors', 'mean', 'variance', 'low', 'high'].map((name) => decodeFloat64(model.body, name)) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array] // biome-ignore format: one line
  const [p, n] = [model.features.length, priors.length]
  const outputs = outputsOf(model)
  if (mean.length !== n * p || variance.length !== n * p || high.length !== p || (outputs > 1 && outputs !== n))
    throw broken('its features and classes disagree')
  return { priors, mean, variance, low, high }
}

function load(model: TrainedModel): Evaluator {
  const { priors, mean, variance, low, high } = readBayes(model)
  const [p, n] = [model.features.length, priors.length]
  const outputs = outputsOf(model)
  /** What a feature says of each class, its mean over classes taken off; a class of variance 0 among them says that it says nothing. */
  const say = (f: number, raw: number, terms: Float64Array): boolean => {
    if (Number.isNaN(raw)) return false
    const x = Math.max(low[f] as number, Math.min(high[f] as number, raw))
    let sum = 0
    for (let k = 0; k < n; k++) {
      const v = variance[k * p + f] as number
      if (v === 0) return false
      const own = Math.max(-1e200, -0.5 * (Math.log(2 * Math.PI * v) + (x - (mean[k * p + f] as number)) ** 2 / v))
      terms[k] = own
      sum += own / n
    }
    for (let k = 0; k < n; k++) terms[k] = (terms[k] as number) - sum
    return true
  }
  const terms = new Float64Array(n)
  const scores = new Float64Array(n)
  const answer = (row: (f: number) => number, out: Float64Array, at: number): void => {
    scores.set(priors)
    for (let f = 0; f < p; f++) {
      if (!say(f, row(f), terms)) continue
      for (let k = 0; k < n; k++) scores[k] = (scores[k] as number) + (terms[k] as number)
    }
    if (outputs === 1) out[at] = 1 / (1 + Math.exp((scores[0] as number) - (scores[1] as number)))
    else {
      softmaxInPlace(scores, 0, n)
      out.set(scores, at)
    }
  }
  const own = new Float64Array(outputs)
  return {
    kind: 'naiveBayes',
    inputs: model.features,
    outputs,
    one: (row, out = own) => {
      const to = outputs === 1 ? own : out
      answer((f) => row[f] as number, to, 0)
      return outputs === 1 ? (own[0] as number) : largest(to, 0, outputs)
    },
    many: (values, rows, out) => {
      for (let i = 0; i < rows; i++) answer((f) => (values[f] as Float64Array)[i] as number, out, i * outputs)
    },
    contributions: (row, out) => {
      const told = new Float64Array(n)
      for (let f = 0; f <= p; f++) {
        if (f === p) told.set(priors)
        else if (!say(f, row[f] as number, told)) told.fill(0)
        if (outputs === 1) out[f] = (told[1] as number) - (told[0] as number)
        else for (let k = 0; k < n; k++) out[k * (p + 1) + f] = told[k] as number
      }
    },
  }
}
