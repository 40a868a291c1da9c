import type { Evaluator } from '../../plan/evaluator.ts'
import { BINARY } from '../../runs/goal.ts'
import type { ColumnStats } from './design.ts'
import { bodyNumber, broken, checkModel, decodeBytes, decodeFloat64, decodeInt32, encodeArray, largest, outputsOf } from './model.ts' // biome-ignore format: one line
import type { NumberParam } from './params.ts'
import { softmaxInPlace } from './softmax.ts'
import type { TrainedModel } from './trainer.ts'

/** `layers` hidden layers of `units` each; `l2` is λ in the mean loss + λ/2 · Σ w². */
export const MLP_PARAMS = {
  units: { value: 16, min: 1, max: 1024, integer: true },
  layers: { value: 1, min: 1, max: 4, integer: true },
  epochs: { value: 20, min: 1, max: 10_000, integer: true },
  batch: { value: 256, min: 1, max: 65_536, integer: true },
  learningRate: { value: 0.01, min: 1e-6, max: 1 },
  l2: { value: 1e-4, min: 0, max: 1e3 },
} as const satisfies Record<string, NumberParam>

/** The farthest that a standardised value counts. */
export const FAR = 1e30

/** A network as it is read: of every layer, for each of its outputs, the weights of its inputs and then its intercept. */
export interface Mlp {
  readonly columns: readonly ColumnStats[]
  readonly indicators: readonly number[]
  readonly hidden: readonly number[]
  readonly weights: Float32Array
}

/** The body of a network; of a regression `shift` and `spread` turn its output into the number. */
export function mlpBody(
  { units, layers }: { readonly units: number; readonly layers: number },
  columns: readonly ColumnStats[],
  indicators: readonly number[],
  weights: Float32Array,
  number?: { readonly shift: number; readonly spread: number },
): TrainedModel['body'] {
  const of = (pick: (c: ColumnStats) => number): string => encodeArray(Float64Array.from(columns, pick))
  return {
    ...{ units, layers, weights: encodeArray(weights), indicators: encodeArray(Int32Array.from(indicators)) },
    ...{ mean: of((c) => c.mean), scale: of((c) => c.scale), low: of((c) => c.low), high: of((c) => c.high) },
    ...number,
  }
}

/** Weights of layers from `inputs` on. */
export const weightsOf = (inputs: number, outputs: readonly number[]): number =>
  outputs.reduce(({ size, from }, to) => ({ size: size + (from + 1) * to, from: to }), { size: 0, from: inputs }).size

/** @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function readMlp(model: TrainedModel): Mlp {
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
  if (weightsOf(features.length + indicators.length, [...hidden, outputsOf(model)]) !== weights.length)
    throw broken('its layers and weights disagree')
  return { columns, indicators, hidden, weights }
}

/** The model made ready to score on the host, in float64. @throws MODEL_FORMAT_NEWER, STORE_CORRUPT */
export function loadMlp(model: TrainedModel): Evaluator {
  const { columns, indicators, hidden, weights } = readMlp(model)
  const n = outputsOf(model)
  const { goal = BINARY, body } = model
  const sizes = [columns.length + indicators.length, ...hidden, n]
  const layers = sizes.map((size) => new Float64Array(size))
  const put = (f: number, x: number): void => {
    const { mean, scale, low, high } = columns[f] as ColumnStats
    const within = x === Number.POSITIVE_INFINITY ? high : x === Number.NEGATIVE_INFINITY ? low : x
    const inputs = layers[0] as Float64Array
    // what is far from all that was seen must not make infinities of the layers
    inputs[f] = Number.isNaN(x) ? 0 : Math.max(-FAR, Math.min(FAR, (within - mean) * scale))
    const indicator = indicators.indexOf(f)
    if (indicator >= 0) inputs[columns.length + indicator] = Number(Number.isNaN(x))
  }
  /** The answer to the row that was put, into `out` from `at` on. */
  const answer = (out: Float64Array, at: number): void => {
    let w = 0
    for (let l = 1; l < layers.length; l++) {
      const [from, to] = [layers[l - 1] as Float64Array, layers[l] as Float64Array]
      for (let o = 0; o < to.length; o++, w += from.length + 1) {
        let sum = weights[w + from.length] as number
        for (let i = 0; i < from.length; i++) sum += (weights[w + i] as number) * (from[i] as number)
        to[o] = l === layers.length - 1 ? sum : Math.max(sum, 0)
      }
    }
    const last = layers.at(-1) as Float64Array
    out.set(last, at)
    if (goal.kind === 'multiclass') softmaxInPlace(out, at, n)
    else if (goal.kind === 'binary') out[at] = 1 / (1 + Math.exp(-(last[0] as number)))
    else out[at] = bodyNumber(body, 'shift') + bodyNumber(body, 'spread') * (last[0] as number)
  }
  const own = new Float64Array(n)
  return {
    kind: 'mlp',
    inputs: model.features,
    outputs: n,
    one: (row, out = own) => {
      for (let f = 0; f < columns.length; f++) put(f, row[f] as number)
      const to = n === 1 ? own : out
      answer(to, 0)
      return n === 1 ? (own[0] as number) : largest(out, 0, n)
    },
    many: (values, rows, out) => {
      for (let i = 0; i < rows; i++) {
        for (let f = 0; f < columns.length; f++) put(f, (values[f] as Float64Array)[i] as number)
        answer(out, i * n)
      }
    },
  }
}
