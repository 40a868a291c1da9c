/// <reference types="@webgpu/types" />
import { GalleyError } from '../../../base/errors.ts'
import { type Field, typeName } from '../../../plan/types.ts'
import type { Relation } from '../../engine.ts'
import type { Device } from '../device.ts'
import { bitWords, type Dictionary, lengthOf, type Segment, segments } from '../gather.ts'
import type { DeviceTable, TableColumn } from '../table.ts'
import type { Transfers } from '../transfers.ts'
import { type Rep, repOf } from '../wgsl/reps.ts'

/** Rows that go up in one write; a multiple of 32, so that bits of pieces meet at words. */
const PIECE = 1 << 20

/** A piece in one buffer, and where each column's values and validity begin; −1 for none. */
interface Piece {
  readonly rows: number
  readonly buffer: GPUBuffer
  readonly places: readonly (readonly [values: number, valid: number])[]
}

/**
 * Sends a relation's columns up, in pieces of so many rows (a multiple of 32), each in one write. Its buffers belong to `transfers`.
 * @throws VALUE_INVALID for a type that the device does not hold, ENGINE_FAILED when it needs more memory than it may take
 * @example
 * const table = await upload(relation, device, new Transfers(device, ledger, 2 ** 30), new Dictionary([]))
 */
export async function upload(
  relation: Relation,
  device: Device,
  transfers: Transfers,
  words: Dictionary,
  names: readonly string[] = relation.schema.map((f) => f.name),
  piece = PIECE,
): Promise<DeviceTable> {
  const fields = names.map((name) => relation.schema.find((f) => f.name === name)).filter((f) => f !== undefined)
  const reps = fields.map(repFor)
  const pieces: Piece[] = []
  for await (const segment of segments(relation.batches(names), fields, words, piece))
    pieces.push(send(transfers, segment))
  const columns = join(device, transfers, fields, reps, pieces)
  return { device, transfers, rows: pieces.reduce((n, p) => n + p.rows, 0), columns, words }
}

function repFor({ name, type }: Field): Rep {
  const rep = repOf(type)
  if (rep) return rep
  throw new GalleyError('VALUE_INVALID', {
    what: `the device holds no ${typeName(type)}, which the column "${name}" is`,
    fix: 'leave the column out, or derive a number or a text from it',
  })
}

function send(transfers: Transfers, { rows, columns }: Segment): Piece {
  let size = 0
  const take = (words: number): number => (size += words) - words
  const places = columns.map((c) => [take(c.words.length), c.validity ? take(c.validity.length) : -1] as const)
  const buffer = transfers.upload(size, (to) => {
    for (const [i, { words, validity }] of columns.entries()) {
      const [values, valid] = places[i] as readonly [number, number]
      to.set(words, values)
      if (validity) to.set(validity, valid)
    }
  })
  return { rows, buffer, places }
}

/** Columns of all pieces: where there is one they stay in it, else they are copied together on the device. */
function join(
  device: Device,
  transfers: Transfers,
  fields: readonly Field[],
  reps: readonly Rep[],
  pieces: readonly Piece[],
): TableColumn[] {
  const [only] = pieces
  if (only && pieces.length === 1)
    return fields.map((field, i) => {
      const [values, valid] = only.places[i] as readonly [number, number]
      const validity = valid < 0 ? null : { buffer: only.buffer, at: valid }
      return { field, rep: reps[i] as Rep, values: { buffer: only.buffer, at: values }, validity }
    })
  const rows = pieces.reduce((n, p) => n + p.rows, 0)
  const encoder = device.gpu.createCommandEncoder()
  const joined = (width: (rows: number) => number, place: (p: Piece) => number): GPUBuffer => {
    const whole = transfers.buffer(width(rows))
    let to = 0
    for (const piece of pieces) {
      const words = width(piece.rows)
      const from = place(piece)
      // a piece without missing values has no bits of its own
      const source = from < 0 ? transfers.upload(words, (bits) => bits.fill(0xffffffff)) : piece.buffer
      encoder.copyBufferToBuffer(source, Math.max(from, 0) * 4, whole, to * 4, words * 4)
      to += words
    }
    return whole
  }
  const columns = fields.map((field, i): TableColumn => {
    const rep = reps[i] as Rep
    const valid = (p: Piece) => p.places[i]?.[1] ?? -1
    const values = joined(
      (n) => lengthOf(rep, n),
      (p) => p.places[i]?.[0] ?? 0,
    )
    const validity = pieces.some((p) => valid(p) >= 0) ? { buffer: joined(bitWords, valid), at: 0 } : null
    return { field, rep, values: { buffer: values, at: 0 }, validity }
  })
  device.memory.submit(device.gpu, encoder.finish())
  transfers.free(...pieces.map((p) => p.buffer))
  return columns
}

/** Frees what `upload` sent up, before the transfers are closed. */
export function release({ transfers, columns }: DeviceTable): void {
  transfers.free(...new Set(columns.flatMap((c) => [c.values.buffer, ...(c.validity ? [c.validity.buffer] : [])])))
}
