/// <reference types="@webgpu/types" />
import type { Part } from '../started.ts'
import type { DeviceTable } from '../table.ts'
import { binned, binWords, MISSING } from './binned.ts'
import { DOUBLE } from './double.ts'
import { EDGES, type Edges, valuesOf } from './edges.ts'
import { orderOf } from './histogram.ts'
import { type Job, read, shared, write } from './job.ts'
import { NUMBERS } from './numbers.ts'

/**
 * Counts rows and positives in the cells of a grid. `about`: rows, columns, words of a column of bins, places of an axis.
 * An axis has a place a bin, and its last for missing values.
 */
const COUNT = /* wgsl */ `
fn main(row: u32) {
  if (row >= about[0]) { return; }
  var cell = 0u;
  for (var f = 0u; f < about[1]; f++) {
    let bin = (bins[f * about[2] + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u;
    cell = cell * about[3] + select(bin, about[3] - 1u, bin == ${MISSING}u);
  }
  atomicAdd(&cells[cell * 2u], 1u);
  atomicAdd(&cells[cell * 2u + 1u], labels[row]);
}`

/** A grid over binned columns: the borders of its axes, and of each cell its rows and its positives. */
export interface Cells {
  /** Ascending, an array a column. */
  readonly axes: readonly Float64Array[]
  /** Places of each axis: its bins up to the most there may be, then one for missing values. */
  readonly places: number
  readonly rows: Float64Array
  readonly positives: Float64Array
}

/** Cells that are counted, still on the device. */
export interface Counted {
  readonly parts: readonly Part[]
  tell(words: readonly Uint32Array[]): Cells
  /** Log odds of the cells' rates for the rows of a table, an f32 a row: \`(positives + smoothing · prior) / (rows + smoothing)\`. */
  scores(table: DeviceTable, prior: number, smoothing: number): Promise<GPUBuffer>
}

/** Counts a table's rows by cell. Nothing comes down. @throws DeviceGap for a column that is not a number */
export async function countCells(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  labels: GPUBuffer,
  edges: Edges,
  maxBins: number,
): Promise<Counted> {
  const places = maxBins + 1
  const size = places ** names.length
  const cells = job.buffer(size * 2)
  const place = (rows: number) => read(job.words(rows, names.length, binWords(rows), places))
  const bins = await binned(job, table, names, edges)
  const about = place(table.rows)
  await job.run(COUNT, { bins: read(bins), labels: read(labels), about, cells: shared(cells) }, table.rows)
  return {
    parts: [
      { from: cells, at: 0, words: size * 2 },
      { from: edges.counts, at: 0, words: names.length },
      ...names.map((_, f) => ({ from: edges.keys, at: f * EDGES * 2, words: maxBins * 2 })),
    ],
    tell([counted = NONE, counts = NONE, ...keys]) {
      const axes = names.map((_, f) => valuesOf(keys[f]?.subarray(0, 2 * (counts[f] ?? 0)) ?? NONE))
      return {
        axes,
        places,
        rows: Float64Array.from({ length: size }, (_, cell) => counted[cell * 2] ?? 0),
        positives: Float64Array.from({ length: size }, (_, cell) => counted[cell * 2 + 1] ?? 0),
      }
    },
    async scores(other, prior, smoothing) {
      const grid = job.buffer(size)
      const how = new Uint32Array(Float32Array.from([smoothing, prior, 1 - prior].flatMap(twoOf)).buffer)
      const known = read(job.words(size, ...how))
      await job.run(RATE, { cells: read(cells), about: known, values: write(grid, 'f32') }, size)
      const out = job.buffer(other.rows)
      const own = read(await binned(job, other, names, edges))
      const score = { bins: own, values: read(grid, 'f32'), about: place(other.rows), score: write(out, 'f32') }
      await job.run(LOOK_UP, score, other.rows)
      return out
    },
  }
}

const NONE = new Uint32Array(0)

/** A number as the sum of two f32. */
const twoOf = (x: number): number[] => [Math.fround(x), x - Math.fround(x)]

/**
 * `about`: cells, then smoothing, the overall rate and what it lacks of 1, in two f32 each. Cells of one rate have the same odds, however many
 * rows they hold: rounded once, so that rows which the host ties are tied.
 */
const RATE = /* wgsl */ `${NUMBERS}${DOUBLE}
fn whole(n: u32) -> vec2f { return twoSum(f32(n >> 16u) * 65536.0, f32(n & 0xffffu)); }
fn main(cell: u32) {
  if (cell >= about[0]) { return; }
  let smoothing = bitcast<vec2f>(vec2u(about[1], about[2]));
  let prior = bitcast<vec2f>(vec2u(about[3], about[4]));
  let rest = bitcast<vec2f>(vec2u(about[5], about[6]));
  let positives = cells[cell * 2u + 1u];
  var yes = add2(whole(positives), mul2(smoothing, prior));
  var no = add2(whole(cells[cell * 2u] - positives), mul2(smoothing, rest));
  if (yes.x + no.x == 0.0) { yes = prior; no = rest; }
  var odds = 1e36;
  if (yes.x <= no.x * 1e35) { odds = div2(yes, no).x; }
  values[cell] = clamp(log(max(odds, 1e-37)), -80.0, 80.0);
}`
/** As \`COUNT\` finds its cell. */
const LOOK_UP = /* wgsl */ `
fn main(row: u32) {
  if (row >= about[0]) { return; }
  var cell = 0u;
  for (var f = 0u; f < about[1]; f++) {
    let bin = (bins[f * about[2] + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u;
    cell = cell * about[3] + select(bin, about[3] - 1u, bin == ${MISSING}u);
  }
  score[row] = values[cell];
}`

/** \`about\`: rows, columns, words of a column of bins. A column's places are its borders, and two more. */
const SCORE = /* wgsl */ `
fn main(row: u32) {
  if (row >= about[0]) { return; }
  var cell = 0u;
  for (var f = 0u; f < about[1]; f++) {
    let bin = (bins[f * about[2] + (row >> 2u)] >> ((row & 3u) * 8u)) & 255u;
    cell = cell * (counts[f] + 2u) + select(bin, counts[f] + 1u, bin == ${MISSING}u);
  }
  score[row] = values[cell];
}`

/** Each row's value of a grid, an f32 a row, which stay on the device. @throws DeviceGap for a column that is not a number */
export async function cellScores(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  axes: readonly Float64Array[],
  values: Float64Array,
): Promise<GPUBuffer> {
  const { rows } = table
  const keys = job.upload(Math.max(1, axes.length) * EDGES * 2, (to) => {
    for (const [f, edges] of axes.entries()) to.set(orderOf(edges), f * EDGES * 2)
  })
  const counts = job.words(...axes.map((edges) => edges.length))
  const bins = await binned(job, table, names, { keys, counts })
  const grid = job.upload(values.length, (to) => to.set(new Uint32Array(Float32Array.from(values).buffer)))
  const out = job.buffer(rows)
  const from = { bins: read(bins), counts: read(counts), values: read(grid, 'f32') }
  const about = read(job.words(rows, axes.length, binWords(rows)))
  await job.run(SCORE, { ...from, about, score: write(out, 'f32') }, rows)
  return out
}
