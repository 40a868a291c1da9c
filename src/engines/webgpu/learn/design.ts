/// <reference types="@webgpu/types" />
import type { DeviceTable } from '../table.ts'
import { type Job, read, shared, write } from './job.ts'
import { columnOf, NUMBERS, widen } from './numbers.ts'

/** How a column is standardised: (x − mean) · scale, an infinite x counting as `low` or `high`. */
export interface Scaling {
  readonly mean: number
  /** 0 for a column that does not vary. */
  readonly scale: number
  readonly low: number
  readonly high: number
}

/** A number as the sum of two f32, as words. */
export function twoFloats(x: number): [number, number] {
  const high = Math.max(-3.4e38, Math.min(3.4e38, Math.fround(x)))
  return [...new Uint32Array(Float32Array.of(high, Number.isFinite(x) ? x - high : 0).buffer)] as [number, number]
}
const float = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0] as number

/** Words of a scaling: the scale; mean, lowest and highest value as the sum of two f32 each. */
export const SCALING = 7

const STANDARD = `${NUMBERS}
fn two(at: u32) -> vec2f { return vec2f(bitcast<f32>(about[at]), bitcast<f32>(about[at + 1u])); }
/** A value that is there in deviations from the mean. */
fn standard(v: vec2u) -> f32 {
  let ends = select(two(7u), two(5u), negative(v));
  return minus2(select(ends, float2(v), finite64(v)), two(3u)) * bitcast<f32>(about[2]);
}
`
const aboutOf = (rows: number, second: number, { mean, scale, low, high }: Scaling): number[] => [
  rows,
  second,
  float(scale),
  ...twoFloats(mean),
  ...twoFloats(low),
  ...twoFloats(high),
]

/** A missing value counts as the mean. */
const PUT = `${STANDARD}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  let v = column[row];
  design[(about[1] & 0xfffffffcu) * about[0] + row * 4u + (about[1] & 3u)] = select(standard(v), 0.0, nan64(v));
}`
/** \`about\`: rows, column, and whether 1 stands for all rows or for those without a value. */
const MARK = `${NUMBERS}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  let marked = (about[2] == 1u) | nan64(column[row]);
  design[(about[1] & 0xfffffffcu) * about[0] + row * 4u + (about[1] & 3u)] = select(0.0, 1.0, marked);
}`

/** A design matrix: four columns of a row lie together, then the next row's; the last column is 1. */
export interface DesignMatrix {
  readonly rows: number
  /** Columns, the last one included; those up to a multiple of four are 0. */
  readonly width: number
  readonly values: GPUBuffer
}

/** Standardised columns, then for each of `indicators` where that one is missing, then 1. Scalings may lie on the device (`scalingsOf`). */
export async function designMatrix(
  job: Job,
  table: DeviceTable,
  names: readonly string[],
  scalings: readonly Scaling[] | GPUBuffer,
  indicators: readonly number[],
): Promise<DesignMatrix> {
  const { rows } = table
  const width = names.length + indicators.length + 1
  const values = job.buffer(Math.ceil(width / 4) * 4 * rows)
  const column = job.buffer(rows * 2)
  const design = write(values, 'f32')
  for (const [i, name] of names.entries()) {
    await widen(job, table, columnOf(table, name), column)
    const own = { column: read(column, 'vec2u'), design }
    const about = Array.isArray(scalings)
      ? job.words(...aboutOf(rows, i, scalings[i] as Scaling))
      : job.words(rows, i, 0, 0, 0, 0, 0, 0, 0)
    if (!Array.isArray(scalings)) job.copy(scalings as GPUBuffer, i * SCALING, about, 2, SCALING)
    await job.run(PUT, { ...own, about: read(about) }, rows)
    const indicator = indicators.indexOf(i)
    if (indicator >= 0) await job.run(MARK, { ...own, about: read(job.words(rows, names.length + indicator, 0)) }, rows)
  }
  const ones = { column: read(column, 'vec2u'), design, about: read(job.words(rows, width - 1, 1)) }
  await job.run(MARK, ones, rows)
  return { rows, width, values }
}

const TARGET = `${STANDARD}
fn main(row: u32) {
  if (row < about[0]) { out[row] = standard(column[row]); }
}`

