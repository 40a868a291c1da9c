/// <reference types="@webgpu/types" />
import type { Frame } from '../../plan/expr.ts'
import { Draft } from './draft.ts'
import { countSpans, type Hashed, hashRows, sameIn, spanIn } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { countOf, emptyColumns, NONE, type Rows } from './rows.ts'
import { prefixSum } from './scan.ts'
import { type SortWord, slotWord, sortRows } from './sort.ts'
import type { TableColumn } from './table.ts'

/** Rows by key and, within a key, in a window's order. */
export interface Ordered {
  readonly rows: Rows
  readonly hashed: Hashed
  readonly order: GPUBuffer
  /** For each place of the order how many different values of the order's keys came up to it, from the beginning of all. */
  readonly ranks: GPUBuffer
}

/** Puts rows in order: by key, then by `words`. Rows are peers where `keys` are equal. */
export async function ordered(
  recorder: Recorder,
  rows: Rows,
  by: readonly TableColumn[],
  words: readonly SortWord[],
  keys: readonly TableColumn[],
): Promise<Ordered> {
  const { device, transfers } = recorder
  const hashed = await hashRows(recorder, rows, by, { keep: null, nulls: 'are a key' })
  await countSpans(recorder, rows, hashed)
  const order = await sortRows(recorder, rows, [...words, slotWord(hashed)])
  const ranks = transfers.buffer(rows.most + 1)
  const draft = new Draft()
  const [count, sorted, to] = [draft.number(countOf(rows)), draft.read(order), draft.write(ranks)]
  const of = draft.read(hashed.slotOf)
  const functions = sameIn(draft, keys)
  // the mark of a place is counted from the next one on: what comes before a place, itself included, is at the next
  await draft.run(
    recorder,
    rows.most,
    `if (row >= ${count}) { return; }
  let own = ${sorted}[row];
  let former = ${sorted}[max(row, 1u) - 1u];
  var begins = (row == 0u) | (${of}[own] != ${of}[former]);
  if (!begins) { begins = !same(own, former); }
  ${to}[row] = u32(begins);`,
    functions,
  )
  await recorder.pass((pass) => prefixSum(device, transfers, pass, ranks, rows.most + 1))
  return { rows, hashed, order, ranks }
}

/** A kernel over the places of an order: `i` is one, `own` its row, whose key's rows lie from `begin` up to `end`. */
async function atPlaces(
  recorder: Recorder,
  { rows, hashed, order, ranks }: Ordered,
  body: (draft: Draft) => string,
): Promise<void> {
  const draft = new Draft()
  const [count, sorted, of] = [draft.number(countOf(rows)), draft.read(order), draft.read(hashed.slotOf)]
  const span = spanIn(draft, hashed)
  const ranked = draft.read(ranks)
  const code = body(draft)
  await draft.run(
    recorder,
    rows.most,
    `if (row >= ${count}) { return; }
  let i = row;
  let own = ${sorted}[i];
  let slot = ${of}[own];
  let begin = ${span.begin('slot')};
  let end = begin + ${span.size('slot')};
  ${code}`,
    `fn rankOf(i: u32) -> u32 { return ${ranked}[i + 1u]; }
/** The first place from \`low\` up to \`high\` whose rank is \`rank\` at least. */
fn placeOf(begin: u32, end: u32, rank: u32) -> u32 {
  var low = begin;
  var high = end;
  while (low < high) {
    let middle = low + (high - low) / 2u;
    if (rankOf(middle) < rank) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}`,
  )
}

const NUMBERS = {
  rowNumber: 'i - begin + 1u',
  rank: 'placeOf(begin, i, rankOf(i)) - begin + 1u',
  denseRank: 'rankOf(i) - rankOf(begin) + 1u',
}

/** The place of each row among its key's. */
export async function numbersOf(
  recorder: Recorder,
  at: Ordered,
  fn: keyof typeof NUMBERS,
  field: TableColumn['field'],
): Promise<TableColumn> {
  const [column] = emptyColumns(recorder, [{ field, rep: 'vec2u', nullable: false }], at.rows.most)
  await atPlaces(recorder, at, (draft) =>
    draft.store(column as TableColumn)('own', `vec2u(${NUMBERS[fn]}, 0u)`, 'true'),
  )
  return column as TableColumn
}

/** For each row the row so many places before or after it; `NONE` beyond its key's. */
export async function neighbours(
  recorder: Recorder,
  at: Ordered,
  fn: 'lag' | 'lead',
  offset: number,
): Promise<GPUBuffer> {
  const index = recorder.transfers.buffer(at.rows.most)
  await atPlaces(recorder, at, (draft) => {
    const [far, sorted, to] = [draft.number(Math.min(offset, NONE)), draft.read(at.order), draft.write(index)]
    return fn === 'lag'
      ? `if (i - begin < ${far}) { ${to}[own] = ${NONE}u; } else { ${to}[own] = ${sorted}[i - ${far}]; }`
      : `if (end - 1u - i < ${far}) { ${to}[own] = ${NONE}u; } else { ${to}[own] = ${sorted}[i + ${far}]; }`
  })
  return index
}

/** For each row where its frame begins in the order, and the place after its end: the same where it is empty. */
export async function framesOf(recorder: Recorder, at: Ordered, { unit, from, to }: Frame): Promise<GPUBuffer> {
  const places = recorder.transfers.buffer(2 * at.rows.most)
  await atPlaces(recorder, at, (draft) => {
    /** The place `offset` rows away, at most `begin` and `end`: \`after\` counts the row itself in. */
    const away = (offset: number, after: 0 | 1): string => {
      const n = offset + after
      const far = draft.number(Math.min(Math.abs(n), NONE))
      return n < 0 ? `select(i - ${far}, begin, i - begin < ${far})` : `select(i + ${far}, end, end - i < ${far})`
    }
    const first = from === null ? 'begin' : unit === 'rows' ? away(from, 0) : 'placeOf(begin, i, rankOf(i))'
    const last = to === null ? 'end' : unit === 'rows' ? away(to, 1) : 'placeOf(i, end, rankOf(i) + 1u)'
    const out = draft.write(places)
    return `let first = ${first};
  ${out}[2u * own] = first;
  ${out}[2u * own + 1u] = max(first, ${last});`
  })
  return places
}

/** The row at a frame's one end; `NONE` where the frame is empty. */
export async function endsOf(
  recorder: Recorder,
  { rows, order }: Ordered,
  places: GPUBuffer,
  fn: 'first' | 'last',
): Promise<GPUBuffer> {
  const index = recorder.transfers.buffer(rows.most)
  const draft = new Draft()
  const [count, frames, sorted, to] = [
    draft.number(countOf(rows)),
    draft.read(places),
    draft.read(order),
    draft.write(index),
  ]
  await draft.run(
    recorder,
    rows.most,
    `if (row >= ${count}) { return; }
  let begin = ${frames}[2u * row];
  let end = ${frames}[2u * row + 1u];
  if (begin == end) { ${to}[row] = ${NONE}u; } else { ${to}[row] = ${sorted}[${fn === 'first' ? 'begin' : 'end - 1u'}]; }`,
  )
  return index
}
