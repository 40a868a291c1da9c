/// <reference types="@webgpu/types" />
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

/** Counts a table's rows by cell, in one readback. @throws DeviceGap for a column that is not a number, DeviceFault */
export async function countCells(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  labels: GPUBuffer,
  edges: Edges,
  maxBins: number,
): Promise<Cells> {
  const places = maxBins + 1
  const size = places ** names.length
  const cells = job.buffer(size * 2)
  const bins = await binned(job, table, names, edges)
  const about = read(job.words(table.rows, names.length, binWords(table.rows), places))
  await job.run(COUNT, { bins: read(bins), labels: read(labels), about, cells: shared(cells) }, table.rows)
  const got = await job.download([
    { from: cells, at: 0, words: size * 2 },
    { from: edges.counts, at: 0, words: names.length },
    ...names.map((_, f) => ({ from: edges.keys, at: f * EDGES * 2, words: maxBins * 2 })),
  ])
  const counted = got.subarray(0, size * 2)
  const axes = names.map((_, f) => {
    const from = size * 2 + names.length + f * maxBins * 2
    return valuesOf(got.subarray(from, from + 2 * (got[size * 2 + f] as number)))
  })
  return {
    axes,
    places,
    rows: Float64Array.from({ length: size }, (_, cell) => counted[cell * 2] as number),
    positives: Float64Array.from({ length: size }, (_, cell) => counted[cell * 2 + 1] as number),
  }
}

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
