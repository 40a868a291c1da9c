/// <reference types="@webgpu/types" />
import { DeviceFault } from '../device.ts'
import { PRELUDE } from '../wgsl/prelude.ts'
import type { DesignMatrix } from './design.ts'
import { type Job, read, write } from './job.ts'
import { RANDOM } from './random.ts'

/** A network of full layers: inputs are a design's columns, whose last one is 1; hidden units are max(0, x); one output. */
export interface Network {
  readonly inputs: number
  readonly hidden: readonly number[]
}

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

/** A layer: how many go in (the bias is the last of them), how many come out, where its weights and its outputs begin. */
interface Layer {
  readonly inputs: number
  readonly outputs: number
  readonly weights: number
  readonly units: number
}

function layersOf({ inputs, hidden }: Network): Layer[] {
  let weights = 0
  let units = 0
  let before = inputs - 1
  return [...hidden, 1].map((outputs) => {
    const layer = { inputs: before + 1, outputs, weights, units }
    weights += outputs * layer.inputs
    units += outputs
    before = outputs
    return layer
  })
}

/** Weights that a network has. */
export const weightsOf = (network: Network): number => layersOf(network).reduce((n, l) => n + l.inputs * l.outputs, 0)

/** \`about\`: rows, (unused), rows of a batch, stride of their order, seed, learning rate, weights, λ. */
const ABOUT = /* wgsl */ `
fn setting(i: u32) -> f32 { return bitcast<f32>(about[i]); }
fn input(row: u32, j: u32) -> f32 { return design[((j >> 2u) * about[0] + row) * 4u + (j & 3u)]; }
`
/** Unit \`u\` of a layer for sample \`s\` lies at (first + u) · samples + s. */
const forward = (layers: readonly Layer[], samples: string): string =>
  layers
    .map((l, k) => {
      const from = k === 0 ? 'input(row, i)' : `units[(${(layers[k - 1] as Layer).units}u + i) * ${samples} + s]`
      return `for (var u = 0u; u < ${l.outputs}u; u++) {
    let w = ${l.weights}u + u * ${l.inputs}u;
    var sum = weights[w + ${l.inputs - 1}u];
    for (var i = 0u; i < ${l.inputs - 1}u; i++) { sum += weights[w + i] * ${from}; }
    units[(${l.units}u + u) * ${samples} + s] = ${k === layers.length - 1 ? 'sum' : 'max(sum, 0.0)'};
  }`
    })
    .join('\n  ')

const BEGIN = `${PRELUDE}${RANDOM}
fn main(i: u32) {
  if (i >= about[6]) { return; }
  // uniform with the variance 2 / inputs (He et al. 2015); biases begin at 0
  let layer = first[i];
  let width = sqrt(6.0 / f32(layer));
  weights[i] = select((uniform_(vec2u(i, 0x6d6c70u), about[4]) * 2.0 - 1.0) * width, 0.0, layer == 0u);
}`

/** A sample's units, then what the loss rises with each of them; \`state\`: batches so far, and one more. */
const sampleCode = (layers: readonly Layer[]): string => {
  const back = layers
    .slice(0, -1)
    .map((l, k) => {
      const next = layers[k + 1] as Layer
      return `for (var u = 0u; u < ${l.outputs}u; u++) {
    let at = (${l.units}u + u) * samples + s;
    var sum = 0.0;
    for (var v = 0u; v < ${next.outputs}u; v++) {
      sum += weights[${next.weights}u + v * ${next.inputs}u + u] * slopes[(${next.units}u + v) * samples + s];
    }
    slopes[at] = select(0.0, sum, units[at] > 0.0);
  }`
    })
    .reverse()
  const out = layers.at(-1) as Layer
  return `${ABOUT}
fn main(s: u32) {
  let samples = about[2];
  if (s == 0u) { state[1] = state[0] + 1u; }
  if (s >= samples) { return; }
  // rows of a batch lie far from each other, in an order that is always the same
  let batches = (about[0] + samples - 1u) / samples;
  let place = (state[0] % batches) * samples + s;
  if (place >= about[0]) { return; }
  let last = ${out.units}u * samples + s;
  let row = order[place];
  ${forward(layers, 'samples')}
  let o = units[last];
  let z = exp(-min(abs(o), 80.0));
  let p = select(z / (1.0 + z), 1.0 / (1.0 + z), o >= 0.0);
  slopes[last] = p - f32(labels[row]);
  ${back.join('\n  ')}
}`
}

/** A weight's step by Adam (Kingma and Ba 2015), its slope summed over the batch in the order of its samples. */
const stepCode = (layers: readonly Layer[]): string => {
  const places = layers.map((l, k) => {
    const own = `let k = i - ${l.weights}u; let u = k / ${l.inputs}u; let j = k % ${l.inputs}u;`
    const value =
      k === 0 ? 'input(order[place + s], j)' : `units[(${(layers[k - 1] as Layer).units}u + j) * samples + s]`
    return `if ((i >= ${l.weights}u) & (i < ${l.weights + l.inputs * l.outputs}u)) {
    ${own}
    for (var s = 0u; s < count; s++) {
      var x = 1.0;
      if (j < ${l.inputs - 1}u) { x = ${value}; }
      sum += slopes[(${l.units}u + u) * samples + s] * x;
    }
    penalty = select(setting(7u) * weights[i], 0.0, j == ${l.inputs - 1}u);
  }`
  })
  return `${ABOUT}
fn main(i: u32) {
  if (i == 0u) { state[0] = state[1]; }
  if (i >= about[6]) { return; }
  let samples = about[2];
  let batches = (about[0] + samples - 1u) / samples;
  let done = state[1];
  let place = ((done - 1u) % batches) * samples;
  let count = min(samples, about[0] - place);
  var sum = 0.0;
  var penalty = 0.0;
  ${places.join('\n  ')}
  let g = sum / f32(count) + penalty;
  let m = 0.9 * moments[i * 2u] + 0.1 * g;
  let v = 0.999 * moments[i * 2u + 1u] + 0.001 * g * g;
  moments[i * 2u] = m;
  moments[i * 2u + 1u] = v;
  let t = f32(done);
  let rate = setting(5u) * sqrt(1.0 - exp2(t * -0.0014434168696687186)) / (1.0 - exp2(t * -0.15200309344504997));
  weights[i] -= rate * m / (sqrt(v) + 1e-8);
}`
}

/** Rows in an order in which neighbours lie far apart: multiples of a number that shares no factor with theirs. */
const ORDER = /* wgsl */ `
fn main(i: u32) {
  if (i >= about[0]) { return; }
  // i · about[3] modulo the rows, by doubling, so that nothing overflows
  var left = i;
  var term = about[3] % about[0];
  var sum = 0u;
  while (left > 0u) {
    if ((left & 1u) == 1u) { sum = (sum + term) % about[0]; }
    term = (term * 2u) % about[0];
    left >>= 1u;
  }
  order[i] = sum;
}`

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

const scoreCode = (layers: readonly Layer[]): string => `${ABOUT}
fn main(s: u32) {
  if (s >= about[0]) { return; }
  let row = s;
  ${forward(layers, 'about[0]')}
  score[s] = units[${(layers.at(-1) as Layer).units}u * about[0] + s];
}`

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
