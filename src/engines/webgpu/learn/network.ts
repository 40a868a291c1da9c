import { PRELUDE } from '../wgsl/prelude.ts'
import { RANDOM } from './random.ts'

/** A network of full layers: inputs are a design's columns, whose last one is 1; hidden units are max(0, x); one output. */
export interface Network {
  readonly inputs: number
  readonly hidden: readonly number[]
}

/** A layer: how many go in (the bias is the last of them), how many come out, where its weights and its outputs begin. */
interface Layer {
  readonly inputs: number
  readonly outputs: number
  readonly weights: number
  readonly units: number
}

export function layersOf({ inputs, hidden }: Network): Layer[] {
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

export const BEGIN = `${PRELUDE}${RANDOM}
fn main(i: u32) {
  if (i >= about[6]) { return; }
  // uniform with the variance 2 / inputs (He et al. 2015); biases begin at 0
  let layer = first[i];
  let width = sqrt(6.0 / f32(layer));
  weights[i] = select((uniform_(vec2u(i, 0x6d6c70u), about[4]) * 2.0 - 1.0) * width, 0.0, layer == 0u);
}`

/** A sample's units, then what the loss rises with each of them; \`state\`: batches so far, and one more. */
export const sampleCode = (layers: readonly Layer[]): string => {
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
export const stepCode = (layers: readonly Layer[]): string => {
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
export const ORDER = /* wgsl */ `
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

export const scoreCode = (layers: readonly Layer[]): string => `${ABOUT}
fn main(s: u32) {
  if (s >= about[0]) { return; }
  let row = s;
  ${forward(layers, 'about[0]')}
  score[s] = units[${(layers.at(-1) as Layer).units}u * about[0] + s];
}`
