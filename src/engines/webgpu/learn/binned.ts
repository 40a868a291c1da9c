/// <reference types="@webgpu/types" />
import type { DeviceTable } from '../table.ts'
import { EDGES, type Edges } from './edges.ts'
import { type Job, read, write } from './job.ts'
import { columnOf, NUMBERS, widen } from './numbers.ts'

/** A missing value's bin. */
export const MISSING = 255

/** Words that a column of bins takes: four rows in each. */
export const binWords = (rows: number): number => Math.max(1, (rows + 3) >>> 2)

/** \`about\`: rows, the feature, words of a column. A value's bin is the number of borders below it. */
const BIN = `${NUMBERS}
fn binOf(row: u32) -> u32 {
  let v = column[min(row, about[0] - 1u)];
  let key = order64(v);
  let base = about[1] * ${EDGES}u;
  var low = 0u;
  var high = counts[about[1]];
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (below64(edges[base + middle], key)) { low = middle + 1u; } else { high = middle; }
  }
  return select(low, ${MISSING}u, nan64(v));
}
fn main(word: u32) {
  let row = word * 4u;
  if (row >= about[0]) { return; }
  bins[about[1] * about[2] + word] = binOf(row) | (binOf(row + 1u) << 8u) | (binOf(row + 2u) << 16u) | (binOf(row + 3u) << 24u);
}`

/** Columns as bins, a byte a row, column by column. @throws DeviceGap for a column that is not a number */
export async function binned(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  { keys, counts }: Pick<Edges, 'keys' | 'counts'>,
): Promise<GPUBuffer> {
  const { rows } = table
  const words = binWords(rows)
  const bins = job.buffer(names.length * words)
  const column = job.buffer(rows * 2)
  for (const [f, name] of names.entries()) {
    await widen(job, table, columnOf(table, name), column)
    const about = read(job.words(rows, f, words))
    const from = { column: read(column, 'vec2u'), edges: read(keys, 'vec2u'), counts: read(counts) }
    await job.run(BIN, { ...from, about, bins: write(bins) }, words)
  }
  return bins
}
