/// <reference types="@webgpu/types" />
import type { DeviceTable } from '../table.ts'
import { BETWEEN } from './between.ts'
import { zeroBits } from './histogram.ts'
import { type Job, read, shared, write } from './job.ts'
import { columnOf, NUMBERS, widen } from './numbers.ts'
import { sort } from './sort.ts'
import { sumsBefore } from './sums.ts'

/** Edges a feature has room for. */
export const EDGES = 256

/** Borders of features' bins: at most 255 a feature, each as its place in the order of float64. */
export interface Edges {
  readonly keys: GPUBuffer
  /** How many each feature has. */
  readonly counts: GPUBuffer
  /** How many values of the sample each feature has. */
  readonly present: GPUBuffer
}

/** Which rows the borders are found on: those whose hashed number is below `bound`; `rows` of them. */
export interface RowSample {
  readonly salt: number
  /** 2³² for all rows. */
  readonly bound: number
  readonly rows: number
}

const HASH = /* wgsl */ `
fn mix(value: u32) -> u32 {
  var h = value;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
fn kept(row: u32) -> bool { return (about[3] == 0u) | (mix(row ^ about[2]) < about[3]); }
`
/** \`about\`: rows, rows of the sample, salt, bound (0 for all). */
const PLACES = `${HASH}
fn main(row: u32) { if (row < about[0]) { places[row] = u32(kept(row)); } }`
const TAKE = `${NUMBERS}${HASH}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  if (kept(row)) { keys[places[row]] = order64(column[row]); }
}`

const MISSING = 'fn absent(key: vec2u) -> bool { return (key.x & key.y) == 0xffffffffu; }'
/** Where each different value begins among the sorted ones. */
const HEADS = `${MISSING}
fn head(i: u32) -> bool {
  let key = keys[i];
  let before = keys[max(i, 1u) - 1u];
  return !absent(key) & ((i == 0u) | (((key.x ^ before.x) | (key.y ^ before.y)) != 0u));
}
`
const FLAG = `${HEADS}
fn main(i: u32) { if (i < about[1]) { ranks[i] = u32(head(i)); } }`
const STARTS = `${HEADS}
fn main(i: u32) {
  if (i >= about[1]) { return; }
  let rank = ranks[i];
  let own = head(i);
  if (own) { starts[rank] = i; }
  let key = keys[i];
  let next = keys[min(i + 1u, about[1] - 1u)];
  if (!absent(key) & ((i + 1u == about[1]) | absent(next))) {
    starts[rank + u32(own)] = i + 1u;
    found[0] = i + 1u;
    found[1] = rank + u32(own);
  }
}`
/** Values that fill a bin alone. */
const BIG = /* wgsl */ `
fn main(i: u32) {
  if (i >= about[1]) { return; }
  let count = starts[i + 1u] - starts[i];
  let is = (i < found[1]) & (count * most[1] >= found[0]);
  big[i] = u32(is);
  if (is) { atomicAdd(&rest[0], count); atomicAdd(&rest[1], 1u); }
}`

/**
 * Cuts the different values into bins of about the same number of rows, as \`binEdges\` does on the host, in one thread:
 * what it looks for is found by halving, so that its steps are as many as there are bins.
 */
const CUT = `${NUMBERS}${BETWEEN}
fn main(row: u32) {
  if (row != 0u) { return; }
  let n = found[0];
  let values = found[1];
  let base = most[0] * ${EDGES}u;
  if (values < 2u) { return; }
  // few values have a bin each
  let few = values <= most[1];
  var left = n - rest[0];
  var bins = most[1] - rest[1];
  // the mean is target / bins, in whole numbers
  var target_ = left;
  var share = max(bins, 1u);
  var made = 0u;
  var first = 0u;
  loop {
    var i = made;
    var nextBig = values;
    if (!few) {
      // the first big value from here on
      var low = first; var high = values;
      while (low < high) {
        let middle = (low + high) >> 1u;
        if (big[middle + 1u] > big[first]) { high = middle; } else { low = middle + 1u; }
      }
      nextBig = low;
      // the first value with which the bin holds the mean
      low = first; high = values;
      while (low < high) {
        let middle = (low + high) >> 1u;
        if ((starts[middle + 1u] - starts[first]) * share >= target_) { high = middle; } else { low = middle + 1u; }
      }
      i = min(low, nextBig);
      if ((nextBig < values) & (nextBig > first)) {
        let filled = starts[nextBig] - starts[first];
        if (filled * share * 2u >= target_) { i = min(i, nextBig - 1u); }
      }
    }
    if ((i + 1u >= values) | (!few & (made + 1u >= most[1]))) { break; }
    edges[base + made] = between(keys[starts[i]], keys[starts[i + 1u]]);
    made += 1u;
    if (i == nextBig) {
      left -= starts[i] - starts[first];
    } else {
      left -= starts[i + 1u] - starts[first];
      bins -= min(bins, 1u);
      target_ = left;
      share = max(bins, 1u);
    }
    first = i + 1u;
  }
  counts[most[0]] = made;
}`

