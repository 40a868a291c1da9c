/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import { countSpans, type Hashed, hashRows, probing } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { countOf, NONE, type Rows } from './rows.ts'
import { type SortWord, slotWord, sortRows, sortWords } from './sort.ts'
import type { TableColumn } from './table.ts'

/** Events by key and time, and among those of one moment by what else they were sorted by. */
export interface Timeline {
  readonly hashed: Hashed
  readonly order: GPUBuffer
  readonly on: TableColumn
}

/** Events without a key or a time are left out. `ties`: what tells events of one moment apart. */
export async function timelineOf(
  recorder: Recorder,
  events: Pick<Rows, 'most' | 'count'>,
  keys: readonly TableColumn[],
  on: TableColumn,
  ties: readonly SortWord[] = [],
): Promise<Timeline> {
  const hashed = await hashRows(recorder, events, keys, { keep: null, nulls: 'are left out', needed: [on] })
  await countSpans(recorder, events, hashed)
  const times = sortWords({ ...on, validity: null }, noRanks)
  const order = await sortRows(recorder, events, [...ties, ...times, slotWord(hashed)])
  return { hashed, order, on }
}

const noRanks = (): never => {
  throw new TypeError('a time is not a text')
}

/**
 * Code for a draft over probes. `find`: statements after which the events of a row's key lie at `begin` up to `end`, an
 * empty range where the row has no key or no time. `functions` define `onOf(i)`, the time of the event at a place, and
 * `boundOf(begin, end, t)`, the first place whose event is not before `t`.
 */
export function lookUp(
  draft: Draft,
  { hashed, order, on }: Timeline,
  keys: readonly TableColumn[],
  at: TableColumn,
): { functions: string; find: string; moment: string } {
  const probe = probing(draft, keys, hashed)
  const { begin, size } = probe.span
  const sorted = draft.read(order)
  const time = draft.load({ ...on, validity: null })
  const { v, there } = draft.load(at)('row')
  return {
    moment: v,
    find: `${probe.find}
  var begin = 0u;
  var end = 0u;
  if ((slot != ${NONE}u) & ${there}) { begin = ${begin('slot')}; end = begin + ${size('slot')}; }`,
    functions: `${probe.functions}
fn onOf(i: u32) -> vec2u {
  let old = ${sorted}[i];
  return ${time('old').v};
}
fn boundOf(begin: u32, end: u32, t: vec2u) -> u32 {
  var low = begin;
  var high = end;
  while (low < high) {
    let middle = low + (high - low) / 2u;
    if (less64(onOf(middle), t)) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}`,
  }
}

/**
 * The latest event of each probe's key before its moment, no older than `within` µs; of those that share the moment the
 * first in order. `NONE` where there is none.
 */
export async function latestBefore(
  recorder: Recorder,
  timeline: Timeline,
  probes: Rows,
  keys: readonly TableColumn[],
  at: TableColumn,
  within: number | undefined,
): Promise<GPUBuffer> {
  const index = recorder.transfers.buffer(probes.most)
  const draft = new Draft()
  const count = draft.number(countOf(probes))
  const { functions, find, moment } = lookUp(draft, timeline, keys, at)
  const [sorted, to] = [draft.read(timeline.order), draft.write(index)]
  const far = within ?? 0
  const span = [draft.number(far >>> 0), draft.number(Math.floor(far / 2 ** 32))]
  const old =
    within === undefined
      ? ''
      : `let age = sub64(t, latest);
    if (below64(vec2u(${span[0]}, ${span[1]}), age)) { return; }`
  await draft.run(
    recorder,
    probes.most,
    `if (row >= ${count}) { return; }
  ${to}[row] = ${NONE}u;
  ${find}
  let t = ${moment};
  let last = boundOf(begin, end, t);
  if (last == begin) { return; }
  let latest = onOf(last - 1u);
  ${old}
  ${to}[row] = ${sorted}[boundOf(begin, last, latest)];`,
    functions,
  )
  return index
}
