/// <reference types="@webgpu/types" />
import type { Device } from './device.ts'
import { dispatch, ENTRY, kernelOf } from './kernel.ts'
import type { Transfers } from './transfers.ts'

/** Values that one thread adds one after the other: a line of a GPU's cache. Barriers are slower still where threads are few. */
const RUN = 32

const BINDINGS = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@group(0) @binding(2) var<storage, read> length: array<u32>;`

/** Leaves the sum of each run in `sums`. */
const ADD = /* wgsl */ `${BINDINGS}
fn main(run: u32) {
  if (run * ${RUN}u >= length[0]) { return; }
  let end = min((run + 1u) * ${RUN}u, length[0]);
  var sum = 0u;
  for (var i = run * ${RUN}u; i < end; i++) { sum += values[i]; }
  sums[run] = sum;
}
${ENTRY}`

/** Turns values into the sums before them, from what comes before their run on; leaves where the run ends. */
const SPREAD = /* wgsl */ `${BINDINGS}
fn main(run: u32) {
  if (run * ${RUN}u >= length[0]) { return; }
  let end = min((run + 1u) * ${RUN}u, length[0]);
  var sum = sums[run];
  for (var i = run * ${RUN}u; i < end; i++) {
    let own = values[i];
    values[i] = sum;
    sum += own;
  }
  if (length[0] <= ${RUN}u) { sums[0] = sum; }
}
${ENTRY}`

/**
 * Turns the first `length` words of a buffer into the sums of those before each (exclusive prefix sum, modulo 2³²), by
 * runs and then over the runs' sums. Gives the buffer whose first word is the sum of all.
 */
export async function prefixSum(
  device: Device,
  transfers: Transfers,
  pass: GPUComputePassEncoder,
  values: GPUBuffer,
  length: number,
): Promise<GPUBuffer> {
  const runs = Math.max(1, Math.ceil(length / RUN))
  const sums = transfers.buffer(runs)
  const bound = [values, sums, transfers.upload(1, (to) => to.fill(length))]
  const access = ['write', 'write', 'read'] as const
  let total = sums
  if (runs > 1) {
    dispatch(device, pass, await kernelOf(device, ADD, access), bound, runs)
    total = await prefixSum(device, transfers, pass, sums, runs)
  }
  dispatch(device, pass, await kernelOf(device, SPREAD, access), bound, runs)
  return total
}
