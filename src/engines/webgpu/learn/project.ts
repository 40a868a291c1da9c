/// <reference types="@webgpu/types" />
import type { DesignMatrix } from './design.ts'
import { type Job, read, write } from './job.ts'

const PROJECT = /* wgsl */ `
fn main(i: u32) {
  if (i >= about[0] * about[2]) { return; }
  let row = i % about[0];
  let c = i / about[0];
  var sum = 0.0;
  for (var j = 0u; j < about[1]; j++) {
    let x = (j * about[0] + row) * 4u;
    let w = (c * about[1] + j) * 4u;
    sum += dot(
      vec4f(design[x], design[x + 1u], design[x + 2u], design[x + 3u]),
      vec4f(weights[w], weights[w + 1u], weights[w + 2u], weights[w + 3u]),
    );
  }
  out[i] = sum;
}`

/** Rows along some directions, an f32 each, one direction after the other; they stay on the device. */
export async function project(
  job: Job,
  { rows, width, values }: DesignMatrix,
  directions: readonly ArrayLike<number>[],
): Promise<GPUBuffer> {
  const fours = Math.ceil(width / 4)
  const out = job.buffer(rows * directions.length)
  const weights = job.upload(Math.max(1, directions.length) * fours * 4, (to) => {
    const floats = new Float32Array(to.buffer, to.byteOffset)
    for (const [c, direction] of directions.entries()) floats.set(Array.from(direction), c * fours * 4)
  })
  const about = read(job.words(rows, fours, directions.length))
  const from = { about, design: read(values, 'f32'), weights: read(weights, 'f32') }
  await job.run(PROJECT, { ...from, out: write(out, 'f32') }, rows * directions.length)
  return out
}
