/// <reference types="@webgpu/types" />
import type { Field, Schema } from '../../plan/types.ts'
import type { Device } from './device.ts'
import { Draft } from './draft.ts'
import { bitWords, lengthOf } from './gather.ts'
import type { Recorder } from './recorder.ts'
import type { TableColumn, Words } from './table.ts'
import { type Rep, repOf } from './wgsl/reps.ts'

/** Rows on the device while a plan runs: how many there are may be known there alone. */
export interface Rows {
  /** As many as there are, or more. */
  readonly most: number
  /** The word that says how many there are; null when `most` does. */
  readonly count: Words | null
  readonly columns: readonly TableColumn[]
}

/** No row: an index that points nowhere. */
export const NONE = 0xffffffff

export const countOf = ({ most, count }: Pick<Rows, 'most' | 'count'>): number | Words => count ?? most

export function columnOf(rows: Rows, name: string): TableColumn {
  const found = rows.columns.find((c) => c.field.name === name)
  if (!found) throw new TypeError(`column '${name}' is not on the device`)
  return found
}

/** The buffers that hold columns. */
export const buffersOf = (columns: readonly TableColumn[]): Set<GPUBuffer> =>
  new Set(columns.flatMap((c) => [c.values.buffer, ...(c.validity ? [c.validity.buffer] : [])]))

/** Buffers of columns that one kernel may read, beside the few of its own. */
const inputsOf = (device: Device): number => device.gpu.limits.maxStorageBuffersPerShaderStage - 5

/** Columns without values yet: wide ones in one buffer, bits in another. */
export function emptyColumns(
  { transfers }: Recorder,
  wanted: readonly { readonly field: Field; readonly rep: Rep; readonly nullable: boolean }[],
  rows: number,
): TableColumn[] {
  let [wide, bits] = [0, 0]
  const places = wanted.map(({ rep, nullable }) => {
    const own = rep === 'bool' ? bits : wide
    if (rep === 'bool') bits += bitWords(rows)
    else wide += lengthOf(rep, rows)
    const valid = bits
    if (nullable) bits += bitWords(rows)
    return [own, valid] as const
  })
  const [values, marks] = [transfers.buffer(wide), transfers.buffer(bits)]
  return wanted.map(({ field, rep, nullable }, i) => {
    const [own, valid] = places[i] as readonly [number, number]
    return {
      field,
      rep,
      values: { buffer: rep === 'bool' ? marks : values, at: own },
      validity: nullable ? { buffer: marks, at: valid } : null,
    }
  })
}

/** Columns of no rows. */
export const noRows = (recorder: Recorder, schema: Schema): Rows => ({
  most: 0,
  count: null,
  columns: emptyColumns(
    recorder,
    schema.map((field) => ({ field, rep: repOf(field.type) as Rep, nullable: false })),
    0,
  ),
})

/** Columns of as few buffers as a kernel may read: copied together, on the device, where they lie in too many. */
export function together(
  recorder: Recorder,
  columns: readonly TableColumn[],
  rows: number,
  buffers = inputsOf(recorder.device),
): readonly TableColumn[] {
  if (buffersOf(columns).size <= buffers) return columns
  const made = emptyColumns(
    recorder,
    columns.map((c) => ({ ...c, nullable: c.validity !== null })),
    rows,
  )
  for (const [i, { rep, values, validity }] of columns.entries()) {
    const to = made[i] as TableColumn
    recorder.copy(values, to.values, lengthOf(rep, rows))
    if (validity && to.validity) recorder.copy(validity, to.validity, bitWords(rows))
  }
  return made
}

/**
 * The columns of the rows that `index` names. `missing`: an index may be `NONE`, which gives null. One kernel a column, of
 * the few kinds that there are, so that they are compiled once.
 */
export async function take(
  recorder: Recorder,
  columns: readonly TableColumn[],
  index: GPUBuffer,
  to: Pick<Rows, 'most' | 'count'>,
  missing: boolean,
): Promise<TableColumn[]> {
  const wanted = columns.map((c) => ({
    field: missing ? { ...c.field, nullable: true } : c.field,
    rep: c.rep,
    nullable: missing || c.validity !== null,
  }))
  const wide = wanted.reduce((n, { rep }) => n + lengthOf(rep, to.most), 0)
  const fits = wide * 4 <= recorder.device.largestBuffer
  const made = fits
    ? emptyColumns(recorder, wanted, to.most)
    : wanted.flatMap((column) => emptyColumns(recorder, [column], to.most))
  for (const [i, column] of columns.entries()) {
    const draft = new Draft()
    const [count, places] = [draft.number(countOf(to)), draft.read(index)]
    const { v, there } = draft.load(column)('old')
    const store = draft.store(made[i] as TableColumn)
    await draft.run(
      recorder,
      to.most,
      `if (row >= ${count}) { return; }
  let old = ${places}[row];
  ${missing ? `if (old == ${NONE}u) { return; }` : ''}
  ${store('row', v, there)}`,
    )
  }
  return made
}
