/// <reference types="@webgpu/types" />
import type { Type } from '../../plan/types.ts'
import { type Accumulator, addTo, isLong } from './aggregates.ts'
import type { Device } from './device.ts'
import type { Output } from './fused.ts'
import { dispatch, ENTRY, kernelOf } from './kernel.ts'
import { prefixSum } from './scan.ts'
import type { Transfers } from './transfers.ts'
import { PRELUDE } from './wgsl/prelude.ts'
import { wordsOf } from './wgsl/reps.ts'

/** Rows as a fused kernel left them: keys first, then what the aggregates read. */
export interface Grouping {
  readonly rows: number
  readonly outputs: readonly Output[]
  readonly types: readonly Type[]
  readonly keys: number
  readonly accumulators: readonly Accumulator[]
  readonly values: GPUBuffer
  readonly bits: GPUBuffer
  /** Words into `bits` at which the kept rows are said; undefined when all are. */
  readonly keep: number | undefined
  readonly places: readonly (readonly [values: number, valid: number])[]
}

/** A group's words in `keys`: for each key its words and whether it is there. In `acc`: the accumulators one by one. */
export interface Grouped {
  readonly keys: GPUBuffer
  readonly acc: GPUBuffer
  /** Its first word is the number of groups. */
  readonly count: GPUBuffer
  readonly keyWords: number
  readonly accWords: number
}

/** Column `i` of a row in code: its value and whether it is there. */
function read({ outputs }: Grouping, i: number, row: string): { v: string; there: string } {
  const { rep, nullable } = outputs[i] as Output
  const [own, valid] = [`size[${3 + 2 * i}]`, `size[${4 + 2 * i}]`]
  const bit = (place: string) => `((bits[${place} + (${row} >> 5u)] >> (${row} & 31u)) & 1u) != 0u`
  const v = {
    bool: `(${bit(own)})`,
    i32: `bitcast<i32>(values[${own} + ${row}])`,
    u32: `values[${own} + ${row}]`,
    vec2u: `vec2u(values[${own} + ${row} * 2u], values[${own} + ${row} * 2u + 1u])`,
  }[rep]
  return { v, there: nullable ? `(${bit(valid)})` : 'true' }
}

/** A key as words that are equal where keys are: floats by their order, in which NaN is one value and −0 is 0. */
function wordsOfKey(g: Grouping, i: number, row: string): string[] {
  const { v, there } = read(g, i, row)
  const type = g.types[i]
  const own = type === 'float32' ? `order32(${v})` : type === 'float64' ? `order64(${v})` : v
  const { rep } = g.outputs[i] as Output
  const words =
    rep === 'vec2u'
      ? [`(${own}).x`, `(${own}).y`]
      : rep === 'bool'
        ? [`u32(${own})`]
        : rep === 'i32'
          ? [`bitcast<u32>(${own})`]
          : [own]
  return there === 'true' ? [...words, '1u'] : [...words.map((w) => `select(0u, ${w}, ${there})`), `u32(${there})`]
}

/**
 * Groups rows by their keys: an open hash table of rows, in which equal keys meet, then their numbers one after the other,
 * then what each row adds to its group. Groups come in no particular order.
 */
