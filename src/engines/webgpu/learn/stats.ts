/// <reference types="@webgpu/types" />
import type { DeviceTable } from '../table.ts'
import { Job, read, strides, write } from './job.ts'
import { columnOf, NUMBERS, widen } from './numbers.ts'
import { FOLD, gather, type Part } from './parts.ts'

/**
 * A column's finite values, and how many others there are. Counts, `min` and `max` are exact; `mean` is off by at most
 * 2⁻³⁰ of the range from `min` to `max`, the standard deviation by at most 2⁻²⁹ of it: values are summed as integers,
 * 2³⁰ steps from the smallest to the largest, which makes sums exact and free of the order of addition.
 */
export interface ColumnSummary {
  readonly finite: number
  /** Null or NaN. */
  readonly missing: number
  readonly infinite: number
  /** These four are null where no value is finite. */
  readonly mean: number | null
  /** Of all of them: the squares are divided by `finite`. */
  readonly variance: number | null
  readonly min: number | null
  readonly max: number | null
}

/** Words of a column's record on the device. */
export const RECORD = 16
/** Where a value is not finite, in place of its steps. */
export const NO_STEPS = 0xffffffff

const EXTENT: Part = {
  words: 7,
  code: /* wgsl */ `
struct Part { n: vec3u, low: vec2u, high: vec2u }
const NOTHING = Part(vec3u(0u, 0u, 0u), vec2u(0xffffffffu, 0xffffffffu), vec2u(0u, 0u));
fn part(at: u32) -> Part {
  return Part(
    vec3u(parts[at], parts[at + 1u], parts[at + 2u]), vec2u(parts[at + 3u], parts[at + 4u]),
    vec2u(parts[at + 5u], parts[at + 6u]),
  );
}
fn both(a: Part, b: Part) -> Part {
  return Part(a.n + b.n, select(a.low, b.low, below64(b.low, a.low)), select(a.high, b.high, below64(a.high, b.high)));
}
fn put(at: u32, p: Part) {
  parts[at] = p.n.x; parts[at + 1u] = p.n.y; parts[at + 2u] = p.n.z;
  parts[at + 3u] = p.low.x; parts[at + 4u] = p.low.y; parts[at + 5u] = p.high.x; parts[at + 6u] = p.high.y;
}`,
}
const SUMS: Part = {
  words: 5,
  code: /* wgsl */ `
struct Part { sum: vec2u, squares: vec3u }
const NOTHING = Part(vec2u(0u, 0u), vec3u(0u, 0u, 0u));
fn part(at: u32) -> Part {
  return Part(vec2u(parts[at], parts[at + 1u]), vec3u(parts[at + 2u], parts[at + 3u], parts[at + 4u]));
}
fn both(a: Part, b: Part) -> Part { return Part(add64(a.sum, b.sum), add96(a.squares, b.squares)); }
fn put(at: u32, p: Part) {
  parts[at] = p.sum.x; parts[at + 1u] = p.sum.y;
  parts[at + 2u] = p.squares.x; parts[at + 3u] = p.squares.y; parts[at + 4u] = p.squares.z;
}`,
}

/** Each thread's part of the rows; `one` is a row's, of its value \`v\`. No barrier: they take software drivers a second to compile. */
const spread = ({ words, code }: Part, before: string, one: string): string => `${NUMBERS}${code}
fn main(thread: u32) {
  if (thread >= place[2]) { return; }
  ${before}
  var own = NOTHING;
  for (var row = thread; row < place[3]; row += place[2]) {
    let v = column[row];
    ${one}
  }
  put(thread * ${words}u, own);
}`

/** All parts together, as \`all\`. */
const settle = ({ words, code }: Part, lines: string): string => `${NUMBERS}${code}
fn main(row: u32) {
  if (row != 0u) { return; }
  var all = part(0u);
  for (var at = ${FOLD * words}u; at < place[2] * ${words}u; at += ${FOLD * words}u) { all = both(all, part(at)); }
  let to = place[0];
  ${lines}
}`

const extent = spread(
  EXTENT,
  '',
  `let fine = finite64(v);
    let key = order64(v);
    let low = select(vec2u(0xffffffffu, 0xffffffffu), key, fine);
    own = both(own, Part(vec3u(u32(fine), u32(nan64(v)), 1u), low, select(vec2u(0u, 0u), key, fine)));`,
)

/**
 * A column's record: finite, missing and all values; smallest, largest (float64); their exponent; by how many bits a
 * distance from the smallest is shifted to be steps; the smallest in fixed point.
 */
