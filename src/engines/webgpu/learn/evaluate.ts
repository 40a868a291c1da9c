/// <reference types="@webgpu/types" />
import { type Job, read, shared, write } from './job.ts'
import { NUMBERS } from './numbers.ts'
import { BEST, CALIBRATE, CUTS, ENDS, LIMIT, PROBABILITY } from './ranked.ts'
import { sort } from './sort.ts'
import { sumsBefore } from './sums.ts'

/** `about`: rows. `told`: sums of 64 bits, and counts. */
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
  atomicAdd(&told[4], u32(yes));
  keys[row] = order32(score[row]);
  own[row] = labels[row];
}`
const NEGATIVES = /* wgsl */ `
fn main(i: u32) { if (i < about[0]) { before[i] = 1u - own[i]; } }`
/** Of each positive: twice the negatives below it, ties counting half; and the precision where it is the last that is called. */
const RANK = /* wgsl */ `
fn add(at: u32, v: u32) {
  let low = atomicAdd(&told[at], v);
  if (low + v < low) { atomicAdd(&told[at + 1u], 1u); }
}
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
  add(8u, before[first] + before[low]);
  let called = about[0] - first;
  let found = called - (before[about[0]] - before[first]);
  add(10u, u32(round(f32(found) / f32(called) * 16777216.0)));
}`
/** Rows that count as positive at a limit: of the positive ones, and of the others. */
const CALLED = /* wgsl */ `
fn main(row: u32) {
  if (row >= about[0]) { return; }
  if (bitcast<f32>(score[row]) < bitcast<f32>(limit[0])) { return; }
  atomicAdd(&told[select(6u, 5u, labels[row] != 0u)], 1u);
}`

/** Words of what is found: metrics, then the reliability table. */
const METRICS = 16
/** Bins of the reliability table, and words of each: its end, ends of its scores, their sum. */
const BINS = 10
const BIN = 6
export const JUDGED = METRICS + 1 + BINS * BIN
/** Words of a column's cut points: hundredths, each a score and the rows below it. */
export const CUT_WORDS = 200

/** Log odds (f32 a row) and labels (0 or 1 a row), both on the device. */
export interface Scored {
  readonly scores: GPUBuffer
  readonly labels: GPUBuffer
  readonly rows: number
}

/** What is asked of scores. */
export interface Asked {
  /** A word with the log odds from which on a row counts as positive; the limit of the best F1 is found and used when absent. */
  readonly limit?: GPUBuffer
  /** Whether hundredths of the scores are wanted. */
  readonly cuts?: boolean
}

/** What `judged` leaves on the device. */
export interface Found {
  /** `JUDGED` words, which `judgedOf` reads. */
  readonly told: GPUBuffer
  readonly limit: GPUBuffer
  /** `CUT_WORDS` words, which `cutsOf` reads. */
  readonly cuts: GPUBuffer | undefined
}

/** The word of a limit, from a probability. */
export const limitOf = (job: Job, threshold: number): GPUBuffer =>
  job.list(new Uint32Array(Float32Array.of(Math.max(-1e30, Math.min(1e30, logOdds(threshold)))).buffer))
const logOdds = (p: number): number => Math.log(p / (1 - p))

/** Compares scores with labels. Nothing comes down. */
export async function judged(job: Job, { scores, labels, rows }: Scored, asked: Asked): Promise<Found> {
  const about = read(job.words(rows))
  const told = job.buffer(JUDGED)
  const [keys, own, before] = [job.buffer(rows), job.buffer(rows), job.buffer(rows + 1)]
  const from = { score: read(scores), labels: read(labels), about }
  await job.run(JUDGE, { ...from, told: shared(told), keys: write(keys), own: write(own) }, rows)
  const sorted = await sort(job, { keys, payload: own, length: rows, words: 1 })
  const along = read(sorted.payload ?? own)
  await job.run(NEGATIVES, { own: along, about, before: write(before) }, rows)
  ;(await sumsBefore(job, before, rows + 1))()
  const order = { keys: read(sorted.keys), before: read(before), about }
  await job.run(RANK, { ...order, own: along, told: shared(told) }, rows)
  const limit = asked.limit ?? job.buffer(1)
  if (!asked.limit) {
    for (const pass of [0, 1]) await job.run(BEST(pass === 1), { ...order, told: shared(told) }, rows)
    await job.run(LIMIT, { keys: order.keys, about, told: write(told), limit: write(limit) }, 1)
  }
  await job.run(CALLED, { ...from, limit: read(limit), told: shared(told) }, rows)
  const table = { at: METRICS, bins: BINS, bin: BIN }
  await job.run(ENDS(table), { ...order, told: write(told) }, 1)
  await job.run(CALIBRATE(table), { keys: order.keys, about, told: shared(told) }, rows)
  const cuts = asked.cuts ? job.buffer(CUT_WORDS) : undefined
  if (cuts) await job.run(CUTS, { keys: order.keys, about, cuts: write(cuts) }, 100)
  return { told, limit, cuts }
}

/** How scores on the device did. */
export interface ScoreMetrics {
  readonly positives: number
  /** Exact for the scores as f32, ties counting half; null when a class has no rows. */
  readonly auc: number | null
  /** To 2⁻²³; null without positive rows. */
  readonly averagePrecision: number | null
  /** In nats a row, to 2⁻²⁴; probabilities are kept 10⁻¹⁵ from 0 and 1. Null without rows. */
  readonly logLoss: number | null
  /** To 2⁻²⁴. Null without rows. */
  readonly brier: number | null
  /** At the limit. */
  readonly truePositives: number
  readonly falsePositives: number
  /** The score of the best F1 and the next lower one, as probabilities; where no limit was given. */
  readonly best: { readonly at: number; readonly below: number }
  /** Neighbouring scores of about equally many rows. */
  readonly bins: readonly {
    readonly from: number
    readonly to: number
    readonly rows: number
    readonly positives: number
    readonly meanScore: number
  }[]
}

/** The metrics that words of `judged` say. */
export function judgedOf(got: Uint32Array, rows: number): ScoreMetrics {
  const word = (at: number): number => got[at] ?? 0
  const sum = (at: number) => word(at + 1) * 2 ** 32 + word(at)
  const positives = word(4)
  const negatives = rows - positives
  const bins = Array.from({ length: word(METRICS) }, (_, i) => {
    const at = METRICS + 1 + i * BIN
    const begin = i === 0 ? 0 : word(at - BIN)
    const own = word(at) - begin
    return {
      ...{ from: PROBABILITY(word(at + 1)), to: PROBABILITY(word(at + 2)), rows: own, positives: word(at + 3) },
      meanScore: (sum(at + 4) * 2 ** -24) / own,
    }
  })
  return {
    positives,
    auc: positives === 0 || negatives === 0 ? null : sum(8) / 2 / positives / negatives,
    averagePrecision: positives === 0 ? null : (sum(10) * 2 ** -24) / positives,
    logLoss: rows === 0 ? null : (sum(0) * 2 ** -24) / rows,
    brier: rows === 0 ? null : (sum(2) * 2 ** -24) / rows,
    truePositives: word(5),
    falsePositives: word(6),
    best: { at: PROBABILITY(word(14)), below: PROBABILITY(word(15)) },
    bins,
  }
}

/** Hundredths of the scores as probabilities, each with the rows below it; the smallest score first. */
export const cutsOf = (got: Uint32Array): { readonly value: number; readonly below: number }[] =>
  Array.from({ length: CUT_WORDS / 2 }, (_, i) => ({ value: PROBABILITY(got[i * 2] ?? 0), below: got[i * 2 + 1] ?? 0 }))
