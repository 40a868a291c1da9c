/// <reference types="@webgpu/types" />
import type { JoinHow } from '../../plan/nodes.ts'
import { kept } from './chain.ts'
import { DeviceFault } from './device.ts'
import { Draft } from './draft.ts'
import { BEYOND, RAN } from './fused.ts'
import { bitWords } from './gather.ts'
import { countSpans, type Hashed, hashRows, type Parts, probing, spanIn } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { columnOf, countOf, NONE, type Rows, take, together } from './rows.ts'
import { checkMarks } from './run.ts'
import { prefixSum } from './scan.ts'
import { slotWord, sortRows } from './sort.ts'
import type { TableColumn, Words } from './table.ts'

export interface Join {
  readonly on: readonly (readonly [left: string, right: string])[]
  readonly how: JoinHow
  /** Columns that are wanted of either side. */
  readonly left: readonly string[]
  readonly right: readonly string[]
  /** Whether what is missing equals what is missing; it does not unless said. */
  readonly nulls?: Parts['nulls']
}

/**
 * A hash join: right rows in a table, a look-up for each left row. Rows come in the order of the left ones, and among
 * equal keys of the right ones. Semi and anti joins only drop rows; the others ask the host how many there will be, or guess.
 */
export async function join(recorder: Recorder, left: Rows, right: Rows, j: Join): Promise<Rows> {
  const leftKeys = together(
    recorder,
    j.on.map(([name]) => columnOf(left, name)),
    left.most,
    2,
  )
  const rightKeys = together(
    recorder,
    j.on.map(([, name]) => columnOf(right, name)),
    right.most,
    2,
  )
  const wanted = (rows: Rows, names: readonly string[]) => names.map((name) => columnOf(rows, name))
  const hashed = await hashRows(recorder, right, rightKeys, { keep: null, nulls: j.nulls ?? 'are left out' })
  if (j.how === 'semi' || j.how === 'anti') {
    const found = await matched(recorder, left, leftKeys, hashed, j)
    const { index, count } = await kept(recorder, left, { buffer: found, at: 0 })
    const to = { most: left.most, count }
    return { ...to, columns: await take(recorder, wanted(left, j.left), index, to, false) }
  }
  const outer = j.how === 'left'
  await countSpans(recorder, right, hashed)
  const order = await sortRows(recorder, right, [slotWord(hashed)])
  const { found, rows, known } = await matches(recorder, left, leftKeys, hashed, outer)
  const [own, other] = [recorder.transfers.buffer(rows), recorder.transfers.buffer(rows)]
  const draft = new Draft()
  const [count, most, place] = [draft.number(countOf(left)), draft.number(left.most), draft.read(found)]
  const [span, sorted] = [spanIn(draft, hashed), draft.read(order)]
  const [toLeft, toRight, room] = [draft.write(own), draft.write(other), draft.number(rows)]
  await draft.run(
    recorder,
    left.most,
    `if (row >= ${count}) { return; }
  let slot = ${place}[${most} + row];
  let to = ${place}[row];
  if (slot == ${NONE}u) {
    ${outer ? `if (to < ${room}) { ${toLeft}[to] = row; ${toRight}[to] = ${NONE}u; }` : ''}
    return;
  }
  let size = min(${span.size('slot')}, ${room} - min(to, ${room}));
  let begin = ${span.begin('slot')};
  for (var i = 0u; i < size; i++) {
    ${toLeft}[to + i] = row;
    ${toRight}[to + i] = ${sorted}[begin + i];
  }`,
  )
  const to = { most: rows, count: known }
  const columns = [
    ...(await take(recorder, wanted(left, j.left), own, to, false)),
    ...(await take(recorder, wanted(right, j.right), other, to, outer)),
  ]
  return { ...to, columns }
}

/** A bit for each left row that has a match, or for each that has none. */
async function matched(
  recorder: Recorder,
  left: Rows,
  keys: readonly TableColumn[],
  hashed: Hashed,
  { how, nulls }: Join,
): Promise<GPUBuffer> {
  const bits = recorder.transfers.buffer(bitWords(left.most))
  const draft = new Draft()
  const count = draft.number(countOf(left))
  const { functions, find } = probing(draft, keys, hashed, nulls)
  const marks = draft.shared(bits)
  await draft.run(
    recorder,
    left.most,
    `if (row >= ${count}) { return; }
  ${find}
  if ((slot != ${NONE}u) == ${how === 'semi'}) { atomicOr(&${marks}[row >> 5u], 1u << (row & 31u)); }`,
    functions,
  )
  return bits
}

/** For each left row how many joined rows come before its own, then for each its slot; and how many there are in all. */
async function matches(
  recorder: Recorder,
  left: Rows,
  keys: readonly TableColumn[],
  hashed: Hashed,
  outer: boolean,
): Promise<{ found: GPUBuffer; rows: number; known: Words | null }> {
  const { device, transfers } = recorder
  const [found, total] = [transfers.buffer(2 * left.most), transfers.buffer(2)]
  const draft = new Draft()
  const [count, most] = [draft.number(countOf(left)), draft.number(left.most)]
  const { functions, find, span } = probing(draft, keys, hashed)
  const [place, sum] = [draft.write(found), draft.shared(total)]
  await draft.run(
    recorder,
    left.most,
    `if (row >= ${count}) { return; }
  ${find}
  ${place}[${most} + row] = slot;
  var n = ${outer ? 1 : 0}u;
  if (slot != ${NONE}u) { n = ${span.size('slot')}; }
  ${place}[row] = n;
  let low = atomicAdd(&${sum}[0], n);
  if (low + n < low) { atomicAdd(&${sum}[1], 1u); }`,
    functions,
  )
  await recorder.pass((pass) => prefixSum(device, transfers, pass, found, left.most))
  if (recorder.guesses) return { found, rows: left.most, known: await guessed(recorder, total, left.most) }
  const got = await recorder.download([{ from: total, at: 0, words: 2 }, recorder.marks()])
  checkMarks(got.subarray(2))
  recorder.forget()
  const [rows = 0, beyond = 0] = got
  if (beyond > 0) throw new DeviceFault(`a join gives more than ${2 ** 32} rows, which the device does not number`)
  return { found, rows, known: null }
}

/** How many rows there are, as many as were guessed at most; a mark says when there are more. */
async function guessed(recorder: Recorder, total: GPUBuffer, most: number): Promise<Words> {
  const told = recorder.transfers.buffer(2)
  const draft = new Draft()
  const [sum, limit, out] = [draft.read(total), draft.number(most), draft.write(told)]
  await draft.run(
    recorder,
    1,
    `if (row != 0u) { return; }
  let fits = (${sum}[1] == 0u) & (${sum}[0] <= ${limit});
  ${out}[0] = select(${limit}, ${sum}[0], fits);
  ${out}[1] = select(${BEYOND}u, ${RAN}u, fits);`,
  )
  recorder.mark({ buffer: told, at: 1 })
  return { buffer: told, at: 0 }
}
