/// <reference types="@webgpu/types" />
import type { Device } from './device.ts'
import type { Output } from './fused.ts'
import { bitWords } from './gather.ts'
import { dispatch, ENTRY, kernelOf } from './kernel.ts'
import { prefixSum } from './scan.ts'
import type { Transfers } from './transfers.ts'
import { wordsOf } from './wgsl/reps.ts'

/** Rows that a kernel left with gaps between them: values, and bits whose first part says which rows are kept. */
export interface SparseRows {
  readonly rows: number
  readonly outputs: readonly Output[]
  readonly values: GPUBuffer
  readonly bits: GPUBuffer
  /** Words into `bits` at which the kept rows are said. */
  readonly keep: number
  /** For each output: words at which its values and its valid rows begin, in `values` or `bits`. */
  readonly places: readonly (readonly [values: number, valid: number])[]
}

const COUNT = /* wgsl */ `
@group(0) @binding(0) var<storage, read> bits: array<u32>;
@group(0) @binding(1) var<storage, read_write> counts: array<u32>;
@group(0) @binding(2) var<storage, read> at: array<u32>;
fn main(row: u32) {
  if (row < at[0]) { counts[row] = countOneBits(bits[at[1] + row]); }
}
${ENTRY}`

/** Moves the kept rows together, in their order and at the same places. Gives the buffer whose first word is their number. */
export async function compact(
  device: Device,
  transfers: Transfers,
  pass: GPUComputePassEncoder,
  from: SparseRows,
): Promise<{ values: GPUBuffer; bits: GPUBuffer; count: GPUBuffer }> {
  const { rows, outputs, keep, places } = from
  const words = bitWords(rows)
  const before = transfers.buffer(words)
  const about = transfers.upload(2, (to) => to.set([words, keep]))
  dispatch(device, pass, await kernelOf(device, COUNT, ['read', 'write', 'read']), [from.bits, before, about], words)
  const count = await prefixSum(device, transfers, pass, before, words)
  const values = transfers.buffer(from.values.size / 4)
  const bits = transfers.buffer(from.bits.size / 4)
  const at = transfers.upload(2 + 2 * places.length, (to) => to.set([rows, keep, ...places.flat()]))
  const kernel = await kernelOf(device, moveCode(outputs), ['read', 'read', 'read', 'write', 'write', 'read'])
  dispatch(device, pass, kernel, [from.values, from.bits, before, values, bits, at], rows)
  return { values, bits, count }
}

function moveCode(outputs: readonly Output[]): string {
  const lines = outputs.flatMap(({ rep, nullable }, i) => {
    const [own, valid] = [`at[${2 + 2 * i}]`, `at[${3 + 2 * i}]`]
    const moveBit = (place: string) =>
      `if ((bits[${place} + word] & bit) != 0u) { atomicOr(&newBits[${place} + (to >> 5u)], 1u << (to & 31u)); }`
    const moves = Array.from({ length: wordsOf(rep) }, (_, w) => {
      const step = `* ${wordsOf(rep)}u + ${w}u`
      return `newValues[${own} + to ${step}] = values[${own} + row ${step}];`
    })
    return [...(rep === 'bool' ? [moveBit(own)] : moves), ...(nullable ? [moveBit(valid)] : [])]
  })
  return /* wgsl */ `
@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> before: array<u32>;
@group(0) @binding(3) var<storage, read_write> newValues: array<u32>;
@group(0) @binding(4) var<storage, read_write> newBits: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read> at: array<u32>;
fn main(row: u32) {
  if (row >= at[0]) { return; }
  let word = row >> 5u;
  let bit = 1u << (row & 31u);
  let kept = bits[at[1] + word];
  if ((kept & bit) == 0u) { return; }
  let to = before[word] + countOneBits(kept & (bit - 1u));
  ${lines.join('\n  ')}
}
${ENTRY}`
}
