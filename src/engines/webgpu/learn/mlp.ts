/// <reference types="@webgpu/types" />
import { DeviceFault } from '../device.ts'
import type { DesignMatrix } from './design.ts'
import { type Job, read, write } from './job.ts'
import { BEGIN, layersOf, ORDER, sampleCode, scoreCode, stepCode, weightsOf } from './network.ts'

export interface NetworkTask {
  readonly design: DesignMatrix
  /** 0 or 1 a row. */
  readonly labels: GPUBuffer
  readonly hidden: readonly number[]
  readonly epochs: number
  readonly batch: number
  readonly learningRate: number
  /** λ in loss + λ/2 · Σ w², a row; biases apart. */
  readonly l2: number
  readonly seed: number
}

function strideOf(rows: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
  let stride = Math.max(1, Math.round(rows * 0.6180339887))
  while (gcd(stride, rows) !== 1) stride++
  return stride
}

const float = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0] as number

/**
 * Learns the weights of a network on the device by Adam over batches in a fixed order: a kernel for the samples of a
 * batch, one for the weights. One readback brings the weights down. \`between\` is told the epochs that are done.
 * @throws DeviceFault when the kernels did not run
 */
export async function learnNetwork(
  job: Job,
  { design, labels, ...task }: NetworkTask,
  between: (epochs: number) => void,
): Promise<Float32Array> {
  const { rows, width, values } = design
  const network = { inputs: width, hidden: task.hidden }
  const layers = layersOf(network)
  const count = weightsOf(network)
  const units = layers.reduce((n, l) => n + l.outputs, 0)
  const samples = Math.min(task.batch, rows)
  const words = [rows, 0, samples, strideOf(rows), task.seed >>> 0, float(task.learningRate), count, float(task.l2)]
  const about = read(job.words(...words))
  const [weights, moments, state] = [job.buffer(count), job.buffer(count * 2), job.buffer(2)]
  const [outputs, slopes, order] = [job.buffer(units * samples), job.buffer(units * samples), job.buffer(rows)]
  const inputsOf = layers.flatMap((l) => Array.from({ length: l.outputs * l.inputs }, (_, i) => (i % l.inputs === l.inputs - 1 ? 0 : l.inputs - 1))) // biome-ignore format: one line
  const first = job.upload(count, (to) => to.set(inputsOf))
  await job.run(BEGIN, { about, first: read(first), weights: write(weights, 'f32') }, count)
  await job.run(ORDER, { about, order: write(order) }, rows)
  const common = { about, design: read(values, 'f32'), order: read(order), state: write(state) }
  const sample = await job.prepare(sampleCode(layers), {
    ...{ ...common, weights: read(weights, 'f32'), labels: read(labels), units: write(outputs, 'f32') },
    slopes: write(slopes, 'f32'),
  })
  const step = await job.prepare(stepCode(layers), {
    ...{ ...common, weights: write(weights, 'f32'), moments: write(moments, 'f32'), units: read(outputs, 'f32') },
    slopes: read(slopes, 'f32'),
  })
  const batches = Math.ceil(rows / samples)
  for (let epoch = 1; epoch <= task.epochs; epoch++) {
    for (let b = 0; b < batches; b++) {
      job.go(sample, samples)
      job.go(step, count)
    }
    await job.settled()
    between(epoch)
  }
  const got = await job.download([
    { from: state, at: 0, words: 1 },
    { from: weights, at: 0, words: count },
  ])
  if (got[0] !== batches * task.epochs) throw new DeviceFault('the device did not run the kernel')
  return new Float32Array(got.slice(1).buffer)
}

/** The log odds that a network gives rows on the device, an f32 each; they stay there. */
export async function networkScores(
  job: Job,
  { rows, width, values }: DesignMatrix,
  hidden: readonly number[],
  weights: ArrayLike<number>,
): Promise<GPUBuffer> {
  const layers = layersOf({ inputs: width, hidden })
  const out = job.buffer(rows)
  const units = job.buffer(layers.reduce((n, l) => n + l.outputs, 0) * rows)
  const held = job.upload(weights.length, (to) => to.set(new Uint32Array(Float32Array.from(weights).buffer)))
  const from = { about: read(job.words(rows)), design: read(values, 'f32'), weights: read(held, 'f32') }
  await job.run(scoreCode(layers), { ...from, units: write(units, 'f32'), score: write(out, 'f32') }, rows)
  return out
}
