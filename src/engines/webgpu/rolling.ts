/// <reference types="@webgpu/types" />
import { type Field, isFloat } from '../../plan/types.ts'
import type { Accumulator } from './aggregates.ts'
import { Draft } from './draft.ts'
import { wideSum } from './finish.ts'
import { type Fold, foldCode, foldedIn } from './folds.ts'
import { FAILED, RAN } from './fused.ts'
import type { Recorder } from './recorder.ts'
import { countOf, emptyColumns, type Rows } from './rows.ts'
import { prefixSum } from './scan.ts'
import { sums96 } from './sums.ts'
import type { TableColumn } from './table.ts'
import { lookUp, type Timeline } from './timeline.ts'
import { valueOfOrder } from './wgsl/keys.ts'
import { type Rep, repOf } from './wgsl/reps.ts'

/** Aggregates of windows. */
export interface Aggregates {
  readonly accumulators: readonly Accumulator[]
  /** What the accumulators read, by their `arg`. */
  readonly args: readonly TableColumn[]
  readonly fields: readonly Field[]
}

/** What a window gives at a moment. */
export interface Windows extends Aggregates {
  /** The span before the moment, µs. */
  readonly over: number
}

/** Aggregates over the events of a probe's key in `[at − over, at)`, which lie between two places of their timeline. */
export async function windowsAt(
  recorder: Recorder,
  events: Pick<Rows, 'most' | 'count'>,
  timeline: Timeline,
  probes: Rows,
  keys: readonly TableColumn[],
  at: TableColumn,
  { over, accumulators, args, fields }: Windows,
): Promise<TableColumn[]> {
  const { transfers } = recorder
  const places = transfers.buffer(2 * probes.most)
  const finding = new Draft()
  const count = finding.number(countOf(probes))
  const { functions, find, moment } = lookUp(finding, timeline, keys, at)
  const span = [finding.number(over >>> 0), finding.number(Math.floor(over / 2 ** 32))]
  const to = finding.write(places)
  await finding.run(
    recorder,
    probes.most,
    `if (row >= ${count}) { return; }
  ${find}
  if (begin == end) { return; }
  let t = ${moment};
  let span = vec2u(${span[0]}, ${span[1]});
  let back = sub64(t, span);
  let since = select(back, vec2u(0u, 0x80000000u), subOver(t, span, back));
  ${to}[2u * row] = boundOf(begin, end, since);
  ${to}[2u * row + 1u] = boundOf(begin, end, t);`,
    functions,
  )
  return aggregatesBetween(recorder, events, timeline.order, probes, places, { accumulators, args, fields })
}

/**
 * Aggregates over the rows of an order between two places, which `places` has for each probe: the first, and the one after
 * the last. They are differences of sums before places, or folds of what lies between. A sum that does not fit marks the run as failed.
 */
