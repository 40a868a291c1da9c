/// <reference types="@webgpu/types" />
import { throwIfAborted } from '../../base/errors.ts'
import { type Batch, batchBytes } from '../batch.ts'
import type { RunContext } from '../engine.ts'
import type { Device } from './device.ts'
import { bitWords, lengthOf } from './gather.ts'
import type { Recorder } from './recorder.ts'
import { picked } from './relation.ts'
import { buffersOf, emptyColumns, type Rows } from './rows.ts'
import { batchOf, checkMarks, download } from './run.ts'
import type { DeviceRelation, TableColumn } from './table.ts'
import { type Computed, computeWhole, type Whole } from './whole.ts'

/** Rows that stay on the device, before anything said that all went well. */
export interface Started {
  readonly relation: DeviceRelation
  /** Words that prove it: they come down with the next that do. */
  proof(): Proof
}

export interface Proof {
  readonly parts: readonly Part[]
  /** @throws FailedOnDevice, BeyondGuess, DeviceFault */
  check(words: Uint32Array): void
}

/** Words of a buffer that are to come down. */
export interface Part {
  readonly from: GPUBuffer
  readonly at: number
  readonly words: number
}

/**
 * Computes a plan whose rows stay, without a wait: how many there are is known to the device alone, unless `rows` says
 * so; then the table holds no room for more. With `guesses`, a join takes it that it gives no more rows than it is given.
 */
export async function start(
  whole: Whole,
  device: Device,
  budget: number,
  ctx: RunContext,
  how: { readonly rows?: number | undefined; readonly guesses: boolean },
): Promise<Started> {
  const { guesses, rows: leaves } = how
  const computed = await computeWhole(whole, device, budget, ctx, {
    guesses,
    leaves: onlyFilter(whole) ? leaves : undefined,
  })
  const { recorder, words } = computed
  const { transfers } = recorder
  const rows = leaves === undefined ? computed.rows : orClosed(recorder, () => fitted(recorder, computed.rows, leaves))
  const relation: DeviceRelation = {
    place: 'device',
    schema: whole.schema,
    rows: rows.most,
    table: { device, transfers, rows: rows.most, count: rows.count, columns: rows.columns, words },
    async *batches(names) {
      const batch = await download(recorder, rows, words)
      throwIfAborted(ctx.signal)
      yield names ? picked(batch, names) : batch
    },
    close: () => transfers.close(),
  }
  return { relation, proof: () => proofOf(recorder) }
}

/** Whether rows are dropped in one place alone, and all else keeps them. */
const onlyFilter = ({ steps }: Whole): boolean =>
  steps.filter((s) => s.filters).length === 1 && steps.every((s) => s.filters !== undefined || KEEP.has(s.op))
const KEEP = new Set(['window', 'scan on the device'])

function proofOf(recorder: Recorder): Proof {
  return {
    parts: [recorder.marks()],
    check(words) {
      recorder.transfers.check()
      checkMarks(words)
      recorder.forget()
    },
  }
}

/** Rows whose number is known, in columns of just that length; all else that the run made is freed. */
function fitted(recorder: Recorder, { most, columns }: Rows, rows: number): Rows {
  const needed = columns.reduce((n, c) => n + 4 * sum(wordsFor(c, rows)), 0)
  const held = [...buffersOf(columns)].reduce((n, buffer) => n + buffer.size, 0)
  // buffers may hold columns that nobody reads any more, and a sixteenth that nobody asked for
  const spare = rows !== most || held > 1.1 * needed
  return { most: rows, count: null, columns: spare ? shortened(recorder, columns, rows, []) : columns }
}

