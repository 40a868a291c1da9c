/// <reference types="@webgpu/types" />
import { type Job, read, write } from './job.ts'

/** Words that one thread adds up. No barriers, unlike in `../scan.ts`: here sums are many, and software drivers take long over these. */
const RUN = 64
/** So many are added up by one thread. */
const FEW = 256

const UP = /* wgsl */ `
fn main(thread: u32) {
  if (thread * ${RUN}u >= about[0]) { return; }
  var sum = 0u;
  let end = min(about[0], thread * ${RUN}u + ${RUN}u);
  for (var i = thread * ${RUN}u; i < end; i++) { sum += values[i]; }
  sums[thread] = sum;
}`
const DOWN = /* wgsl */ `
fn main(thread: u32) {
  if (thread * ${RUN}u >= about[0]) { return; }
  var sum = sums[thread];
  let end = min(about[0], thread * ${RUN}u + ${RUN}u);
  for (var i = thread * ${RUN}u; i < end; i++) {
    let own = values[i];
    values[i] = sum;
    sum += own;
  }
}`
const ALL = /* wgsl */ `
fn main(thread: u32) {
  if (thread != 0u) { return; }
  var sum = 0u;
  for (var i = 0u; i < about[0]; i++) {
    let own = values[i];
    values[i] = sum;
    sum += own;
  }
}`

/** Makes ready to turn the first `length` words into the sums of those before each, modulo 2³²; calling it does so. */
export async function sumsBefore(job: Job, values: GPUBuffer, length: number): Promise<() => void> {
  const about = read(job.words(length))
  if (length <= FEW) {
    const all = await job.prepare(ALL, { values: write(values), about })
    return () => job.go(all, 1)
  }
  const threads = Math.ceil(length / RUN)
  const sums = job.buffer(threads)
  const up = await job.prepare(UP, { values: read(values), about, sums: write(sums) })
  const between = await sumsBefore(job, sums, threads)
  const down = await job.prepare(DOWN, { values: write(values), about, sums: read(sums) })
  return () => {
    job.go(up, threads)
    between()
    job.go(down, threads)
  }
}
