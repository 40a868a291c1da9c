/// <reference types="@webgpu/types" />
import { type Job, read, shared, write } from './job.ts'
import { NUMBERS } from './numbers.ts'
import { sort } from './sort.ts'
import { sumsBefore } from './sums.ts'

/** How scores on the device did. */
export interface ScoreMetrics {
  readonly positives: number
  /** Exact for the scores as f32, ties counting half; null when a class has no rows. */
  readonly auc: number | null
  /** In nats a row, to 2⁻²⁴; probabilities are kept 10⁻¹⁵ from 0 and 1. Null without rows. */
  readonly logLoss: number | null
  /** To 2⁻²⁴. Null without rows. */
  readonly brier: number | null
  /** At the threshold. */
  readonly truePositives: number
  readonly falsePositives: number
}

/** \`about\`: rows, the log odds from which on a row counts as positive. \`told\`: sums of 64 bits, and counts. */
const JUDGE = `${NUMBERS}
fn add(at: u32, v: u32) {
  let low = atomicAdd(&told[at], v);
  if (low + v < low) { atomicAdd(&told[at + 1u], 1u); }
}
fn main(row: u32) {
  if (row >= about[0]) { return; }
  let s = bitcast<f32>(score[row]);
  let yes = labels[row] != 0u;
  let z = exp(-min(abs(s), 80.0));
  let a = 1.0 / (1.0 + z);
  let b = z * a;
  let wrong = select(select(b, a, s >= 0.0), select(a, b, s >= 0.0), yes);
  let small = z - z * z * 0.5;
  let loss = select(log(1.0 + z), small, z < 0.001) + max(select(s, -s, yes), 0.0);
  add(0u, u32(round(min(loss, 34.538776) * 16777216.0)));
  add(2u, u32(round(wrong * wrong * 16777216.0)));
  let called = s >= bitcast<f32>(about[1]);
  atomicAdd(&told[4], u32(yes));
  atomicAdd(&told[5], u32(yes & called));
  atomicAdd(&told[6], u32(!yes & called));
  keys[row] = order32(score[row]);
  own[row] = labels[row];
}`
const NEGATIVES = /* wgsl */ `
fn main(i: u32) { if (i < about[0]) { before[i] = 1u - own[i]; } }`
/** Twice the negatives below each positive, ties counting half. */
const RANK = /* wgsl */ `
fn main(i: u32) {
  if (i >= about[0]) { return; }
  if (own[i] == 0u) { return; }
  let key = keys[i];
  var low = 0u;
  var high = i;
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (keys[middle] < key) { low = middle + 1u; } else { high = middle; }
  }
  let first = low;
  low = i + 1u;
  high = about[0];
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (keys[middle] <= key) { low = middle + 1u; } else { high = middle; }
  }
  let twice = before[first] + before[low];
  let sum = atomicAdd(&told[8], twice);
  if (sum + twice < sum) { atomicAdd(&told[9], 1u); }
}`

/** Words that `judged` gives. */
export const JUDGED = 10

/**
 * Compares log odds (f32 a row) with labels (0 or 1 a row), both on the device: the words that `metricsOf` reads, which
 * stay there. \`threshold\` is a probability.
 */
export async function judged(
  job: Job,
  scores: GPUBuffer,
  labels: GPUBuffer,
  rows: number,
  threshold: number,
): Promise<GPUBuffer> {
  const limit = Math.max(-1e30, Math.min(1e30, Math.log(threshold / (1 - threshold))))
  const about = read(job.words(rows, new Uint32Array(Float32Array.of(limit).buffer)[0] as number))
  const told = job.buffer(JUDGED)
  const [keys, own, before] = [job.buffer(rows), job.buffer(rows), job.buffer(rows + 1)]
  const from = { score: read(scores), labels: read(labels), about }
  await job.run(JUDGE, { ...from, told: shared(told), keys: write(keys), own: write(own) }, rows)
  const sorted = await sort(job, { keys, payload: own, length: rows, words: 1 })
  const along = read(sorted.payload ?? own)
  await job.run(NEGATIVES, { own: along, about, before: write(before) }, rows)
  ;(await sumsBefore(job, before, rows + 1))()
  const ranking = { keys: read(sorted.keys), own: along, before: read(before), about }
  await job.run(RANK, { ...ranking, told: shared(told) }, rows)
  return told
}

/** The metrics that words of `judged` say. */
export function metricsOf(got: Uint32Array, rows: number): ScoreMetrics {
  const sum = (at: number) => (got[at + 1] ?? 0) * 2 ** 32 + (got[at] ?? 0)
  const [positives = 0, truePositives = 0, falsePositives = 0] = got.subarray(4)
  const negatives = rows - positives
  return {
    positives,
    auc: positives === 0 || negatives === 0 ? null : sum(8) / 2 / positives / negatives,
    logLoss: rows === 0 ? null : (sum(0) * 2 ** -24) / rows,
    brier: rows === 0 ? null : (sum(2) * 2 ** -24) / rows,
    truePositives,
    falsePositives,
  }
}