const settleExtent = settle(
  EXTENT,
  `records[to] = all.n.x; records[to + 1u] = all.n.y; records[to + 2u] = all.n.z;
  if (all.n.x == 0u) { return; }
  let smallest = unordered64(all.low);
  let largest = unordered64(all.high);
  let top = max(exponent64(smallest), exponent64(largest));
  let base = fixed64(smallest, top);
  let range = sub64(fixed64(largest, top), base);
  records[to + 3u] = smallest.x; records[to + 4u] = smallest.y;
  records[to + 5u] = largest.x; records[to + 6u] = largest.y;
  records[to + 7u] = bitcast<u32>(top);
  records[to + 8u] = select(0u, max(topBit(range), 29u) - 29u, !zero64(range));
  records[to + 9u] = base.x; records[to + 10u] = base.y;`,
)

/** Every finite value as steps from the smallest, at \`place[1]\` of \`steps\`, and the sums of these and their squares. */
const sums = spread(
  SUMS,
  `let at = place[0];
  let top = bitcast<i32>(records[at + 7u]);
  let shift = records[at + 8u];
  let smallest = vec2u(records[at + 9u], records[at + 10u]);
  let half = select(vec2u(0u, 0u), shl64(vec2u(1u, 0u), max(shift, 1u) - 1u), shift > 0u);`,
  `let fine = finite64(v);
    let u = shr64(add64(sub64(fixed64(v, top), smallest), half), shift).x;
    steps[place[1] + row] = select(${NO_STEPS}u, u, fine);
    let counted = select(0u, u, fine);
    own = both(own, Part(vec2u(counted, 0u), vec3u(mul32(counted, counted), 0u)));`,
)

/** They join the record. */
const settleSums = settle(
  SUMS,
  `records[to + 11u] = all.sum.x; records[to + 12u] = all.sum.y;
  records[to + 13u] = all.squares.x; records[to + 14u] = all.squares.y; records[to + 15u] = all.squares.z;`,
)

/** A record a column, and every value in steps, column by column. */
export interface Measured {
  readonly records: GPUBuffer
  readonly steps: GPUBuffer
}

/** Puts the kernels that measure columns into a job. */
export async function measure(job: Job, table: DeviceTable, names: readonly string[]): Promise<Measured> {
  const { rows } = table
  const records = job.buffer(names.length * RECORD)
  const steps = job.buffer(names.length * rows)
  const threads = strides(rows)
  const parts = job.buffer(threads * Math.max(EXTENT.words, SUMS.words))
  const column = job.buffer(rows * 2)
  for (const [i, name] of names.entries()) {
    await widen(job, table, columnOf(table, name), column)
    const place = read(job.words(i * RECORD, i * rows, threads, rows))
    const common = { column: read(column, 'vec2u'), parts: write(parts), place }
    await job.run(extent, common, threads)
    await job.run(gather(EXTENT), { parts: write(parts), place }, threads / FOLD)
    await job.run(settleExtent, { parts: write(parts), records: write(records), place }, 1)
    await job.run(sums, { ...common, records: read(records), steps: write(steps) }, threads)
    await job.run(gather(SUMS), { parts: write(parts), place }, threads / FOLD)
    await job.run(settleSums, { parts: write(parts), records: write(records), place }, 1)
  }
  return { records, steps }
}

/** A record as it came down: its summary, a step's size, and the sum of the steps. */
export function summaryOf(words: Uint32Array): { summary: ColumnSummary; step: number; sum: bigint } {
  const word = (i: number) => words[i] ?? 0
  const [finite, missing, all] = [word(0), word(1), word(2)]
  const counts = { finite, missing, infinite: all - finite - missing }
  if (finite === 0)
    return { summary: { ...counts, mean: null, variance: null, min: null, max: null }, step: 0, sum: 0n }
  const [min = 0, max = 0] = new Float64Array(words.slice(3, 7).buffer)
  const step = 2 ** ((word(7) | 0) - 61 + word(8))
  const sum = (BigInt(word(12)) << 32n) | BigInt(word(11))
  const squares = (BigInt(word(15)) << 64n) | (BigInt(word(14)) << 32n) | BigInt(word(13))
  const n = BigInt(finite)
  const variance = (Number(squares * n - sum * sum) / finite ** 2) * step * step
  return { summary: { ...counts, mean: min + (Number(sum) / finite) * step, variance, min, max }, step, sum }
}

/**
 * Summarises columns on the device, in one readback of 64 bytes a column.
 * @throws DeviceGap for a column that is not a number
 */
export async function summarise(table: DeviceTable, names: readonly string[]): Promise<ColumnSummary[]> {
  const job = new Job(table)
  try {
    const { records } = await measure(job, table, names)
    const words = await job.download([{ from: records, at: 0, words: names.length * RECORD }])
    return names.map((_, i) => summaryOf(words.slice(i * RECORD, (i + 1) * RECORD)).summary)
  } finally {
    job.close()
  }
}
