/// <reference types="@webgpu/types" />
import type { DeviceTable } from '../table.ts'
import { type RowSample, sampling, valuesOf } from './edges.ts'
import { type Job, read, write } from './job.ts'

/** Words of a column: how many values there are, then hundredths, each a value in two words and the values below it. */
export const HUNDREDTHS = 1 + 100 * 3

/** `about` has the rows of the sample at 1; `at[0]` is where the column's words begin. Missing values come last. */
const TELL = /* wgsl */ `
fn absent(key: vec2u) -> bool { return (key.x & key.y) == 0xffffffffu; }
fn under(a: vec2u, b: vec2u) -> bool { return (a.y < b.y) | ((a.y == b.y) & (a.x < b.x)); }
fn main(i: u32) {
  if (i >= 100u) { return; }
  var low = 0u;
  var high = about[1];
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (absent(keys[middle])) { high = middle; } else { low = middle + 1u; }
  }
  let n = low;
  if (i == 0u) { told[at[0]] = n; }
  if (n == 0u) { return; }
  let place = n / 100u * i + n % 100u * i / 100u;
  let key = keys[place];
  low = 0u;
  high = place;
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (under(keys[middle], key)) { low = middle + 1u; } else { high = middle; }
  }
  let to = at[0] + 1u + i * 3u;
  told[to] = key.x; told[to + 1u] = key.y; told[to + 2u] = low;
}`

/** Hundredths of a column's values, ascending, the smallest first. */
export interface Hundredths {
  /** Values that are there. */
  readonly present: number
  readonly at: readonly { readonly value: number; readonly below: number }[]
}

/** Finds hundredths of columns on a sample of the rows: `HUNDREDTHS` words a column. @throws DeviceGap for a column that is not a number */
export async function hundredths(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  sample: RowSample,
): Promise<GPUBuffer> {
  const told = job.buffer(names.length * HUNDREDTHS)
  const { about, keysOf } = await sampling(job, table, sample)
  for (const [i, name] of names.entries()) {
    const at = read(job.words(i * HUNDREDTHS))
    await job.run(TELL, { keys: read(await keysOf(name), 'vec2u'), about, at, told: write(told) }, 100)
  }
  return told
}

/** What a column's words say. */
export function hundredthsOf(words: Uint32Array): Hundredths {
  const [present = 0] = words
  if (present === 0) return { present, at: [] }
  const keys = Uint32Array.from({ length: 200 }, (_, i) => words[1 + (i >> 1) * 3 + (i & 1)] ?? 0)
  return { present, at: Array.from(valuesOf(keys), (value, i) => ({ value, below: words[1 + i * 3 + 2] ?? 0 })) }
}
