/// <reference types="@webgpu/types" />
import type { Field } from '../../plan/types.ts'
import { type Batch, type Column, type FixedArray, fixedArray } from '../batch.ts'
import { DeviceFault } from './device.ts'
import { BEYOND, FAILED, RAN } from './fused.ts'
import { bitWords, type Dictionary, lengthOf } from './gather.ts'
import type { Recorder } from './recorder.ts'
import type { Rows } from './rows.ts'
import type { TableColumn } from './table.ts'
import { type Rep, wordsOf } from './wgsl/reps.ts'

/** A surviving row uses a value that failed: another engine says which. */
export class FailedOnDevice extends Error {
  constructor() {
    super('a value failed: the processor says which')
  }
}

/** A join gives more rows than were guessed: computed again by asking, it has them. */
export class BeyondGuess extends Error {}

/** @throws FailedOnDevice, BeyondGuess; DeviceFault when a kernel never ran, whose results would be zeros */
export function checkMarks(marks: Uint32Array): void {
  if (marks.some((mark) => mark === BEYOND)) throw new BeyondGuess('a join gives more rows than it is given')
  if (marks.some((mark) => mark === (RAN | FAILED))) throw new FailedOnDevice()
  if (marks.some((mark) => mark !== RAN)) throw new DeviceFault('the device did not run the kernel')
}

/** Brings the marks down, and how many rows there are where the device alone knows. One readback. */
export async function settle(recorder: Recorder, { most, count }: Pick<Rows, 'most' | 'count'>): Promise<number> {
  const got = await recorder.download([
    ...(count ? [{ from: count.buffer, at: count.at, words: 1 }] : []),
    recorder.marks(),
  ])
  checkMarks(got.subarray(count ? 1 : 0))
  recorder.forget()
  return count ? (got[0] as number) : most
}

/** Brings rows down: in one readback where the host knows how many there are, in two where it must ask. */
export async function download(recorder: Recorder, rows: Rows, words: Dictionary): Promise<Batch> {
  const n = rows.count ? await settle(recorder, rows) : rows.most
  const marks = recorder.marks()
  const got = await recorder.download([
    marks,
    ...rows.columns.flatMap(({ rep, values, validity }) => [
      { from: values.buffer, at: values.at, words: lengthOf(rep, n) },
      ...(validity ? [{ from: validity.buffer, at: validity.at, words: bitWords(n) }] : []),
    ]),
  ])
  checkMarks(got.subarray(0, marks.words))
  recorder.forget()
  return batchOf(rows.columns, n, got.subarray(marks.words), words)
}

export function batchOf(from: readonly TableColumn[], rows: number, words: Uint32Array, dictionary: Dictionary): Batch {
  let at = 0
  const columns = from.map(({ field, rep, validity }): Column => {
    const own = words.subarray(at, (at += lengthOf(rep, rows)))
    const bits = words.subarray(at, (at += validity ? bitWords(rows) : 0))
    const there = validity ? new Uint8Array(bits.buffer, bits.byteOffset, (rows + 7) >> 3) : null
    return columnOf(field, rep, own, there, rows, dictionary)
  })
  return { schema: from.map((c) => c.field), rows, columns }
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
