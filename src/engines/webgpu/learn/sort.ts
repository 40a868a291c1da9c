/// <reference types="@webgpu/types" />
import { type Job, read, write } from './job.ts'
import { sumsBefore } from './sums.ts'

/** Rows that one thread ranks, in their order, which keeps the sort stable. */
const RUN = 32
const DIGIT = 4

/** Keys to sort, of one word or two, and a word that each takes along. */
export interface Keys {
  readonly keys: GPUBuffer
  readonly payload: GPUBuffer | null
  readonly length: number
  readonly words: 1 | 2
  /** Lowest bits that are the same in all keys. */
  readonly skip?: number
}

const digitOf = (words: 1 | 2): string => {
  const word = words === 1 ? 'key' : 'select(key.x, key.y, about[1] >= 32u)'
  return `fn digit(key: ${words === 1 ? 'u32' : 'vec2u'}) -> u32 { return (${word} >> (about[1] & 31u)) & 15u; }`
}

/** Sixteen counters of a byte, and those of a digit alone. */
const COUNTERS = /* wgsl */ `
fn only(d: u32, v: vec4u) -> vec4u { return select(vec4u(0u), v, vec4u(d >> 2u) == vec4u(0u, 1u, 2u, 3u)); }
`

/** `about`: keys, first bit of the digit, threads. */
const countCode = (words: 1 | 2): string => `${COUNTERS}${digitOf(words)}
fn main(thread: u32) {
  if (thread >= about[2]) { return; }
  var n = vec4u(0u);
  let end = min(about[0], thread * ${RUN}u + ${RUN}u);
  for (var i = thread * ${RUN}u; i < end; i++) {
    let d = digit(keys[i]);
    n += only(d, vec4u(1u << ((d & 3u) * 8u)));
  }
  for (var d = 0u; d < 16u; d++) {
    let word = only(d, n);
    counts[d * about[2] + thread] = ((word.x | word.y | word.z | word.w) >> ((d & 3u) * 8u)) & 255u;
  }
}`

const moveCode = (words: 1 | 2, payload: boolean): string => `${COUNTERS}${digitOf(words)}
fn main(thread: u32) {
  if (thread >= about[2]) { return; }
  var n = vec4u(0u);
  let end = min(about[0], thread * ${RUN}u + ${RUN}u);
  for (var i = thread * ${RUN}u; i < end; i++) {
    let key = keys[i];
    let d = digit(key);
    let shift = (d & 3u) * 8u;
    let word = only(d, n);
    let to = before[d * about[2] + thread] + (((word.x | word.y | word.z | word.w) >> shift) & 255u);
    n += only(d, vec4u(1u << shift));
    sorted[to] = key;
    ${payload ? 'sortedPayload[to] = payload[i];' : ''}
  }
}`

/**
 * Sorts unsigned keys in ascending order, equal ones as they were: by digits of four bits from the lowest on. Gives
 * buffers of its own; the given ones are written over.
 */
export async function sort(job: Job, { keys, payload, length, words, skip = 0 }: Keys) {
  const threads = Math.max(1, Math.ceil(length / RUN))
  const type = words === 1 ? 'u32' : 'vec2u'
  let [from, to] = [
    { keys, payload },
    { keys: job.buffer(length * words), payload: payload && job.buffer(length) },
  ]
  const counts = job.buffer(16 * threads)
  const add = await sumsBefore(job, counts, 16 * threads)
  for (let bit = skip - (skip % DIGIT); bit < words * 32; bit += DIGIT) {
    const about = read(job.words(length, bit, threads))
    await job.run(countCode(words), { keys: read(from.keys, type), about, counts: write(counts) }, threads)
    add()
    const along = from.payload && to.payload ? { payload: read(from.payload), sortedPayload: write(to.payload) } : {}
    await job.run(
      moveCode(words, payload !== null),
      { keys: read(from.keys, type), about, before: read(counts), sorted: write(to.keys, type), ...along },
      threads,
    )
    ;[from, to] = [to, from]
  }
  return from
}