export async function aggregatesBetween(
  recorder: Recorder,
  events: Pick<Rows, 'most' | 'count'>,
  order: GPUBuffer,
  probes: Pick<Rows, 'most' | 'count'>,
  places: GPUBuffer,
  { accumulators, args, fields }: Aggregates,
): Promise<TableColumn[]> {
  const { transfers } = recorder
  const columns = emptyColumns(
    recorder,
    fields.map((field, i) => {
      const { fn } = accumulators[i] as Accumulator
      return { field, rep: repOf(field.type) as Rep, nullable: fn !== 'rows' && fn !== 'count' }
    }),
    probes.most,
  )
  const present = new Map<number, GPUBuffer>()
  const sums = new Map<number, GPUBuffer>()
  for (const { fn, arg } of accumulators) {
    const column = args[arg]
    if (!column) continue
    if (column.validity && !present.has(arg)) present.set(arg, await presentBefore(recorder, events, order, column))
    if ((fn === 'sum' || fn === 'mean') && !isFloat(column.field.type) && !sums.has(arg))
      sums.set(arg, await sums96(recorder, events, order, column))
  }
  // one kernel for each aggregate reads few buffers
  for (const [i, a] of accumulators.entries()) {
    const folds = foldFor(a)
    const folded = folds && (await foldedIn(recorder, events, order, args[a.arg] as TableColumn, folds))
    const draft = new Draft()
    const mark = transfers.buffer(1)
    const rows = draft.number(countOf(probes))
    const [found, failing] = [draft.read(places), draft.shared(mark)]
    const store = draft.store(columns[i] as TableColumn)
    const before = present.get(a.arg)
    const n = before ? `${draft.read(before)}[end] - ${draft.read(before)}[begin]` : 'end - begin'
    const total = sums.get(a.arg)
    const names = total && draft.read(total)
    const read = (j: string) => `Wide(vec2u(${names}[${j} * 3u], ${names}[${j} * 3u + 1u]), ${names}[${j} * 3u + 2u])`
    const sum = names ? `let sum = lessWide(${read('end')}, ${read('begin')});` : ''
    const body = folded
      ? storeFold(a, store)
      : a.fn === 'sum'
        ? `if ((n != 0u) & !(${wideSum.fits(a.type, 'sum.low', 'sum.high')})) { atomicOr(&${failing}[0], ${FAILED}u); }
  ${store('row', 'sum.low', '(n != 0u)')}`
        : a.fn === 'mean'
          ? store('row', wideSum.mean(a.type, 'sum.low', 'sum.high', 'n'), '(n != 0u)')
          : store('row', 'vec2u(n, 0u)', 'true')
    await draft.run(
      recorder,
      probes.most,
      `if (row == 0u) { atomicOr(&${failing}[0], ${RAN}u); }
  if (row >= ${rows}) { return; }
  let begin = ${found}[2u * row];
  let end = ${found}[2u * row + 1u];
  let n = ${n};
  ${sum}
  ${body}`,
      folded ? foldCode(draft, folded) : WIDE,
    )
    recorder.mark({ buffer: mark, at: 0 })
  }
  return columns
}

/** How an aggregate folds values, where it is no difference of sums: floats may be endless, and extremes have no inverse. */
const foldFor = ({ fn, type }: Accumulator): Fold | undefined =>
  fn === 'min' || fn === 'max' ? fn : (fn === 'sum' || fn === 'mean') && isFloat(type) ? 'sum' : undefined

/** Statements that store an aggregate of the `n` values from place `begin` up to `end`. */
function storeFold({ fn, type, rep }: Accumulator, store: ReturnType<Draft['store']>): string {
  const all = 'let all = foldOf(begin, end);'
  if (fn === 'sum') return `${all} ${store('row', 'all', '(n != 0u)')}`
  if (fn === 'mean') return `${all} ${store('row', 'div_f64(all, long_f64(vec2u(n, 0u)))', '(n != 0u)')}`
  const value = valueOfOrder(type, rep, ['key.x', 'key.y'])
  return `${all} let key = ${fn === 'min' ? '~all' : 'all'}; ${store('row', value, '(n != 0u)')}`
}

const WIDE = /* wgsl */ `
struct Wide { low: vec2u, high: u32 }
fn lessWide(a: Wide, b: Wide) -> Wide {
  return Wide(sub64(a.low, b.low), a.high - b.high - u32(below64(a.low, b.low)));
}`

/** How many values of a column are there before each event, and in all. */
async function presentBefore(
  recorder: Recorder,
  events: Pick<Rows, 'most' | 'count'>,
  order: GPUBuffer,
  column: TableColumn,
): Promise<GPUBuffer> {
  const { device, transfers } = recorder
  const out = transfers.buffer(events.most + 1)
  const draft = new Draft()
  const [count, sorted, to] = [draft.number(countOf(events)), draft.read(order), draft.write(out)]
  const load = draft.load(column)
  await draft.run(
    recorder,
    events.most,
    `if (row >= ${count}) { return; }
  let old = ${sorted}[row];
  ${to}[row] = u32(${load('old').there});`,
  )
  await recorder.pass((pass) => prefixSum(device, transfers, pass, out, events.most + 1))
  return out
}
