/// <reference types="@webgpu/types" />
import type { DeviceTable } from '../table.ts'
import { DeviceGap } from '../wgsl/emit.ts'
import { binned, binWords } from './binned.ts'
import { DOUBLE } from './double.ts'
import { EDGES } from './edges.ts'
import { orderOf } from './histogram.ts'
import { type Job, read, write } from './job.ts'
import { NUMBERS } from './numbers.ts'

/** Trees as flat arrays: a row goes left where its value ≤ the threshold, a missing one where \`missingLeft\` says so. */
export interface FlatForest {
  readonly base: number
  /** A tree's first node; below zero it is value ~root. */
  readonly roots: ArrayLike<number>
  readonly features: ArrayLike<number>
  readonly missingLeft: ArrayLike<number>
  readonly thresholds: ArrayLike<number>
  /** Left and right child of node i at 2i and 2i + 1; below zero it is value ~child. */
  readonly children: ArrayLike<number>
  readonly values: ArrayLike<number>
}

/** Four words a node: feature and where missing values go, the last bin that goes left, children. */
const SCORE = `${NUMBERS}${DOUBLE}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  var s = vec2f(bitcast<f32>(about[3]), 0.0);
  for (var tree = 0u; tree < about[2]; tree++) {
    var node = bitcast<i32>(nodes[tree]);
    while (node >= 0) {
      let at = about[2] + u32(node) * 4u;
      let how = nodes[at];
      let missingLeft = how & 1u;
      let bin = (bins[(how >> 1u) * about[1] + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u;
      let left = ((bin + missingLeft) & 255u) <= nodes[at + 1u] + missingLeft;
      node = bitcast<i32>(select(nodes[at + 3u], nodes[at + 2u], left));
    }
    let sum = twoSum(s.x, values[u32(~node)]);
    s = vec2f(sum.x, s.y + sum.y);
  }
  score[row] = s.x + s.y;
}`

/**
 * The scores of trees for rows on the device, an f32 a row, which stay there: columns are cut at the trees' own
 * thresholds, exactly, and bins are compared.
 * @throws DeviceGap for a feature that is split at more than 254 values
 */
export async function forestScores(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  forest: FlatForest,
): Promise<GPUBuffer> {
  const { rows } = table
  const { base, roots, features, missingLeft, thresholds, children, values } = forest
  const found = names.map(() => new Set<number>())
  for (let i = 0; i < features.length; i++) {
    const limit = thresholds[i] as number
    // nothing lies beyond infinity: it is the bin behind the last border
    if (limit < Number.POSITIVE_INFINITY) found[features[i] as number]?.add(limit)
  }
  const cuts = found.map((limits) => Float64Array.from(limits).sort())
  if (cuts.some((c) => c.length > EDGES - 2))
    throw new DeviceGap('predict', 'a feature is split at more than 254 values, which the device has no bins for')
  const keys = job.upload(Math.max(1, cuts.length) * EDGES * 2, (to) => {
    for (const [f, c] of cuts.entries()) to.set(orderOf(c), f * EDGES * 2)
  })
  const counts = job.list(cuts.map((c) => c.length))
  const bins = await binned(job, table, names, { keys, counts })
  const places = cuts.map((c) => new Map(Array.from(c, (limit, i) => [limit, i] as const)))
  const nodes = job.upload(roots.length + features.length * 4, (to) => {
    to.set(Array.from(roots))
    for (let i = 0, at = roots.length; i < features.length; i++, at += 4) {
      const f = features[i] as number
      const bin = places[f]?.get(thresholds[i] as number) ?? cuts[f]?.length ?? 0
      to.set([f * 2 + (missingLeft[i] as number), bin, children[i * 2] as number, children[i * 2 + 1] as number], at)
    }
  })
  const leaves = job.upload(values.length, (to) => to.set(new Uint32Array(Float32Array.from(values).buffer)))
  const out = job.buffer(rows)
  const start = new Uint32Array(Float32Array.of(base).buffer)[0] as number
  const about = read(job.words(rows, binWords(rows), roots.length, start))
  const from = { bins: read(bins), nodes: read(nodes), values: read(leaves, 'f32'), about }
  await job.run(SCORE, { ...from, score: write(out, 'f32') }, rows)
  return out
}
