/// <reference types="@webgpu/types" />
import { throwIfAborted } from '../../base/errors.ts'
import type { Schema } from '../../plan/types.ts'
import type { Batch } from '../batch.ts'
import type { RunContext } from '../engine.ts'
import { Draft } from './draft.ts'
import { bitWords, type Dictionary, lengthOf, type Segment, segments } from './gather.ts'
import { upload } from './packing.ts'
import type { Recorder } from './recorder.ts'
import { emptyColumns, noRows, type Rows } from './rows.ts'
import type { TableColumn, Words } from './table.ts'

/** Rows that go up together; a multiple of 32, so that bits of chunks meet at words. */
const CHUNK = 1 << 18
/** Chunks that the device may still be at when the next goes up: no more of them are staged. */
const AHEAD = 2

/** The next value is made while the present one is used. */
export async function* ahead<T>(values: AsyncGenerator<T>): AsyncGenerator<T> {
  const begin = () => {
    const made = values.next()
    // it is told when it is asked for
    made.catch(() => undefined)
    return made
  }
  let next = begin()
  try {
    for (;;) {
      const { done, value } = await next
      if (done) return
      next = begin()
      yield value
    }
  } finally {
    await next.catch(() => undefined)
    await values.return(undefined)
  }
}

/**
 * Sends batches up in chunks: while the device puts one at its width, the next is decoded and packed. What is staged
 * stays bounded, and nothing comes down. The ledger counts what the host gathers.
 */
export async function arrive(
  recorder: Recorder,
  batches: AsyncIterable<Batch>,
  schema: Schema,
  words: Dictionary,
  ctx: Pick<RunContext, 'signal' | 'ledger'>,
  chunk = CHUNK,
): Promise<Rows> {
  const { queue } = recorder.device.gpu
  const pieces: Rows[] = []
  const atWork: Promise<undefined>[] = []
  for await (const segment of ahead(segments(batches, schema, words, chunk))) {
    throwIfAborted(ctx.signal)
    ctx.ledger.add('webgpu', 'copied', bytesOf(segment))
    if (atWork.length >= AHEAD) await atWork.shift()
    // a column that may have to be put together with others lies alone
    pieces.push(await upload(recorder, segment, schema, segment.rows === chunk || pieces.length > 0))
    recorder.submit()
    atWork.push(queue.onSubmittedWorkDone())
  }
  const [only] = pieces
  if (!only) return noRows(recorder, schema)
  return pieces.length === 1 ? only : joined(recorder, pieces)
}

const bytesOf = ({ columns }: Segment): number => columns.reduce((n, c) => n + c.words.byteLength, 0)

/** Rows of all pieces: a column is put together and its parts are freed before the next is. */
async function joined(recorder: Recorder, pieces: readonly Rows[]): Promise<Rows> {
  const most = pieces.reduce((n, p) => n + p.most, 0)
  const columns: TableColumn[] = []
  for (const [i, first] of (pieces[0] as Rows).columns.entries()) {
    const parts = pieces.map((p) => p.columns[i] as TableColumn)
    const nullable = parts.some((p) => p.validity)
    const [column] = emptyColumns(recorder, [{ ...first, nullable }], most)
    const { values, validity } = column as TableColumn
    let row = 0
    for (const [k, part] of parts.entries()) {
      const { most: rows } = pieces[k] as Rows
      recorder.copy(part.values, from(values, lengthOf(first.rep, row)), lengthOf(first.rep, rows))
      if (validity && part.validity) recorder.copy(part.validity, from(validity, bitWords(row)), bitWords(rows))
      else if (validity) await present(recorder, from(validity, bitWords(row)), bitWords(rows))
      row += rows
    }
    recorder.submit()
    recorder.transfers.free(...new Set(parts.flatMap((p) => [p.values.buffer, ...(p.validity ? [p.validity.buffer] : [])]))) // biome-ignore format: one line
    columns.push(column as TableColumn)
  }
  return { most, count: null, columns }
}

const from = ({ buffer, at }: Words, words: number): Words => ({ buffer, at: at + words })

/** Marks all rows of so many words as there. */
async function present(recorder: Recorder, to: Words, words: number): Promise<void> {
  const draft = new Draft()
  const [length, place, bits] = [draft.number(words), draft.number(to.at), draft.write(to.buffer)]
  await draft.run(recorder, words, `if (row < ${length}) { ${bits}[${place} + row] = 0xffffffffu; }`)
}
