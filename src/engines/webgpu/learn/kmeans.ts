/// <reference types="@webgpu/types" />
import { DeviceFault } from '../device.ts'
import type { DesignMatrix } from './design.ts'
import { DOUBLE } from './double.ts'
import { type Job, read, shared, strides, write } from './job.ts'
import { NUMBERS } from './numbers.ts'
import { FOLD, gather, type Part } from './parts.ts'
import { RANDOM } from './random.ts'

export interface Clusters {
  /** A centre a cluster, in the columns of the design. */
  readonly centres: readonly Float32Array[]
  /** Rows of each cluster. */
  readonly sizes: readonly number[]
  /** Sum of squared distances to the nearest centre. */
  readonly inertia: number
  readonly iterations: number
}

const AT = /* wgsl */ `
fn four(j: u32, row: u32) -> vec4f {
  let i = (j * about[0] + row) * 4u;
  return vec4f(design[i], design[i + 1u], design[i + 2u], design[i + 3u]);
}
fn centre(c: u32, j: u32) -> vec4f {
  let i = (c * about[1] + j) * 4u;
  return vec4f(centres[i], centres[i + 1u], centres[i + 2u], centres[i + 3u]);
}
fn apart(row: u32, c: u32) -> f32 {
  var sum = 0.0;
  for (var j = 0u; j < about[1]; j++) {
    let d = four(j, row) - centre(c, j);
    sum += dot(d, d);
  }
  return sum;
}
`
/** The row that comes first in a race, whose chances are its squared distances; equal ones by their number. */
const RACE: Part = {
  words: 2,
  code: /* wgsl */ `
struct Part { time: u32, row: u32 }
const NOTHING = Part(0xffffffffu, 0xffffffffu);
fn part(at: u32) -> Part { return Part(parts[at], parts[at + 1u]); }
fn both(a: Part, b: Part) -> Part {
  if ((b.time < a.time) | ((b.time == a.time) & (b.row < a.row))) { return b; }
  return a;
}
fn put(at: u32, p: Part) { parts[at] = p.time; parts[at + 1u] = p.row; }`,
}
/**
 * \`about\`: rows, fours of columns, clusters, seed, threads. \`place\`: (unused) two words, threads, the number of centres
 * that are chosen. A row waits −ln u / d²: the first to come is drawn in proportion to d² (k-means++, Arthur and
 * Vassilvitskii 2007).
 */
const DRAW = `${NUMBERS}${RANDOM}${AT}${RACE.code}
fn main(thread: u32) {
  if (thread >= place[2]) { return; }
  let chosen = place[3];
  var own = NOTHING;
  for (var row = thread; row < about[0]; row += place[2]) {
    var d = 1.0;
    if (chosen > 0u) {
      d = apart(row, chosen - 1u);
      if (chosen > 1u) { d = min(d, nearest[row]); }
      nearest[row] = d;
    }
    let time = -log(uniform_(vec2u(row, chosen), about[3])) / max(d, 1e-30);
    own = both(own, Part(select(bitcast<u32>(time), 0xfffffffeu, d <= 0.0), row));
  }
  put(thread * 2u, own);
}`
const CHOOSE = `${NUMBERS}${RACE.code}
fn main(i: u32) {
  if (i >= about[1] * 4u) { return; }
  var all = part(0u);
  for (var at = ${FOLD * 2}u; at < place[2] * 2u; at += ${FOLD * 2}u) { all = both(all, part(at)); }
  centres[place[3] * about[1] * 4u + i] = design[((i >> 2u) * about[0] + all.row) * 4u + (i & 3u)];
}`

/** Fixed point of coordinates: 2⁻²⁰, and of squared distances: 2⁻¹⁶. */
const ASSIGN = `${NUMBERS}${AT}
fn add(at: u32, v: vec2u) {
  let low = atomicAdd(&sums[at], v.x);
  atomicAdd(&sums[at + 1u], v.y + u32(low + v.x < low));
}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  if (state[0] != 0u) { return; }
  var best = apart(row, 0u);
  var pick = 0u;
  for (var c = 1u; c < about[2]; c++) {
    let d = apart(row, c);
    if (d < best) { best = d; pick = c; }
  }
  atomicAdd(&told[0], u32((labels[row] != pick + 1u)));
  labels[row] = pick + 1u;
  let width = about[1] * 4u;
  let to = pick * (width * 2u + 2u);
  for (var j = 0u; j < about[1]; j++) {
    let v = round(clamp(four(j, row), vec4f(-2000.0), vec4f(2000.0)) * 1048576.0);
    for (var c = 0u; c < 4u; c++) { add(to + (j * 4u + c) * 2u, wide(i32(v[c]))); }
  }
  add(to + width * 2u, vec2u(1u, 0u));
  let units = u32(min(best, 65000.0) * 65536.0);
  let low = atomicAdd(&told[1], units);
  if (low + units < low) { atomicAdd(&told[2], 1u); }
}`
/** The means of what was assigned; an empty cluster stays where it is. \`state\`: done, iterations, loss, then sizes. */
const MOVE = `${NUMBERS}${DOUBLE}
fn main(i: u32) {
  let width = about[1] * 4u;
  if (i >= about[2] * width) { return; }
  if (state[0] != 0u) { return; }
  let cluster = i / width;
  let from_ = cluster * (width * 2u + 2u);
  let at = from_ + (i % width) * 2u;
  let n = sums[from_ + width * 2u];
  let mean = number2(vec2u(sums[at], sums[at + 1u]), 9.5367431640625e-7).x / max(f32(n), 1.0);
  if (n > 0u) { centres[i] = mean; }
}`
const SETTLE = /* wgsl */ `
fn main(i: u32) {
  if (i != 0u) { return; }
  if (state[0] != 0u) { return; }
  let width = about[1] * 4u;
  state[1] += 1u;
  state[2] = told[1];
  state[3] = told[2];
  for (var c = 0u; c < about[2]; c++) {
    let from_ = c * (width * 2u + 2u);
    state[4u + c] = sums[from_ + width * 2u];
    for (var k = 0u; k < width * 2u + 2u; k++) { sums[from_ + k] = 0u; }
  }
  state[0] = u32(told[0] == 0u);
  told[0] = 0u; told[1] = 0u; told[2] = 0u;
}`

