/// <reference types="@webgpu/types" />
import type { Device } from './device.ts'
import { dispatch, ENTRY, GROUP, kernelOf } from './kernel.ts'
import type { Transfers } from './transfers.ts'

/** Each workgroup turns its values into the sums before them, and leaves its own sum in `sums`. */
const BLOCKS = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@group(0) @binding(2) var<storage, read> length: array<u32>;
var<workgroup> part: array<u32, ${GROUP}>;
@compute @workgroup_size(${GROUP})
fn run(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) me: u32,
) {
  let block = group.x + group.y * groups.x;
  let at = block * ${GROUP}u + me;
  let own = select(0u, values[min(at, length[0] - 1u)], at < length[0]);
  part[me] = own;
  workgroupBarrier();
  for (var step = 1u; step < ${GROUP}u; step <<= 1u) {
    let before = select(0u, part[max(me, step) - step], me >= step);
    workgroupBarrier();
    part[me] += before;
    workgroupBarrier();
  }
  if (at < length[0]) { values[at] = part[me] - own; }
  if (me == ${GROUP}u - 1u && block * ${GROUP}u < length[0]) { sums[block] = part[me]; }
}
`

/** Adds each block's sum of what lies before it. */
const SPREAD = /* wgsl */ `
@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@group(0) @binding(1) var<storage, read> sums: array<u32>;
@group(0) @binding(2) var<storage, read> length: array<u32>;
fn main(row: u32) {
  if (row < length[0]) { values[row] += sums[row / ${GROUP}u]; }
}
${ENTRY}`

/**
 * Turns the first `length` words of a buffer into the sums of those before each (exclusive prefix sum, modulo 2³²), by
 * blocks and then over the blocks' sums. Gives the buffer whose first word is the sum of all.
 */
export async function prefixSum(
  device: Device,
  transfers: Transfers,
  pass: GPUComputePassEncoder,
  values: GPUBuffer,
  length: number,
): Promise<GPUBuffer> {
  const blocks = Math.ceil(length / GROUP)
  const sums = transfers.buffer(blocks)
  const size = transfers.upload(1, (to) => to.fill(length))
  dispatch(device, pass, await kernelOf(device, BLOCKS, ['write', 'write', 'read']), [values, sums, size], length)
  if (blocks === 1) return sums
  const total = await prefixSum(device, transfers, pass, sums, blocks)
  dispatch(device, pass, await kernelOf(device, SPREAD, ['write', 'read', 'read']), [values, sums, size], length)
  return total
}
