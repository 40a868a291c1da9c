import { throwIfAborted } from '../../../base/errors.ts'
import { type DesignMatrix, designMatrix } from '../../../engines/webgpu/learn/design.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { learnNetwork, networkScores } from '../../../engines/webgpu/learn/mlp.ts'
import type { DeviceRelation, DeviceTable } from '../../../engines/webgpu/table.ts'
import type { Evaluator } from '../../../plan/evaluator.ts'
import { type ColumnStats, designOf } from '../design.ts'
import { bodyNumber, broken, checkModel, decodeBytes, decodeFloat64, decodeInt32, encodeArray } from '../model.ts'
import { type NumberParam, numberParams } from '../params.ts'
import type { TrainContext, TrainedModel, TrainTask } from '../trainer.ts'
import { summariseTask } from './columns.ts'

/** `layers` hidden layers of `units` each; `l2` is λ in the mean loss + λ/2 · Σ w². */
export const MLP_PARAMS = {
  units: { value: 16, min: 1, max: 1024, integer: true },
  layers: { value: 1, min: 1, max: 4, integer: true },
  epochs: { value: 20, min: 1, max: 10_000, integer: true },
  batch: { value: 256, min: 1, max: 65_536, integer: true },
  learningRate: { value: 0.01, min: 1e-6, max: 1 },
  l2: { value: 1e-4, min: 0, max: 1e3 },
} as const satisfies Record<string, NumberParam>

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
    const of = (pick: (c: ColumnStats) => number): string => encodeArray(Float64Array.from(columns, pick))
    return {
      format: 1,
      kind: 'mlp',
      features,
      target,
      params: { units, layers, ...params },
      body: {
        ...{ units, layers, weights: encodeArray(weights), indicators: encodeArray(Int32Array.from(indicators)) },
        ...{ mean: of((c) => c.mean), scale: of((c) => c.scale), low: of((c) => c.low), high: of((c) => c.high) },
      },
    }
  } finally {
    job.close()
  }
}

interface Mlp {
  readonly columns: readonly ColumnStats[]
  readonly indicators: readonly number[]
  readonly hidden: readonly number[]
  readonly weights: Float32Array
}

/** @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
function readMlp(model: TrainedModel): Mlp {
  checkModel(model, 'mlp')
  const { body, features } = model
  const [mean, scale, low, high] = ['mean', 'scale', 'low', 'high'].map((name) => decodeFloat64(body, name))
  const at = (values: Float64Array | undefined, f: number) => values?.[f] ?? 0
  const columns = features.map((_, f) => ({
    ...{ mean: at(mean, f), scale: at(scale, f), low: at(low, f), high: at(high, f), missing: 0 },
  }))
  const hidden = new Array<number>(bodyNumber(body, 'layers')).fill(bodyNumber(body, 'units'))
  const indicators = Array.from(decodeInt32(body, 'indicators'))
  const weights = new Float32Array(decodeBytes(body, 'weights'))
  let [inputs, size] = [features.length + indicators.length, 0]
  for (const outputs of [...hidden, 1]) {
    size += (inputs + 1) * outputs
    inputs = outputs
  }
  if (size !== weights.length) throw broken('its layers and weights disagree')
  return { columns, indicators, hidden, weights }
}

/** The model made ready to score on the host, in float64. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function loadMlp(model: TrainedModel): Evaluator {
  const { columns, indicators, hidden, weights } = readMlp(model)
  const inputOf = (row: (f: number) => number): number[] => [
    ...columns.map(({ mean, scale, low, high }, f) => {
      const x = row(f)
      if (Number.isNaN(x)) return 0
      return ((x === Number.POSITIVE_INFINITY ? high : x === Number.NEGATIVE_INFINITY ? low : x) - mean) * scale
    }),
    ...indicators.map((f) => Number(Number.isNaN(row(f)))),
  ]
  const score = (row: (f: number) => number): number => {
    let values = inputOf(row)
    let at = 0
    for (const outputs of [...hidden, 1]) {
      const last = at + outputs * (values.length + 1)
      const next: number[] = []
      for (; at < last; at += values.length + 1) {
        let sum = weights[at + values.length] as number
        for (let i = 0; i < values.length; i++) sum += (weights[at + i] as number) * (values[i] as number)
        next.push(last === weights.length ? sum : Math.max(sum, 0))
      }
      values = next
    }
    return 1 / (1 + Math.exp(-(values[0] as number)))
  }
  return {
    kind: 'mlp',
    inputs: model.features,
    outputs: 1,
    one: (row) => score((f) => row[f] as number),
    many: (values, rows, out) => {
      for (let i = 0; i < rows; i++) out[i] = score((f) => (values[f] as Float64Array)[i] as number)
    },
  }
}

/** The log odds of rows on the device; they stay there. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT; DeviceGap */
export async function mlpScores(job: Job, table: DeviceTable, model: TrainedModel): Promise<GPUBuffer> {
  const { columns, indicators, hidden, weights } = readMlp(model)
  const design: DesignMatrix = await designMatrix(job, table, model.features, columns, indicators)
  return networkScores(job, design, hidden, weights)
}