export async function group(
  device: Device,
  transfers: Transfers,
  pass: GPUComputePassEncoder,
  g: Grouping,
): Promise<Grouped> {
  const slots = 2 ** Math.max(1, Math.ceil(Math.log2(Math.max(1, g.rows) * 2)))
  const heads = Array.from({ length: g.keys }, (_, i) => wordsOfKey(g, i, 'row'))
  const keyWords = heads.reduce((n, words) => n + words.length, 0)
  const accWords = g.accumulators.reduce((n, a) => n + a.words, 0)
  const table = transfers.buffer(slots)
  const slotOf = transfers.buffer(g.rows)
  const number = transfers.buffer(slots)
  const about = [g.rows, slots, g.keep ?? 0, ...g.places.flat()]
  const size = transfers.upload(about.length, (to) => to.set(about))
  const common = `${PRELUDE}
@group(0) @binding(0) var<storage, read> values: array<u32>;
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> size: array<u32>;
fn kept(row: u32) -> bool { return row < size[0]${g.keep === undefined ? '' : ' && ((bits[size[2] + (row >> 5u)] >> (row & 31u)) & 1u) != 0u'}; }
`
  const hashed = heads.flat().map((w) => `h = (h ^ (${w})) * 0x9e3779b1u; h ^= h >> 15u;`)
  const equal = Array.from({ length: g.keys }, (_, i) => {
    const [mine, others] = [wordsOfKey(g, i, 'row'), wordsOfKey(g, i, 'other')]
    return mine.flatMap((w, j) => (w === others[j] ? [] : [`if ((${w}) != (${others[j]})) { return false; }`]))
  }).flat()
  const find = `${common}
@group(0) @binding(3) var<storage, read_write> table: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> slotOf: array<u32>;
fn same(row: u32, other: u32) -> bool {
  ${equal.join('\n  ')}
  return true;
}
fn main(row: u32) {
  if (!kept(row)) { return; }
  var h = 0x811c9dc5u;
  ${hashed.join('\n  ')}
  var slot = h & (size[1] - 1u);
  loop {
    var there = atomicLoad(&table[slot]);
    if (there == 0u) {
      let swap = atomicCompareExchangeWeak(&table[slot], 0u, row + 1u);
      if (swap.exchanged) { there = row + 1u; } else { there = swap.old_value; }
      if (there == 0u) { continue; }
    }
    if (same(row, there - 1u)) { break; }
    slot = (slot + 1u) & (size[1] - 1u);
  }
  slotOf[row] = slot;
}
${ENTRY}`
  const mark = /* wgsl */ `
@group(0) @binding(0) var<storage, read> table: array<u32>;
@group(0) @binding(1) var<storage, read_write> number: array<u32>;
@group(0) @binding(2) var<storage, read> size: array<u32>;
fn main(row: u32) { if (row < size[1]) { number[row] = u32(table[row] != 0u); } }
${ENTRY}`
  let at = 0
  const writes = heads.flat().map((w) => `keys[to + ${at++}u] = ${w};`)
  const gather = `${common}
@group(0) @binding(3) var<storage, read> table: array<u32>;
@group(0) @binding(4) var<storage, read> number: array<u32>;
@group(0) @binding(5) var<storage, read_write> keys: array<u32>;
fn main(slot: u32) {
  if (slot >= size[1] || table[slot] == 0u) { return; }
  let row = table[slot] - 1u;
  let to = number[slot] * ${Math.max(1, keyWords)}u;
  ${writes.join('\n  ')}
}
${ENTRY}`
  const adding = (round: 1 | 2): string => {
    let from = 0
    const adds = g.accumulators.map((a) => {
      const place = `to + ${from}u`
      from += a.words
      const { v, there } = a.arg < 0 ? { v: '', there: 'true' } : read(g, a.arg, 'row')
      const lines = addTo(a, v, place, round)
      return lines.length > 0 ? `if (${there}) { ${lines.join(' ')} }` : ''
    })
    return `${common}
@group(0) @binding(3) var<storage, read> slotOf: array<u32>;
@group(0) @binding(4) var<storage, read> number: array<u32>;
@group(0) @binding(5) var<storage, read_write> acc: array<atomic<u32>>;
fn main(row: u32) {
  if (!kept(row)) { return; }
  let to = number[slotOf[row]] * ${Math.max(1, accWords)}u;
  ${adds.join('\n  ')}
}
${ENTRY}`
  }
  const { values, bits } = g
  dispatch(
    device,
    pass,
    await kernelOf(device, find, ['read', 'read', 'read', 'write', 'write']),
    [values, bits, size, table, slotOf],
    g.rows,
  )
  dispatch(device, pass, await kernelOf(device, mark, ['read', 'write', 'read']), [table, number, size], slots)
  const count = await prefixSum(device, transfers, pass, number, slots)
  // as many groups as rows at most
  const keys = transfers.buffer(g.rows * Math.max(1, keyWords))
  const acc = transfers.buffer(g.rows * Math.max(1, accWords))
  const six = ['read', 'read', 'read', 'read', 'read', 'write'] as const
  if (keyWords > 0)
    dispatch(device, pass, await kernelOf(device, gather, six), [values, bits, size, table, number, keys], slots)
  const rounds = g.accumulators.length === 0 ? [] : g.accumulators.some(isLong) ? ([1, 2] as const) : ([1] as const)
  for (const round of rounds)
    dispatch(
      device,
      pass,
      await kernelOf(device, adding(round), six),
      [values, bits, size, slotOf, number, acc],
      g.rows,
    )
  return { keys, acc, count, keyWords, accWords }
}

/** Words of a key in `keys`, the mark of its presence included. */
export const keyWordsOf = (o: Output): number => Math.max(1, wordsOf(o.rep)) + 1
