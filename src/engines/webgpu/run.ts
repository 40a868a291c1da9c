/// <reference types="@webgpu/types" />
import type { Field, Schema } from '../../plan/types.ts'
import { type Batch, type Column, type FixedArray, fixedArray } from '../batch.ts'
import type { Program } from '../row/lower.ts'
import { compact } from './compact.ts'
import { type Device, DeviceFault } from './device.ts'
import { FAILED, type Fused, fuse, PLACES, RAN } from './fused.ts'
import { bitWords, type Dictionary, lengthOf, type Segment } from './gather.ts'
import { dispatch, kernelOf } from './kernel.ts'
import type { Transfers } from './transfers.ts'
import { type Rep, wordsOf } from './wgsl/reps.ts'

/** A surviving row uses a value that failed: another engine says which. */
export class FailedOnDevice extends Error {}

/** @throws FailedOnDevice; DeviceFault when the kernel never ran, whose results would be zeros */
export function checkMark(mark: number | undefined): void {
  if (mark === (RAN | FAILED)) throw new FailedOnDevice()
  if (mark !== RAN) throw new DeviceFault('the device did not run the kernel')
}

/** Places one after the other. */
function layout(): { take(words: number): number; size(): number } {
  let size = 0
  return {
    take(words) {
      const at = size
      size += words
      return at
    },
    size: () => size,
  }
}

/** A segment under way on the device: its fused kernel is in `pass`, and nothing is submitted yet. */
export interface Launched {
  readonly rows: number
  readonly fused: Fused
  readonly encoder: GPUCommandEncoder
  readonly pass: GPUComputePassEncoder
  readonly values: GPUBuffer
  /** Word 0 is not 0 when a value failed that a surviving row uses. */
  readonly bits: GPUBuffer
  /** Where the kept rows are said; undefined without filters. */
  readonly keep: number | undefined
  readonly places: readonly (readonly [values: number, valid: number])[]
}

/** A program over the columns that it reads. */
export interface Work {
  readonly device: Device
  readonly program: Program
  readonly read: readonly number[]
  readonly words: Dictionary
}

/** Sends a segment's columns up, in one write, and begins with the fused kernel over them. */
export async function launch(
  { device, program, read }: Work,
  transfers: Transfers,
  segment: Segment,
): Promise<Launched> {
  const { rows } = segment
  const fused = fuse(program, read, (column) => segment.columns[read.indexOf(column)]?.validity !== null)
  const [inputs, values, bits] = [layout(), layout(), layout()]
  const at = new Uint32Array(2 + 2 * read.length + 2 * fused.outputs.length)
  at[PLACES.rows] = rows
  bits.take(1)
  const keep = bits.take(fused.filters ? bitWords(rows) : 0)
  at[PLACES.keep] = keep
  for (const [i, { words: own, validity }] of segment.columns.entries()) {
    at[PLACES.input(i)] = inputs.take(own.length)
    at[PLACES.input(i) + 1] = inputs.take(validity?.length ?? 0)
  }
  const places = fused.outputs.map(({ rep, nullable }, i) => {
    const own = (rep === 'bool' ? bits : values).take(lengthOf(rep, rows))
    const valid = bits.take(nullable ? bitWords(rows) : 0)
    at.set([own, valid], PLACES.output(i, read.length))
    return [own, valid] as const
  })
  const input = transfers.upload(inputs.size(), (to) => {
    for (const [i, { words: own, validity }] of segment.columns.entries()) {
      to.set(own, at[PLACES.input(i)])
      if (validity) to.set(validity, at[PLACES.input(i) + 1])
    }
  })
  const about = transfers.upload(at.length, (to) => to.set(at))
  const made = { values: transfers.buffer(values.size()), bits: transfers.buffer(bits.size()) }
  const encoder = device.gpu.createCommandEncoder()
  const pass = encoder.beginComputePass()
  const kernel = await kernelOf(device, fused.code, ['read', 'write', 'write', 'read'])
  dispatch(device, pass, kernel, [input, made.values, made.bits, about], rows)
  return { rows, fused, encoder, pass, ...made, keep: fused.filters ? keep : undefined, places }
}

/**
 * Computes one segment: its columns go up once, one kernel computes tests and outputs, the kept rows are moved together,
 * and they come down. @throws FailedOnDevice
 */
export async function runSegment(work: Work, transfers: Transfers, segment: Segment): Promise<Batch> {
  const { device, program, words } = work
  const started = await launch(work, transfers, segment)
  const { rows, fused, encoder, pass, places, keep } = started
  const kept =
    keep === undefined
      ? undefined
      : await compact(device, transfers, pass, { ...started, outputs: fused.outputs, keep })
  pass.end()
  const columns = (n: number) => partsOf(fused, places, n, kept?.values ?? started.values, kept?.bits ?? started.bits)
  const mark = { from: started.bits, at: 0, words: 1 }
  if (!kept) {
    const got = await transfers.download(encoder, [mark, ...columns(rows)])
    checkMark(got[0])
    return batchOf(program.output, fused, rows, got.subarray(1), words)
  }
  const [failed, count = 0] = await transfers.download(encoder, [mark, { from: kept.count, at: 0, words: 1 }])
  checkMark(failed)
  const got = await transfers.download(device.gpu.createCommandEncoder(), columns(count))
  return batchOf(program.output, fused, count, got, words)
}

/** What comes down of `n` rows: each output's values, then its valid rows. */
function partsOf(
  fused: Fused,
  places: readonly (readonly [number, number])[],
  n: number,
  values: GPUBuffer,
  bits: GPUBuffer,
) {
  return fused.outputs.flatMap(({ rep, nullable }, i) => {
    const [own, valid] = places[i] as readonly [number, number]
    return [
      { from: rep === 'bool' ? bits : values, at: own, words: lengthOf(rep, n) },
      { from: bits, at: valid, words: nullable ? bitWords(n) : 0 },
    ]
  })
}

function batchOf(schema: Schema, fused: Fused, rows: number, words: Uint32Array, dictionary: Dictionary): Batch {
  let at = 0
  const columns = fused.outputs.map(({ rep, nullable }, i): Column => {
    const own = words.subarray(at, (at += lengthOf(rep, rows)))
    const bits = words.subarray(at, (at += nullable ? bitWords(rows) : 0))
    const validity = nullable ? new Uint8Array(bits.buffer, bits.byteOffset, (rows + 7) >> 3) : null
    return columnOf(schema[i] as Field, rep, own, validity, rows, dictionary)
  })
  return { schema, rows, columns }
}

function columnOf(
  { type }: Field,
  rep: Rep,
  words: Uint32Array,
  validity: Uint8Array | null,
  length: number,
  dictionary: Dictionary,
): Column {
  if (type === 'string') return { kind: 'dictionary', type, length, validity, codes: words, words: dictionary.list }
  const values = fixedArray(type, length) as FixedArray
  if (rep === 'bool') for (let i = 0; i < length; i++) values[i] = ((words[i >>> 5] as number) >>> (i & 31)) & 1
  else new Uint32Array(values.buffer, 0, length * wordsOf(rep)).set(words)
  return { kind: 'fixed', type, length, validity, values }
}
