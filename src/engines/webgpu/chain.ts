/// <reference types="@webgpu/types" />
import type { Field, Schema } from '../../plan/types.ts'
import type { Program, Val } from '../row/lower.ts'
import { Draft } from './draft.ts'
import { fuse, type Inputs, PLACES, readColumns } from './fused.ts'
import { bitWords, type Dictionary, lengthOf } from './gather.ts'
import { dispatch, kernelOf } from './kernel.ts'
import type { Recorder } from './recorder.ts'
import { buffersOf, columnOf, countOf, type Rows, take, together } from './rows.ts'
import { prefixSum } from './scan.ts'
import type { TableColumn, Words } from './table.ts'
import { uploadTables } from './texttables.ts'

/** What a fused kernel left: its outputs with gaps between the kept rows. */
export interface Sparse {
  readonly outputs: readonly TableColumn[]
  /** A bit a row that is kept; null when all are. */
  readonly keep: Words | null
}

/** Runs a program over rows as one kernel. `names`: the texts that the plan's kernels name; `words`: all of the run. */
export async function launch(
  recorder: Recorder,
  rows: Rows,
  program: Program,
  fields: Schema,
  names: string[],
  words: Dictionary,
): Promise<Sparse> {
  const { device, transfers } = recorder
  const read = readColumns(program)
  const named = read.map((i) => columnOf(rows, program.input[i]?.name as string))
  const columns = together(recorder, named, rows.most)
  const buffers = [...buffersOf(columns)]
  const of = (column: number) => columns[read.indexOf(column)] as TableColumn
  const inputs: Inputs = {
    read,
    missing: (column) => of(column).validity !== null,
    buffer: (column, part) => buffers.indexOf((of(column)[part] as Words).buffer),
    buffers: buffers.length,
  }
  const fused = fuse(program, inputs, names)
  const at = new Uint32Array(PLACES.output(fused.outputs.length, read.length))
  if (!rows.count) at[PLACES.rows] = rows.most
  for (const [i, { values, validity }] of columns.entries()) at.set([values.at, validity?.at ?? 0], PLACES.input(i))
  // the mark, the kept rows, then the outputs
  let [wide, narrow] = [0, 1]
  const keep = narrow
  if (fused.filters) narrow += bitWords(rows.most)
  at[PLACES.keep] = keep
  const places = fused.outputs.map(({ rep, nullable }, i) => {
    const own = rep === 'bool' ? narrow : wide
    if (rep === 'bool') narrow += bitWords(rows.most)
    else wide += lengthOf(rep, rows.most)
    const valid = narrow
    if (nullable) narrow += bitWords(rows.most)
    at.set([own, valid], PLACES.output(i, read.length))
    return [own, valid] as const
  })
  const about = transfers.upload(at.length, (to) => to.set(at))
  if (rows.count) recorder.copy(rows.count, { buffer: about, at: PLACES.rows }, 1)
  const [values, bits] = [transfers.buffer(wide), transfers.buffer(narrow)]
  const { constants, tables } = fused
  if (constants.length > 0) buffers.push(transfers.upload(constants.length, (to) => to.set(constants)))
  if (tables.length > 0) buffers.push(uploadTables(transfers, words, tables))
  const reads = buffers.map(() => 'read' as const)
  const kernel = await kernelOf(device, fused.code, ['read', 'write', 'write', ...reads])
  await recorder.pass(async (pass) => dispatch(device, pass, kernel, [about, values, bits, ...buffers], rows.most))
  recorder.mark({ buffer: bits, at: 0 })
  const outputs = fused.outputs.map(({ rep, nullable }, i): TableColumn => {
    const [own, valid] = places[i] as readonly [number, number]
    return {
      field: fields[i] as Field,
      rep,
      values: { buffer: rep === 'bool' ? bits : values, at: own },
      validity: nullable ? { buffer: bits, at: valid } : null,
    }
  })
  return { outputs, keep: fused.filters ? { buffer: bits, at: keep } : null }
}

/** A chain of row-wise verbs, and the columns that are wanted of it. */
export interface Chain {
  readonly program: Program
  readonly wanted: readonly { readonly field: Field; readonly val: Val }[]
}

export function chainOver(program: Program, wanted: ReadonlySet<string> | undefined): Chain {
  const columns = program.output.map((field, i) => ({ field, val: program.outputs[i] as Val }))
  return { program, wanted: wanted ? columns.filter(({ field }) => wanted.has(field.name)) : columns }
}

/** The part of a chain that a kernel computes: tests, and outputs that are not the input's columns as they are. */
export const computedOf = ({ program, wanted }: Chain): Program => ({
  ...program,
  outputs: wanted.filter(({ val }) => val.op !== 'input').map(({ val }) => val),
})

/** The rows that a chain gives. What it hands on without dropping rows stays where it is. */
export async function runChain(
  recorder: Recorder,
  rows: Rows,
  chain: Chain,
  names: string[],
  words: Dictionary,
): Promise<Rows> {
  const computed = computedOf(chain)
  const works = computed.steps.length > 0 || computed.outputs.length > 0
  const fields = chain.wanted.filter(({ val }) => val.op !== 'input').map(({ field }) => field)
  const sparse = works ? await launch(recorder, rows, computed, fields, names, words) : undefined
  let next = 0
  const columns = chain.wanted.map(({ field, val }): TableColumn => {
    if (val.op === 'input') return { ...columnOf(rows, computed.input[val.index]?.name as string), field }
    return sparse?.outputs[next++] as TableColumn
  })
  if (!sparse?.keep) return { ...rows, columns }
  const { index, count } = await kept(recorder, rows, sparse.keep)
  const { leaves } = recorder
  const to = leaves === undefined ? { most: rows.most, count } : { most: leaves, count: null }
  return { ...to, columns: await take(recorder, columns, index, to, false) }
}

/** The numbers of the rows whose bits are set, in their order, and how many these are. */
export async function kept(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  keep: Words,
): Promise<{ index: GPUBuffer; count: Words }> {
  const { device, transfers } = recorder
  const words = bitWords(rows.most)
  const before = transfers.buffer(words)
  const counting = new Draft()
  const [length, from, place, counts] = [
    counting.number(words),
    counting.read(keep.buffer),
    counting.number(keep.at),
    counting.write(before),
  ]
  await counting.run(
    recorder,
    words,
    `if (row < ${length}) { ${counts}[row] = countOneBits(${from}[${place} + row]); }`,
  )
  const sum = await recorder.pass((pass) => prefixSum(device, transfers, pass, before, words))
  const index = transfers.buffer(rows.most)
  const moving = new Draft()
  const at = { rows: moving.number(countOf(rows)), keep: moving.number(keep.at) }
  const [marks, sums, out] = [moving.read(keep.buffer), moving.read(before), moving.write(index)]
  await moving.run(
    recorder,
    rows.most,
    `if (row >= ${at.rows}) { return; }
  let bit = 1u << (row & 31u);
  let word = ${marks}[${at.keep} + (row >> 5u)];
  if ((word & bit) != 0u) { ${out}[${sums}[row >> 5u] + countOneBits(word & (bit - 1u))] = row; }`,
  )
  return { index, count: { buffer: sum, at: 0 } }
}