/** The first rows of columns in columns of that length; all else that the run made is freed, but for its marks and these. */
function shortened(
  recorder: Recorder,
  columns: readonly TableColumn[],
  rows: number,
  keep: readonly GPUBuffer[],
): readonly TableColumn[] {
  const wanted = columns.map((c) => ({ ...c, nullable: c.validity !== null }))
  const bytes = columns.reduce((n, c) => n + 4 * sum(wordsFor(c, rows)), 0)
  const made =
    bytes <= recorder.device.largestBuffer
      ? emptyColumns(recorder, wanted, rows)
      : wanted.flatMap((column) => emptyColumns(recorder, [column], rows))
  for (const [i, { rep, values, validity }] of columns.entries()) {
    const to = made[i]
    recorder.copy(values, to?.values ?? values, lengthOf(rep, rows))
    if (validity && to?.validity) recorder.copy(validity, to.validity, bitWords(rows))
  }
  recorder.submit()
  recorder.transfers.release(new Set(), new Set([...buffersOf(made), recorder.marks().from, ...keep]))
  return made
}

/** Frees a run's buffers where there is no room for one more, or it is cancelled. */
function orClosed<T>({ transfers }: Recorder, make: () => T): T {
  try {
    return make()
  } catch (thrown) {
    transfers.close()
    throw thrown
  }
}

/** Rows that a small result has room for, until it is known how many it has. */
const ROOM = 1024

/** A result in little room: its first rows alone where it may have many. */
async function small(whole: Whole, device: Device, budget: number, ctx: RunContext, room: number): Promise<Computed> {
  const computed = await computeWhole(whole, device, budget, ctx)
  const { recorder, rows } = computed
  orClosed(recorder, () => throwIfAborted(ctx.signal))
  if (!rows.count || rows.most <= room) return computed
  const { buffer } = rows.count
  const columns = orClosed(recorder, () => shortened(recorder, rows.columns, room, [buffer]))
  return { ...computed, rows: { ...rows, most: room, columns } }
}

/**
 * Several small results, all in two readbacks: how many rows each has, then the rows. What was started before is proved
 * with the first. One of more rows than `most` says is computed again once it is known how many these are.
 * @throws FailedOnDevice, BeyondGuess, DeviceFault
 */
export async function together(
  wholes: readonly Whole[],
  device: Device,
  budget: number,
  ctx: RunContext,
  before: readonly Started[],
  most: readonly (number | undefined)[] = [],
): Promise<Batch[]> {
  const made: Computed[] = []
  try {
    for (const [i, whole] of wholes.entries()) made.push(await small(whole, device, budget, ctx, most[i] ?? ROOM))
    const [first] = made
    if (!first) return []
    const proofs = [...before.map((s) => s.proof()), ...made.map(({ recorder }) => proofOf(recorder))]
    const counts = made.flatMap(({ rows: { count } }) =>
      count ? [{ from: count.buffer, at: count.at, words: 1 }] : [],
    )
    const told = await first.recorder.download([...counts, ...proofs.flatMap((p) => p.parts)])
    let at = counts.length
    for (const { parts, check } of proofs) check(told.subarray(at, (at += sum(parts))))
    let next = 0
    const sizes = made.map(({ rows: { most, count } }) => (count ? (told[next++] ?? 0) : most))
    for (const [i, rows] of sizes.entries()) {
      if (rows <= (made[i]?.rows.most ?? 0)) continue
      made[i]?.recorder.transfers.close()
      made[i] = await small(wholes[i] as Whole, device, budget, ctx, rows)
    }
    const wanted = made.map(({ rows: { columns } }, i) => columns.flatMap((c) => wordsFor(c, sizes[i] ?? 0)))
    const got = await (made[0] as Computed).recorder.download(wanted.flat())
    at = 0
    return made.map(({ rows: { columns }, words }, i) => {
      const batch = batchOf(columns, sizes[i] ?? 0, got.slice(at, (at += sum(wanted[i] ?? []))), words)
      ctx.ledger.add('webgpu', 'bytesOut', batchBytes(batch))
      return batch
    })
  } finally {
    for (const { recorder } of made) recorder.transfers.close()
  }
}

/** The words of a column's first rows. */
export const wordsFor = ({ rep, values, validity }: TableColumn, rows: number): Part[] => [
  { from: values.buffer, at: values.at, words: lengthOf(rep, rows) },
  ...(validity ? [{ from: validity.buffer, at: validity.at, words: bitWords(rows) }] : []),
]

const sum = (parts: readonly Part[]): number => parts.reduce((n, p) => n + p.words, 0)