/** A column standardised, without regard to missing values. */
export async function standardised(job: Job, table: DeviceTable, name: string, scaling: Scaling): Promise<GPUBuffer> {
  const column = job.buffer(table.rows * 2)
  const out = job.buffer(table.rows)
  await widen(job, table, columnOf(table, name), column)
  const about = read(job.words(...aboutOf(table.rows, 0, scaling)))
  await job.run(TARGET, { column: read(column, 'vec2u'), about, out: write(out, 'f32') }, table.rows)
  return out
}

const LABELS = `${NUMBERS}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  let v = column[row];
  let one = same64(v, vec2u(0u, 0x3ff00000u));
  let zero = zero64(vec2u(v.x, v.y & 0x7fffffffu));
  labels[row] = u32(one);
  atomicAdd(&found[0], u32(one));
  // the largest of complements is the first row
  atomicMax(&found[1], select(~row, 0u, one | zero));
}`
const TELL = `${NUMBERS}
fn main(row: u32) {
  if ((row != 0u) | (found[1] == 0u)) { return; }
  let v = column[~found[1]];
  found[2] = v.x;
  found[3] = v.y;
}`

/** A target's 0 or 1 a row, and four words: positives; whether some value is neither, and the first such one. */
export interface Labels {
  readonly labels: GPUBuffer
  readonly found: GPUBuffer
}

export async function labelsOf(job: Job, table: DeviceTable, target: string): Promise<Labels> {
  const { rows } = table
  const column = job.buffer(rows * 2)
  const labels = job.buffer(rows)
  const found = job.buffer(4)
  await widen(job, table, columnOf(table, target), column)
  const about = read(job.words(rows))
  const wide = read(column, 'vec2u')
  await job.run(LABELS, { column: wide, about, labels: write(labels), found: shared(found) }, rows)
  await job.run(TELL, { column: wide, found: write(found) }, 1)
  return { labels, found }
}

/** What the four words say: positives, and the first value that is neither 0 nor 1 (NaN for a missing one). */
export function toldOf(words: Uint32Array): { positives: number; wrong: number | undefined } {
  const [positives = 0, some = 0] = words
  return { positives, wrong: some === 0 ? undefined : new Float64Array(words.slice(2, 4).buffer)[0] }
}

/** A linear model: scores are intercept + Σ standardised · weight, and \`missing\` where there is no value. */
export interface LinearTerms {
  readonly intercept: number
  readonly columns: readonly (Scaling & { readonly name: string; readonly weight: number; readonly missing: number })[]
}

/** \`about\` has the weight and what a missing value adds after the scaling. */
const TERM = `${STANDARD}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  let v = column[row];
  let term = select(standard(v) * bitcast<f32>(about[9]), bitcast<f32>(about[10]), nan64(v));
  score[row] = select(score[row], bitcast<f32>(about[11]), about[1] == 1u) + term;
}`

/** The scores of a linear model, an f32 a row; they stay on the device. */
export async function linearScores(job: Job, table: DeviceTable, model: LinearTerms): Promise<GPUBuffer> {
  const { rows } = table
  const column = job.buffer(rows * 2)
  const out = job.buffer(rows)
  for (const [i, c] of model.columns.entries()) {
    await widen(job, table, columnOf(table, c.name), column)
    const more = [float(c.weight), float(c.missing), float(model.intercept)]
    const about = read(job.words(...aboutOf(rows, Number(i === 0), c), ...more))
    await job.run(TERM, { column: read(column, 'vec2u'), about, score: write(out, 'f32') }, rows)
  }
  return out
}

/** `about`: rows, fours of columns, where the weights begin. */
const DOT = /* wgsl */ `
fn main(row: u32) {
  if (row >= about[0]) { return; }
  var s = 0.0;
  for (var j = 0u; j < about[1]; j++) {
    let at = about[2] + j * 4u;
    let i = (j * about[0] + row) * 4u;
    s += dot(vec4f(weights[at], weights[at + 1u], weights[at + 2u], weights[at + 3u]), vec4f(design[i], design[i + 1u], design[i + 2u], design[i + 3u]));
  }
  score[row] = s;
}`

/** A design's rows times weights that lie on the device, an f32 a row; they stay there. */
export async function designScores(
  job: Job,
  { rows, width, values }: DesignMatrix,
  weights: { readonly state: GPUBuffer; readonly at: number },
): Promise<GPUBuffer> {
  const out = job.buffer(rows)
  const about = read(job.words(rows, Math.ceil(width / 4), weights.at))
  const from = { design: read(values, 'f32'), weights: read(weights.state, 'f32'), about }
  await job.run(DOT, { ...from, score: write(out, 'f32') }, rows)
  return out
}
