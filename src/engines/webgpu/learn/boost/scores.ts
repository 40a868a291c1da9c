/// <reference types="@webgpu/types" />
import { binWords } from '../binned.ts'
import { DOUBLE } from '../double.ts'
import { type Job, read, write } from '../job.ts'
import { NUMBERS } from '../numbers.ts'
import { NAMES, treeWords, valuesAt } from './state.ts'

/** `about`: rows, words of a column of bins, words of a tree, where its values begin, the score before the first tree. */
const SCORE = `${NUMBERS}${NAMES}${DOUBLE}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  var s = vec2f(bitcast<f32>(about[4]), 0.0);
  for (var k = 0u; k < control[C_rounds]; k++) {
    let tree = k * about[2];
    var node = select(0i, -1i, trees[tree] < 2u);
    while (node >= 0) {
      let at = tree + 1u + u32(node) * 9u;
      let missingLeft = trees[at + N_missingLeft];
      let own = (bins[trees[at + N_feature] * about[1] + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u;
      let left = ((own + missingLeft) & 255u) <= trees[at + N_bin] + missingLeft;
      node = bitcast<i32>(trees[at + select(N_right, N_left, left)]);
    }
    let sum = twoSum(s.x, bitcast<f32>(trees[tree + about[3] + u32(~node)]));
    s = vec2f(sum.x, s.y + sum.y);
  }
  score[row] = s.x + s.y;
}`

/** The scores of trees as they were grown, for rows as bins of the same borders; an f32 a row, which stay on the device. */
export async function scoresOf(
  job: Job,
  of: {
    readonly rows: number
    readonly bins: GPUBuffer
    readonly control: GPUBuffer
    readonly trees: GPUBuffer
    readonly leaves: number
    readonly base: number
  },
): Promise<GPUBuffer> {
  const out = job.buffer(of.rows)
  const [base = 0] = new Uint32Array(Float32Array.of(of.base).buffer)
  const words = treeWords(of.leaves)
  const about = read(job.words(of.rows, binWords(of.rows), words, valuesAt(of.leaves), base))
  const from = { bins: read(of.bins), control: read(of.control), trees: read(of.trees), about }
  await job.run(SCORE, { ...from, score: write(out, 'f32') }, of.rows)
  return out
}
