/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import type { Recorder } from './recorder.ts'
import { countOf, type Rows } from './rows.ts'
import type { TableColumn } from './table.ts'

/** Values that one thread adds one after the other. */
const RUN = 128

/** Where values come from: functions that define `valueOf(i: u32) -> Wide`. */
type Source = (draft: Draft) => string

const WIDE = /* wgsl */ `
struct Wide { low: vec2u, high: u32 }
fn addWide(a: Wide, b: Wide) -> Wide {
  let low = add64(a.low, b.low);
  return Wide(low, a.high + b.high + u32(below64(low, a.low)));
}
fn wideOf(x: vec2u) -> Wide { return Wide(x, select(0u, 0xffffffffu, negative(x))); }`

/**
 * The sums of a column's values before each place of an order, and of all at the end, in 96 bits, which no number of rows
 * overflows; missing values add nothing. Three words a place, the low one first.
 */
export function sums96(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  order: GPUBuffer,
  column: TableColumn,
): Promise<GPUBuffer> {
  return before(recorder, rows, (draft) => {
    const sorted = draft.read(order)
    const { v, there } = draft.load(column)('row')
    const long = column.rep === 'bool' ? `vec2u(u32(${v}), 0u)` : column.rep === 'i32' ? `wide(${v})` : v
    return `fn valueOf(i: u32) -> Wide {
  let row = ${sorted}[i];
  return wideOf(${there === 'true' ? long : `select(vec2u(0u, 0u), ${long}, ${there})`});
}`
  })
}

async function before(recorder: Recorder, rows: Pick<Rows, 'most' | 'count'>, source: Source): Promise<GPUBuffer> {
  const { transfers } = recorder
  const runs = Math.max(1, Math.ceil(rows.most / RUN))
  const out = transfers.buffer(3 * (rows.most + 1))
  let ahead: GPUBuffer | undefined
  if (runs > 1) {
    const parts = transfers.buffer(3 * runs)
    const adding = new Draft()
    const [count, to] = [adding.number(countOf(rows)), adding.write(parts)]
    await adding.run(
      recorder,
      runs,
      `if (row >= ${runs}u) { return; }
  let end = min((row + 1u) * ${RUN}u, ${count});
  var sum = wideOf(vec2u(0u, 0u));
  for (var i = row * ${RUN}u; i < end; i++) { sum = addWide(sum, valueOf(i)); }
  ${to}[row * 3u] = sum.low.x;
  ${to}[row * 3u + 1u] = sum.low.y;
  ${to}[row * 3u + 2u] = sum.high;`,
      `${WIDE}\n${source(adding)}`,
    )
    ahead = await before(recorder, { most: runs, count: null }, (draft) => {
      const from = draft.read(parts)
      return `fn valueOf(i: u32) -> Wide {
  return Wide(vec2u(${from}[i * 3u], ${from}[i * 3u + 1u]), ${from}[i * 3u + 2u]);
}`
    })
  }
  const spreading = new Draft()
  const [count, to] = [spreading.number(countOf(rows)), spreading.write(out)]
  const first = ahead && spreading.read(ahead)
  const begin = first
    ? `Wide(vec2u(${first}[row * 3u], ${first}[row * 3u + 1u]), ${first}[row * 3u + 2u])`
    : 'wideOf(vec2u(0u, 0u))'
  await spreading.run(
    recorder,
    runs,
    `if (row >= ${runs}u) { return; }
  let end = min((row + 1u) * ${RUN}u, ${count});
  var sum = ${begin};
  for (var i = row * ${RUN}u; i < end; i++) {
    ${to}[i * 3u] = sum.low.x;
    ${to}[i * 3u + 1u] = sum.low.y;
    ${to}[i * 3u + 2u] = sum.high;
    sum = addWide(sum, valueOf(i));
  }
  if (end == ${count}) {
    ${to}[end * 3u] = sum.low.x;
    ${to}[end * 3u + 1u] = sum.low.y;
    ${to}[end * 3u + 2u] = sum.high;
  }`,
    `${WIDE}\n${source(spreading)}`,
  )
  return out
}
