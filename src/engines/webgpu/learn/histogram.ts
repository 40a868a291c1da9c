import { isFloat } from '../../../plan/types.ts'
import type { DeviceTable, TableColumn } from '../table.ts'
import { Job, read, shared, write } from './job.ts'
import { columnOf, NUMBERS, widen } from './numbers.ts'
import { sort } from './sort.ts'

/** A column and ascending borders that cut its values. */
export interface Cut {
  readonly name: string
  readonly edges: readonly number[]
}

/** Rows of each bin: below the first edge, from each edge up to the next, from the last on; missing ones apart. */
export interface Counts {
  readonly bins: readonly number[]
  readonly missing: number
}

const COUNT = `${NUMBERS}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  let v = column[row];
  let key = order64(v);
  var low = 0u;
  var high = about[1];
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (below64(key, edges[middle])) { high = middle; } else { low = middle + 1u; }
  }
  atomicAdd(&counts[about[2] + select(low, about[1] + 1u, nan64(v))], 1u);
}`

/** Places of float64 in their order, as words. */
export function orderOf(values: ArrayLike<number>): Uint32Array {
  const words = new Uint32Array(Float64Array.from(values, (v) => v + 0).buffer)
  for (let i = 1; i < words.length; i += 2) {
    const [low, high] = [words[i - 1] as number, words[i] as number]
    const negative = high >>> 31 !== 0
    words[i - 1] = negative ? ~low : low
    words[i] = negative ? ~high : high ^ 0x80000000
  }
  return words
}

/**
 * Counts the values of columns between borders, exactly, in one readback of 4 bytes a bin.
 * @throws DeviceGap for a column that is not a number
 */
export async function countBetween(table: DeviceTable, cuts: readonly Cut[]): Promise<Counts[]> {
  const job = new Job(table)
  try {
    const size = cuts.reduce((n, { edges }) => n + edges.length + 2, 0)
    const counts = job.buffer(size)
    const column = job.buffer(table.rows * 2)
    let at = 0
    for (const { name, edges } of cuts) {
      await widen(job, table, columnOf(table, name), column)
      const keys = orderOf(edges)
      const about = read(job.words(table.rows, edges.length, at))
      const held = job.upload(Math.max(2, keys.length), (to) => to.set(keys))
      await job.run(
        COUNT,
        { column: read(column, 'vec2u'), edges: read(held, 'vec2u'), about, counts: shared(counts) },
        table.rows,
      )
      at += edges.length + 2
    }
    const got = await job.download([{ from: counts, at: 0, words: size }])
    at = 0
    return cuts.map(({ edges }) => {
      const bins = Array.from(got.subarray(at, at + edges.length + 1))
      at += edges.length + 2
      return { bins, missing: got[at - 1] ?? 0 }
    })
  } finally {
    job.close()
  }
}

const KEYS = `${NUMBERS}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  let v = column[row];
  atomicAdd(&present[about[1]], u32(!nan64(v)));
  column[row] = order64(v);
}`

const PICK = `${NUMBERS}
fn main(i: u32) {
  if (i < about[0]) { picked[about[1] + i] = unordered64(keys[wanted[i]]); }
}`

/** Lowest bits that are 0 in every number of a type held as a float64. */
export function zeroBits({ field: { type } }: TableColumn): number {
  if (type === 'bool') return 52
  if (type === 'int32' || type === 'date') return 20
  return isFloat(type) && type === 'float32' ? 28 : 0
}

/**
 * Quantiles of columns over the values that are there, linearly between neighbours, exactly, in two readbacks: how many
 * there are, then two values a quantile. A column without values has NaN.
 * @throws DeviceGap for a column that is not a number
 */
export async function quantiles(
  table: DeviceTable,
  names: readonly string[],
  probabilities: readonly number[],
): Promise<number[][]> {
  const job = new Job(table)
  try {
    const { rows } = table
    const present = job.buffer(names.length)
    const sorted: GPUBuffer[] = []
    for (const [i, name] of names.entries()) {
      const source = columnOf(table, name)
      const column = job.buffer(rows * 2)
      await widen(job, table, source, column)
      const about = read(job.words(rows, i))
      await job.run(KEYS, { column: write(column, 'vec2u'), present: shared(present), about }, rows)
      // only missing values have bits where a type has none, and these are the same in all of them
      const { keys } = await sort(job, { keys: column, payload: null, length: rows, words: 2, skip: zeroBits(source) })
      sorted.push(keys)
    }
    const counts = await job.download([{ from: present, at: 0, words: names.length }])
    const width = probabilities.length * 2
    const picked = job.buffer(names.length * width * 2)
    for (const [i, keys] of sorted.entries()) {
      const last = Math.max(0, (counts[i] ?? 0) - 1)
      const at = probabilities.flatMap((p) => [Math.floor(last * p), Math.ceil(last * p)])
      const about = read(job.words(width, i * width))
      const wanted = read(job.words(...at))
      await job.run(PICK, { keys: read(keys, 'vec2u'), wanted, about, picked: write(picked, 'vec2u') }, width)
    }
    const got = await job.download([{ from: picked, at: 0, words: names.length * width * 2 }])
    const values = new Float64Array(got.buffer)
    return names.map((_, i) =>
      probabilities.map((p, j) => {
        const n = counts[i] ?? 0
        if (n === 0) return Number.NaN
        const [a = 0, b = 0] = values.subarray(i * width + j * 2)
        const part = (n - 1) * p - Math.floor((n - 1) * p)
        return part === 0 || a === b ? a : a + (b - a) * part
      }),
    )
  } finally {
    job.close()
  }
}