/** Steps that are handed over at once. */
const SETTLED = 8

/**
 * k-means on a design matrix: k-means++ with counted random numbers, then Lloyd's steps until no row changes its cluster,
 * all of it on the device and in one readback. Coordinates are summed in steps of 2⁻²⁰, so that the result does not
 * depend on the order of threads; those beyond ±2000 deviations count as these. `between` is told the steps so far.
 * @throws DeviceFault when the kernels did not run
 */
export async function kmeans(
  job: Job,
  { rows, width, values }: DesignMatrix,
  clusters: number,
  maxIterations: number,
  seed: number,
  between: (iterations: number) => void,
): Promise<Clusters> {
  const fours = Math.ceil(width / 4)
  const size = fours * 4
  const threads = strides(rows)
  const about = read(job.words(rows, fours, clusters, seed >>> 0))
  const centres = job.buffer(clusters * size)
  const nearest = job.buffer(rows)
  const parts = job.buffer(threads * RACE.words)
  const design = read(values, 'f32')
  for (let chosen = 0; chosen < clusters; chosen++) {
    const place = read(job.words(0, 0, threads, chosen))
    const drawn = { about, design, centres: read(centres, 'f32'), nearest: write(nearest, 'f32') }
    await job.run(DRAW, { ...drawn, place, parts: write(parts) }, threads)
    await job.run(gather(RACE), { parts: write(parts), place }, threads / FOLD)
    const to = { about, design, centres: write(centres, 'f32'), parts: write(parts), place }
    await job.run(CHOOSE, to, size)
  }
  const labels = job.buffer(rows)
  const sums = job.buffer(clusters * (size * 2 + 2))
  const told = job.buffer(3)
  const state = job.buffer(4 + clusters)
  const asks = { about, state: read(state) }
  const assign = await job.prepare(ASSIGN, {
    ...{
      ...asks,
      design,
      centres: read(centres, 'f32'),
      labels: write(labels),
      sums: shared(sums),
      told: shared(told),
    },
  })
  const move = await job.prepare(MOVE, { ...asks, sums: read(sums), centres: write(centres, 'f32') })
  const settle = await job.prepare(SETTLE, { about, state: write(state), sums: write(sums), told: write(told) })
  for (let i = 0; i < maxIterations; i++) {
    job.go(assign, rows)
    job.go(move, clusters * size)
    job.go(settle, 1)
    if (i % SETTLED !== SETTLED - 1) continue
    await job.settled()
    between(i + 1)
  }
  const got = await job.download([
    { from: state, at: 0, words: 4 + clusters },
    { from: centres, at: 0, words: clusters * size },
  ])
  const [, iterations = 0, low = 0, high = 0] = got
  if (iterations === 0) throw new DeviceFault('the device did not run the kernel')
  const all = new Float32Array(got.slice(4 + clusters).buffer)
  return {
    centres: Array.from({ length: clusters }, (_, c) => all.slice(c * size, c * size + width)),
    sizes: Array.from(got.subarray(4, 4 + clusters)),
    inertia: (high * 2 ** 32 + low) / 65536,
    iterations,
  }
}

const NEAREST = `${AT}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  var best = apart(row, 0u);
  var pick = 0u;
  for (var c = 1u; c < about[2]; c++) {
    let d = apart(row, c);
    if (d < best) { best = d; pick = c; }
  }
  labels[row] = pick;
}`

/** The nearest of some centres for each row, as its number; they stay on the device. */
export async function nearestCentres(
  job: Job,
  { rows, width, values }: DesignMatrix,
  centres: readonly ArrayLike<number>[],
): Promise<GPUBuffer> {
  const fours = Math.ceil(width / 4)
  const labels = job.buffer(rows)
  const flat = job.upload(centres.length * fours * 4, (to) => {
    const floats = new Float32Array(to.buffer, to.byteOffset)
    for (const [c, centre] of centres.entries()) floats.set(Array.from(centre), c * fours * 4)
  })
  const about = read(job.words(rows, fours, centres.length))
  await job.run(
    NEAREST,
    { about, design: read(values, 'f32'), centres: read(flat, 'f32'), labels: write(labels) },
    rows,
  )
  return labels
}
