/// <reference types="@webgpu/types" />

import { DeviceFault } from '../device.ts'
import type { Part } from '../started.ts'
import { DeviceGap } from '../wgsl/emit.ts'
import type { DesignMatrix } from './design.ts'
import { type Job, type Ready, read, shared, write } from './job.ts'
import { NUMBERS } from './numbers.ts'
import { SOLVE, STATE } from './solve.ts'

/** A regression on the device: which loss, and how it ends. */
export interface Regression {
  readonly design: DesignMatrix
  /** 0 or 1 a row for `logistic`; standardised f32 for `linear`. */
  readonly target: GPUBuffer
  readonly loss: 'logistic' | 'linear'
  /** λ in Σ loss + λ/2 · Σ w², without the last column. */
  readonly l2: number
  /** The Newton decrement a row at which it stops. */
  readonly tolerance: number
  readonly maxIterations: number
  /** Where the last column's weight begins. */
  readonly intercept: number
}

export interface Descended {
  readonly weights: Float32Array
  /** A row's, with the penalty. */
  readonly loss: number
  readonly iterations: number
}

/** Rounds that are handed over at once; a readback says after them whether it is over. */
const ROUNDS = 12

/** Each row's score, and what its loss, its slope and its curvature are; slope and curvature stay, losses are summed as integers. */
const rowCode = (loss: Regression['loss']): string => `${NUMBERS}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  if (state[0] != 0u) { return; }
  var s = 0.0;
  for (var j = 0u; j < about[1]; j++) {
    let at = about[4] + j * 4u;
    let w = vec4f(bitcast<f32>(state[at]), bitcast<f32>(state[at + 1u]), bitcast<f32>(state[at + 2u]), bitcast<f32>(state[at + 3u]));
    let i = (j * about[0] + row) * 4u;
    s += dot(w, vec4f(design[i], design[i + 1u], design[i + 2u], design[i + 3u]));
  }
  ${
    loss === 'logistic'
      ? `let yes = goal[row] != 0u;
  let z = exp(-min(abs(s), 80.0));
  let a = 1.0 / (1.0 + z);
  let b = z * a;
  let up = s >= 0.0;
  slope[row] = select(select(b, a, up), -select(a, b, up), yes);
  curve[row] = a * b;
  let small = z - z * z * 0.5;
  let own = select(log(1.0 + z), small, z < 0.001) + max(select(s, -s, yes), 0.0);`
      : `let r = s - bitcast<f32>(goal[row]);
  slope[row] = r;
  curve[row] = 1.0;
  let own = 0.5 * r * r;`
  }
  let units = u32(min(own, ${loss === 'logistic' ? '1000.0' : '65000.0'}) * ${loss === 'logistic' ? '4194304.0' : '65536.0'});
  let low = atomicAdd(&losses[0], units);
  if (low + units < low) { atomicAdd(&losses[1], 1u); }
}`

/**
 * Four by four products of columns, weighted and summed over a thread's rows, and in the tiles of the first column of
 * tiles the slopes too; \`tiles\` has both columns of fours of each.
 */
const TILES = /* wgsl */ `
fn four(j: u32, row: u32) -> vec4f {
  let i = (j * about[0] + row) * 4u;
  return vec4f(design[i], design[i + 1u], design[i + 2u], design[i + 3u]);
}
fn main(thread: u32) {
  if (thread >= about[2] * about[3]) { return; }
  if (state[0] != 0u) { return; }
  let tile = thread / about[3];
  let a = tiles[tile * 2u];
  let b = tiles[tile * 2u + 1u];
  var r0 = vec4f(0.0); var r1 = vec4f(0.0); var r2 = vec4f(0.0); var r3 = vec4f(0.0); var g = vec4f(0.0);
  for (var row = thread % about[3]; row < about[0]; row += about[3]) {
    let x = four(a, row);
    let y = four(b, row) * curve[row];
    r0 += x.x * y; r1 += x.y * y; r2 += x.z * y; r3 += x.w * y;
    g += x * slope[row];
  }
  let to = thread * 5u;
  parts[to] = r0; parts[to + 1u] = r1; parts[to + 2u] = r2; parts[to + 3u] = r3; parts[to + 4u] = g;
}`
/** 64 parts of a tile as the first of them, always in pairs of the same distance. */
const FOLD = /* wgsl */ `
fn main(i: u32) {
  let first = (i / 5u) * 320u + i % 5u;
  if ((i / 5u) * 64u >= about[2] * about[3]) { return; }
  if (state[0] != 0u) { return; }
  for (var half = 32u; half > 0u; half >>= 1u) {
    for (var k = 0u; k < half; k++) { parts[first + k * 5u] += parts[first + (k + half) * 5u]; }
  }
}`
/** The tiles as a matrix and its slopes. */
const PLACE = /* wgsl */ `
fn main(i: u32) {
  if (i >= about[2] * 5u) { return; }
  if (state[0] != 0u) { return; }
  let tile = i / 5u;
  let line = i % 5u;
  var sum = vec4f(0.0);
  for (var k = 0u; k < about[3]; k += 64u) { sum += parts[(tile * about[3] + k) * 5u + line]; }
  let a = tiles[tile * 2u];
  let b = tiles[tile * 2u + 1u];
  let size = about[1] * 4u;
  if (line == 4u) {
    // the same slopes in every tile of the line
    if (b != 0u) { return; }
    for (var c = 0u; c < 4u; c++) { matrix[size * size + a * 4u + c] = sum[c]; }
  } else {
    for (var c = 0u; c < 4u; c++) { matrix[(a * 4u + line) * size + b * 4u + c] = sum[c]; }
  }
}`

