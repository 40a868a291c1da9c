/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import type { Hashed } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { countOf, NONE, type Rows } from './rows.ts'
import type { Words } from './table.ts'

/** Values that one thread adds one after the other. */
const RUN = 128

/** Functions that define `slotAt(i: u32) -> u32` and `valueAt(i: u32) -> vec2u`, a float64. */
type Source = (draft: Draft) => string
/** What is summed, a float64 in code: of `row`, which stands at place `i` and is of `slot`. */
export type ValueOf = (draft: Draft) => string

/**
 * The sum of a value for each slot of a hash table, two words a slot: rows stand in the order of their slots, each
 * thread adds a run of them, and what reaches across runs is added in the same way. The order of the additions hangs on the
 * rows alone, and each sum is within n·ε·Σ|x| of the exact one. Missing values add nothing.
 */
export async function floatSums(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  { slots, slotOf }: Pick<Hashed, 'slots' | 'slotOf'>,
  order: GPUBuffer,
  value: ValueOf,
): Promise<GPUBuffer> {
  const totals = recorder.transfers.buffer(2 * slots)
  await addRuns(recorder, rows.most, countOf(rows), totals, (draft) => {
    const [sorted, of] = [draft.read(order), draft.read(slotOf)]
    return `fn squareOf(x: vec2u) -> vec2u { return mul_f64(x, x); }
fn slotAt(i: u32) -> u32 { return ${of}[${sorted}[i]]; }
fn valueAt(i: u32, slot: u32) -> vec2u {
  let row = ${sorted}[i];
  return ${value(draft)};
}`
  })
  return totals
}

/** Adds runs; the sums at a run's two ends may go on in its neighbours, and are the values of the next round. */
async function addRuns(
  recorder: Recorder,
  most: number,
  count: number | Words,
  totals: GPUBuffer,
  source: Source,
): Promise<void> {
  const { transfers } = recorder
  const runs = Math.max(1, Math.ceil(most / RUN))
  const [ends, values] = [transfers.buffer(2 * runs), transfers.buffer(4 * runs)]
  const draft = new Draft()
  const [size, all, sums] = [draft.number(runs), draft.number(count), draft.write(totals)]
  const total = `${sums}[slot * 2u] = sum.x; ${sums}[slot * 2u + 1u] = sum.y;`
  const put = (place: string) => {
    const [to, at] = [draft.write(ends), draft.write(values)]
    return `${to}[${place}] = slot; ${at}[(${place}) * 2u] = sum.x; ${at}[(${place}) * 2u + 1u] = sum.y;`
  }
  const functions = source(draft)
  const last = runs === 1
  await draft.run(
    recorder,
    runs,
    `if (row >= ${size}) { return; }
  var slot = ${NONE}u;
  var sum = vec2u(0u, 0u);
  ${last ? '' : `var first = true; ${draft.write(ends)}[2u * row] = ${NONE}u; ${draft.write(ends)}[2u * row + 1u] = ${NONE}u;`}
  let end = min((row + 1u) * ${RUN}u, ${all});
  for (var i = row * ${RUN}u; i < end; i++) {
    let own = slotAt(i);
    if (own == ${NONE}u) { continue; }
    if (own != slot) {
      if (slot != ${NONE}u) {
        ${last ? total : `if (first) { ${put('2u * row')} } else { ${total} } first = false;`}
      }
      slot = own;
      sum = vec2u(0u, 0u);
    }
    sum = add_f64(sum, valueAt(i, slot));
  }
  if (slot == ${NONE}u) { return; }
  ${last ? total : `if (first) { ${put('2u * row')} } else { ${put('2u * row + 1u')} }`}`,
    functions,
  )
  if (last) return
  await addRuns(recorder, 2 * runs, 2 * runs, totals, (next) => {
    const [from, of] = [next.read(values), next.read(ends)]
    return `fn slotAt(i: u32) -> u32 { return ${of}[i]; }
fn valueAt(i: u32, slot: u32) -> vec2u { return vec2u(${from}[i * 2u], ${from}[i * 2u + 1u]); }`
  })
}
