/// <reference types="@webgpu/types" />
import type { Part } from '../started.ts'
import type { DeviceTable } from '../table.ts'
import { binned, binWords, MISSING } from './binned.ts'
import { EDGES, type Edges, valuesOf } from './edges.ts'
import { orderOf } from './histogram.ts'
import { type Job, read, shared, write } from './job.ts'

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
      const how = new Uint32Array(Float32Array.of(smoothing, prior).buffer)
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

/** \`about\`: cells, smoothing, the overall rate. */
const RATE = /* wgsl */ `
fn main(cell: u32) {
  if (cell >= about[0]) { return; }
  let smoothing = bitcast<f32>(about[1]);
  let prior = bitcast<f32>(about[2]);
  let n = f32(cells[cell * 2u]) + smoothing;
  let yes = f32(cells[cell * 2u + 1u]) + smoothing * prior;
  let no = f32(cells[cell * 2u] - cells[cell * 2u + 1u]) + smoothing * (1.0 - prior);
  let odds = select(yes / max(no, 1e-30), prior / (1.0 - prior), n == 0.0);
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