/** Threads that share the rows of a tile; a multiple of 64. */
const threadsFor = (rows: number, tiles: number): number =>
  64 * Math.max(1, Math.min(32, Math.ceil(rows / (64 * 32)), Math.floor(2 ** 12 / tiles)))

/** Columns of a design whose system one thread solves in less than a second. */
const MOST_COLUMNS = 256

/** A descent that is made ready. */
export interface Descent {
  /** Puts so many rounds into the job; those after the end do nothing. */
  go(rounds: number): void
  readonly part: Part
  /** What the words say; undefined while it is not over. @throws DeviceFault when the kernels did not run, or f32 holds no such weights */
  tell(words: Uint32Array): Descended | undefined
  /** Steps so far. */
  steps(words: Uint32Array): number
  /** The words of the weights, and where they begin. */
  readonly weights: { readonly state: GPUBuffer; readonly at: number }
}

/**
 * Newton's method with step halving, all of it on the device: rows, sums, the solution of the small system and the
 * decision about the next step. One readback for every twelve rounds, which are nearly always enough.
 * @throws DeviceFault when the kernels did not run; DeviceGap for more than 256 columns
 */
export async function descend(
  job: Job,
  task: Regression,
  between: (iterations: number) => void | Promise<void>,
): Promise<Descended> {
  const { go, part, tell, steps } = await descent(job, task)
  for (;;) {
    go(ROUNDS)
    const got = await job.download([part])
    const told = tell(got)
    await between(steps(got))
    if (told) return told
  }
}

/** Makes a descent ready. @throws DeviceGap for more than 256 columns */
export async function descent(job: Job, task: Regression): Promise<Descent> {
  const { design, target, loss, l2 } = task
  const { rows, width, values } = design
  if (width > MOST_COLUMNS)
    throw new DeviceGap('learn', `the device solves for ${MOST_COLUMNS} columns at most, and there are ${width}`)
  const fours = Math.ceil(width / 4)
  const size = fours * 4
  const pairs = Array.from({ length: fours }, (_, a) => Array.from({ length: a + 1 }, (_, b) => [a, b])).flat()
  const threads = threadsFor(rows, pairs.length)
  const about = read(job.words(rows, fours, pairs.length, threads, STATE.trial(size)))
  const tiles = read(job.list(pairs.flat()))
  const begin = new Uint32Array(STATE.words(size))
  const floats = new Float32Array(begin.buffer)
  floats[STATE.trial(size) + width - 1] = task.intercept
  floats[STATE.scale] = 1
  const start = job.upload(begin.length, (to) => to.set(begin))
  const state = job.buffer(begin.length)
  job.copy(start, 0, state, 0, begin.length)
  const [slope, curve, losses] = [job.buffer(rows), job.buffer(rows), job.buffer(2)]
  const parts = job.buffer(pairs.length * threads * 20)
  const matrix = job.buffer(size * size + size)
  const unit = loss === 'logistic' ? 2 ** -22 : 2 ** -16
  const limits = job.upload(6, (to) => {
    new Float32Array(to.buffer, to.byteOffset).set([l2, task.tolerance * rows, unit, rows * 2 ** -24], 0)
    to.set([width, task.maxIterations], 4)
  })
  const ready: (readonly [Ready, number])[] = []
  const add = async (code: string, bindings: Parameters<Job['prepare']>[1], n: number) =>
    ready.push([await job.prepare(code, bindings), n])
  const common = { about, state: read(state) }
  const sums = { slope: read(slope, 'f32'), curve: read(curve, 'f32') }
  await add(
    rowCode(loss),
    { ...common, design: read(values, 'f32'), goal: read(target), slope: write(slope, 'f32'), curve: write(curve, 'f32'), losses: shared(losses) }, // biome-ignore format: one line
    rows,
  )
  const onTiles = { ...common, tiles, parts: write(parts, 'vec4f') }
  await add(TILES, { ...onTiles, design: read(values, 'f32'), ...sums }, pairs.length * threads)
  await add(FOLD, { ...common, parts: write(parts, 'vec4f') }, (pairs.length * threads * 5) / 64)
  await add(PLACE, { ...onTiles, matrix: write(matrix, 'f32') }, pairs.length * 5)
  await add(
    SOLVE,
    { about, limits: read(limits), state: write(state), losses: write(losses), matrix: write(matrix, 'f32') },
    1,
  )
  return {
    go(rounds) {
      for (let round = 0; round < rounds; round++) for (const [kernel, n] of ready) job.go(kernel, n)
    },
    part: { from: state, at: 0, words: begin.length },
    steps: (got) => got[STATE.iterations] ?? 0,
    tell(got) {
      if (got[STATE.rounds] === 0) throw new DeviceFault('the device did not run the kernel')
      const as = new Float32Array(got.buffer, got.byteOffset, got.length)
      const weights = as.slice(STATE.weights, STATE.weights + width)
      if (!weights.every(Number.isFinite)) throw new DeviceFault('in f32 the weights are no finite numbers')
      if (got[STATE.done] === 0) return undefined
      const sum = (as[STATE.loss] ?? 0) + (as[STATE.loss + 1] ?? 0)
      return { weights, loss: sum / rows, iterations: got[STATE.iterations] ?? 0 }
    },
    weights: { state, at: STATE.weights },
  }
}
