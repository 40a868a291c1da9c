/// <reference types="@webgpu/types" />
import { type Field, isFloat, type Schema, type Type } from '../../plan/types.ts'
import { Draft } from './draft.ts'
import type { DeviceColumn } from './gather.ts'
import type { Recorder } from './recorder.ts'
import { emptyColumns, type Rows } from './rows.ts'
import type { TableColumn, Words } from './table.ts'
import { type Rep, wordsOf } from './wgsl/reps.ts'

/** Whole numbers as they go up: how many steps each is from the least of them, in as few bytes as hold the most. */
export interface Packed {
  readonly bytes: 1 | 2 | 4
  readonly base: number
  /** At least 1, less than 2³². */
  readonly step: number
  readonly words: Uint32Array
}

/** What a kernel's numbers take: fewer bytes are not worth it. */
const WORTH = 256
/** High words of numbers that a double holds exactly, with those between two of them. */
const HIGH = 2 ** 20

/**
 * A column of codes, integers or times in fewer bytes; undefined where it takes as many. Missing values stand as whatever
 * they were.
 */
export function packed({ rep, words }: DeviceColumn, type: Type, rows: number): Packed | undefined {
  const width = wordsOf(rep)
  if (rep === 'bool' || isFloat(type) || rows * width * 4 < WORTH) return undefined
  const low = rep === 'i32' ? new Int32Array(words.buffer, words.byteOffset, rows) : words
  const high = new Int32Array(words.buffer, words.byteOffset, words.length)
  const at =
    width === 1
      ? (i: number) => low[i] as number
      : (i: number) => (high[2 * i + 1] as number) * 2 ** 32 + (words[2 * i] as number)
  let [base, most] = [at(0), at(0)]
  for (let i = 0; i < rows; i++) {
    if (width === 2 && Math.abs(high[2 * i + 1] as number) > HIGH) return undefined
    const x = at(i)
    if (x < base) base = x
    if (x > most) most = x
  }
  const step = width === 1 ? 1 : stepOf(at, rows, base)
  const range = (most - base) / step
  const bytes = range < 2 ** 8 ? 1 : range < 2 ** 16 ? 2 : 4
  if (range >= 2 ** 32 || rows * (4 * width - bytes) < WORTH) return undefined
  const out = new Uint32Array(Math.ceil((rows * bytes) / 4))
  const to = bytes === 1 ? new Uint8Array(out.buffer) : bytes === 2 ? new Uint16Array(out.buffer) : out
  for (let i = 0; i < rows; i++) to[i] = (at(i) - base) / step
  return { bytes, base, step, words: out }
}

/** The largest step that all values are from the least one: minutes of times, above all. */
function stepOf(at: (i: number) => number, rows: number, base: number): number {
  let step = 0
  for (let i = 0; i < rows && step !== 1; i++) {
    let rest = at(i) - base
    while (rest !== 0) [step, rest] = [rest, step % rest]
  }
  return step > 0 && step < 2 ** 32 ? step : 1
}

/** Columns as they are held, from what went up packed. */
export async function unpack(
  recorder: Recorder,
  from: readonly { readonly field: Field; readonly rep: Rep; readonly packed: Packed; readonly at: Words }[],
  validity: readonly (Words | null)[],
  rows: number,
  apart: boolean,
): Promise<TableColumn[]> {
  const wanted = from.map(({ field, rep }) => ({ field, rep, nullable: false }))
  const wide = from.reduce((n, { rep }) => n + wordsOf(rep) * rows, 0)
  const columns =
    !apart && wide * 4 <= recorder.device.largestBuffer
      ? emptyColumns(recorder, wanted, rows)
      : wanted.flatMap((column) => emptyColumns(recorder, [column], rows))
  for (const [i, { rep, packed: own, at }] of from.entries()) {
    const { bytes, base, step } = own
    const draft = new Draft()
    const [count, place, buffer] = [draft.number(rows), draft.number(at.at), draft.read(at.buffer)]
    const least = BigInt.asUintN(64, BigInt(base))
    const [low, high, by] = [Number(least & 0xffffffffn), Number(least >> 32n), step].map((n) => draft.number(n))
    const each = 4 / bytes
    const value =
      each === 1
        ? `${buffer}[${place} + row]`
        : `(${buffer}[${place} + row / ${each}u] >> ((row % ${each}u) * ${bytes * 8}u)) & ${2 ** (8 * bytes) - 1}u`
    const whole = rep === 'vec2u' ? `add64(vec2u(${low}, ${high}), mul32(steps, ${by}))` : `${low} + steps * ${by}`
    const store = draft.store(columns[i] as TableColumn)
    await draft.run(
      recorder,
      rows,
      `if (row >= ${count}) { return; }
  let steps = ${value};
  ${store('row', rep === 'i32' ? `bitcast<i32>(${whole})` : whole, 'true')}`,
    )
  }
  return columns.map((column, i) => ({ ...column, validity: validity[i] ?? null }))
}

/** Parts in as few buffers as hold them, or each in its own, and each buffer in one write. */
export function sendUp({ device, transfers }: Recorder, parts: readonly Uint32Array[], apart = false): Words[] {
  const out: Words[] = []
  for (let from = 0; from < parts.length; ) {
    let [to, size] = [from, 0]
    while (
      to < parts.length &&
      (to === from || (!apart && (size + (parts[to] as Uint32Array).length) * 4 <= device.largestBuffer))
    )
      size += (parts[to++] as Uint32Array).length
    const some = parts.slice(from, to)
    const places: number[] = []
    const buffer = transfers.upload(size, (words) => {
      let at = 0
      for (const part of some) {
        places.push(at)
        words.set(part, at)
        at += part.length
      }
    })
    for (const at of places) out.push({ buffer, at })
    from = to
  }
  return out
}

/**
 * Sends a segment's columns up: those of whole numbers in as few bytes as hold them, put at their width on the device. With
 * `apart` each lies in buffers of its own.
 */
export async function upload(
  recorder: Recorder,
  { rows, columns }: { readonly rows: number; readonly columns: readonly DeviceColumn[] },
  schema: Schema,
  apart = false,
): Promise<Rows> {
  const packs = columns.map((column, i) => packed(column, (schema[i] as Field).type, rows))
  const plain = sendUp(
    recorder,
    columns.flatMap(({ words, validity }, i) => [...(packs[i] ? [] : [words]), ...(validity ? [validity] : [])]),
    apart,
  )
  let next = 0
  const own = columns.map(({ validity }, i) => ({
    values: packs[i] ? undefined : plain[next++],
    validity: validity ? (plain[next++] as Words) : null,
  }))
  const small = packs.filter((p) => p !== undefined)
  const sent = sendUp(
    recorder,
    small.map((p) => p.words),
  )
  const which = columns.flatMap((_, i) => (packs[i] ? [i] : []))
  const made = await unpack(
    recorder,
    which.map((i, k) => ({
      field: schema[i] as Field,
      rep: (columns[i] as DeviceColumn).rep,
      packed: small[k] as Packed,
      at: sent[k] as Words,
    })),
    which.map((i) => own[i]?.validity ?? null),
    rows,
    apart,
  )
  if (sent.length > 0) {
    // what reads them must be on its way first
    recorder.submit()
    recorder.transfers.free(...new Set(sent.map((words) => words.buffer)))
  }
  let of = 0
  return {
    most: rows,
    count: null,
    columns: columns.map(({ rep }, i): TableColumn => {
      const { values, validity } = own[i] as (typeof own)[number]
      return values ? { field: schema[i] as Field, rep, values, validity } : (made[of++] as TableColumn)
    }),
  }
}