/**
 * A sample's rows: `about` has the words that its kernels read, and `keysOf` gives a column's values as sorted places in
 * the order of float64, missing ones last, until it is called again.
 */
export async function sampling(job: Job, table: DeviceTable, sample: RowSample) {
  const { rows } = table
  const length = sample.rows
  const about = read(job.words(rows, length, sample.salt >>> 0, sample.bound >= 2 ** 32 ? 0 : sample.bound))
  const places = job.buffer(rows)
  await job.run(PLACES, { about, places: write(places) }, rows)
  ;(await sumsBefore(job, places, Math.max(1, rows)))()
  const column = job.buffer(rows * 2)
  const own = job.buffer(length * 2)
  return {
    about,
    async keysOf(name: string): Promise<GPUBuffer> {
      const source = columnOf(table, name)
      await widen(job, table, source, column)
      const taken = { column: read(column, 'vec2u'), about, places: read(places), keys: write(own, 'vec2u') }
      await job.run(TAKE, taken, rows)
      return (await sort(job, { keys: own, payload: null, length, words: 2, skip: zeroBits(source) })).keys
    },
  }
}

/**
 * Finds the borders of the bins of columns on the device: the same float64 numbers as \`binEdges\` finds on the host.
 * Nothing comes down. @throws DeviceGap for a column that is not a number
 */
export async function cutEdges(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  maxBins: number,
  sample: RowSample,
): Promise<Edges> {
  const length = sample.rows
  const keys = job.buffer(names.length * EDGES * 2)
  const [counts, present] = [job.buffer(names.length), job.buffer(names.length)]
  const { about, keysOf } = await sampling(job, table, sample)
  const [starts, ranks, found, rest] = [job.buffer(length + 1), job.buffer(length + 1), job.buffer(2), job.buffer(2)]
  const add = await sumsBefore(job, ranks, length + 1)
  for (const [f, name] of names.entries()) {
    const sorted = read(await keysOf(name), 'vec2u')
    for (const used of [starts, ranks, found, rest]) job.clear(used)
    await job.run(FLAG, { keys: sorted, about, ranks: write(ranks) }, length)
    add()
    await job.run(
      STARTS,
      { keys: sorted, about, ranks: read(ranks), starts: write(starts), found: write(found) },
      length,
    )
    const common = { starts: read(starts), found: read(found), most: read(job.words(f, maxBins)) }
    await job.run(BIG, { ...common, about, big: write(ranks), rest: shared(rest) }, length)
    add()
    const last = {
      keys: sorted,
      big: read(ranks),
      rest: read(rest),
      edges: write(keys, 'vec2u'),
      counts: write(counts),
    }
    await job.run(CUT, { ...common, ...last }, 1)
    job.copy(found, 0, present, f, 1)
  }
  return { keys, counts, present }
}

/** Numbers from their places in the order of float64, two words each. */
export function valuesOf(keys: Uint32Array): Float64Array {
  const words = new Uint32Array(keys.length)
  for (let i = 0; i < keys.length; i += 2) {
    const [low, high] = [keys[i] as number, keys[i + 1] as number]
    const positive = high >>> 31 === 1
    words[i] = positive ? low : ~low
    words[i + 1] = positive ? high & 0x7fffffff : ~high
  }
  return new Float64Array(words.buffer)
}
