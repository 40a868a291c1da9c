/// <reference types="@webgpu/types" />
import { DeviceFault } from '../../device.ts'
import type { Part } from '../../started.ts'
import { DOUBLE } from '../double.ts'
import { type Job, read, write } from '../job.ts'
import { NUMBERS } from '../numbers.ts'
import { NAMES, NODE_WORDS, treeWords } from './state.ts'

/** A grown tree. A child below zero is leaf ~child; a tree without nodes is leaf 0 alone. */
export interface DeviceTree {
  readonly feature: number[]
  readonly threshold: number[]
  readonly missingLeft: number[]
  readonly left: number[]
  readonly right: number[]
  readonly values: number[]
  readonly counts: number[]
}

/** Words of a node as it comes down: feature and where missing values go, threshold, both children. */
const PACKED = 4
const packedWords = (leaves: number): number => 1 + (leaves - 1) * PACKED + 2 * leaves

/** `about`: trees, leaves, words of a tree, those of a packed one. */
const PACK = `${NAMES}
fn main(i: u32) {
  let tree = i / about[1];
  let k = i % about[1];
  if (tree >= about[0]) { return; }
  let from_ = tree * about[2];
  let to = tree * about[3];
  let count = trees[from_];
  if (k >= count) { return; }
  if (k == 0u) { packed[to] = count; }
  let own = to + 1u + (about[1] - 1u) * ${PACKED}u + k;
  let leaf = from_ + 1u + (about[1] - 1u) * ${NODE_WORDS}u + k;
  packed[own] = trees[leaf];
  packed[own + about[1]] = trees[leaf + about[1]];
  if (k + 1u >= count) { return; }
  let node = from_ + 1u + k * ${NODE_WORDS}u;
  let at = to + 1u + k * ${PACKED}u;
  packed[at] = (trees[node + N_feature] << 1u) | trees[node + N_missingLeft];
  packed[at + 1u] = trees[node + N_thresholdLow];
  packed[at + 2u] = trees[node + N_thresholdHigh];
  packed[at + 3u] = (trees[node + N_left] & 0xffffu) | (trees[node + N_right] << 16u);
}`

/** The gains of each feature's splits in the trees of the model, as the sum of two f32. \`about\` as above, then features. */
const IMPORTANCE = `${NUMBERS}${NAMES}${DOUBLE}
fn main(feature: u32) {
  if (feature >= about[4]) { return; }
  var sum = vec2f(0.0, 0.0);
  for (var k = 0u; k < control[C_rounds]; k++) {
    let tree = k * about[2];
    for (var n = 0u; n + 1u < trees[tree]; n++) {
      let at = tree + 1u + n * ${NODE_WORDS}u;
      if (trees[at + N_feature] != feature) { continue; }
      sum = add2(sum, vec2f(bitcast<f32>(trees[at + N_gain]), bitcast<f32>(trees[at + N_gainRest])));
    }
  }
  importance[feature * 2u] = sum.x;
  importance[feature * 2u + 1u] = sum.y;
}`

/** Trees of a model as they come down, and what each feature gained. */
export interface Packed {
  readonly parts: readonly Part[]
  /** The first \`rounds\` of them. @throws DeviceFault when the kernels did not run */
  tell(words: readonly Uint32Array[], rounds: number): { readonly trees: DeviceTree[]; readonly importance: number[] }
}

/** Packs so many trees: what the kernels that grew them need beside the model stays on the device. */
export async function packTrees(
  job: Job,
  from: { readonly control: GPUBuffer; readonly trees: GPUBuffer },
  sizes: { readonly trees: number; readonly leaves: number; readonly features: number },
): Promise<Packed> {
  const { trees, leaves, features } = sizes
  const words = packedWords(leaves)
  const [packed, gains] = [job.buffer(trees * words), job.buffer(features * 2)]
  const about = read(job.words(trees, leaves, treeWords(leaves), words, features))
  await job.run(PACK, { trees: read(from.trees), about, packed: write(packed) }, trees * leaves)
  const grown = { trees: read(from.trees), control: read(from.control), about }
  await job.run(IMPORTANCE, { ...grown, importance: write(gains, 'f32') }, features)
  return {
    parts: [
      { from: packed, at: 0, words: trees * words },
      { from: gains, at: 0, words: features * 2 },
    ],
    tell([all = NONE, sums = NONE], rounds) {
      const floats = new Float32Array(sums.buffer, sums.byteOffset, sums.length)
      return {
        trees: Array.from({ length: rounds }, (_, i) => treeOf(all.slice(i * words, (i + 1) * words), leaves)),
        importance: Array.from({ length: features }, (_, f) => (floats[f * 2] ?? 0) + (floats[f * 2 + 1] ?? 0)),
      }
    },
  }
}

const NONE = new Uint32Array(0)

function treeOf(words: Uint32Array, leaves: number): DeviceTree {
  const count = words[0] ?? 0
  if (count === 0) throw new DeviceFault('the device did not run the kernel')
  const nodes = Array.from({ length: count - 1 }, (_, i) => 1 + i * PACKED)
  const of = (pick: (at: number) => number) => nodes.map(pick)
  const first = 1 + (leaves - 1) * PACKED
  return {
    feature: of((at) => (words[at] ?? 0) >>> 1),
    missingLeft: of((at) => (words[at] ?? 0) & 1),
    threshold: of((at) => new Float64Array(words.slice(at + 1, at + 3).buffer)[0] ?? 0),
    left: of((at) => ((words[at + 3] ?? 0) << 16) >> 16),
    right: of((at) => (words[at + 3] ?? 0) >> 16),
    values: Array.from(new Float32Array(words.buffer).subarray(first, first + count)),
    counts: Array.from(words.subarray(first + leaves, first + leaves + count)),
  }
}
