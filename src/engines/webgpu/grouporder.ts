/// <reference types="@webgpu/types" />
import { type Grouping, numberIn, ONE, pair, perSlot, sumsOf } from './grouping.ts'
import { spanIn } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { slotWord, sortRows, sortWords } from './sort.ts'
import type { TableColumn } from './table.ts'
import { equalWords } from './wgsl/keys.ts'

/** Rows by slot and, within one, by a column, missing values last; and how many of each slot's are there. */
async function byValue(
  recorder: Recorder,
  g: Grouping,
  column: TableColumn,
): Promise<{ sorted: GPUBuffer; n: GPUBuffer }> {
  const sorted = await sortRows(recorder, g.rows, [...sortWords(column, g.ranks), slotWord(g.hashed)])
  const n = await sumsOf(recorder, g, (draft) => {
    const { there } = draft.load(column)('row')
    return there === 'true' ? ONE : `select(vec2u(0u, 0u), ${ONE}, ${there})`
  })
  return { sorted, n }
}

/** A quantile of the values of each slot, between two of them linearly. */
export async function quantile(
  recorder: Recorder,
  g: Grouping,
  column: TableColumn,
  param: number,
): Promise<GPUBuffer> {
  const { sorted, n } = await byValue(recorder, g, column)
  return perSlot(
    recorder,
    g,
    (draft) => {
      const of = draft.read(n)
      const { begin } = spanIn(draft, g.hashed)
      const at = [draft.number(Number(bitsOf(param) & 0xffffffffn)), draft.number(Number(bitsOf(param) >> 32n))]
      return `there = !zero64(${pair(of)});
  let rank = mul_f64(vec2u(${at[0]}, ${at[1]}), sub_f64(${pair(of)}, ${ONE}));
  let down = whole_f64(rank, 2u);
  let part = sub_f64(rank, down);
  if (there) {
    let place = ${begin('slot')} + f64_long(down).x;
    let low = numberAt(place);
    value = low;
    if (!zero64(magnitudeOf(part))) {
      value = add_f64(mul_f64(low, sub_f64(${ONE}, part)), mul_f64(numberAt(place + 1u), part));
    }
  }`
    },
    (draft) => {
      const { x } = numberIn(draft, column)('row')
      return `fn numberAt(i: u32) -> vec2u { let row = ${draft.read(sorted)}[i]; return ${x}; }`
    },
  )
}

const bitsOf = (x: number): bigint => new BigUint64Array(Float64Array.of(x).buffer)[0] as bigint

/** How many different values each slot has. */
export async function different(recorder: Recorder, g: Grouping, column: TableColumn): Promise<GPUBuffer> {
  // texts are told apart by their codes
  const text = column.field.type === 'string'
  const words = text
    ? [{ ...column, field: { ...column.field, type: 'int32' as const }, rep: 'i32' as const }]
    : [column]
  const { sorted } = await byValue(recorder, g, words[0] as TableColumn)
  const own = { ...g, order: sorted }
  const n = await sumsOf(recorder, own, (draft) => {
    const load = draft.load(column)
    const [of, all] = [draft.read(g.hashed.slotOf), draft.read(sorted)]
    const [mine, former] = [load('row'), load(`${all}[max(i, 1u) - 1u]`)]
    const wordsOf = (v: string) => equalWords(column.field.type, column.rep, v)
    const same = wordsOf(mine.v).map((w, k) => `(${w} == ${wordsOf(former.v)[k]})`)
    const repeated = `((i > 0u) & (${of}[${all}[max(i, 1u) - 1u]] == slot) & ${same.join(' & ')})`
    return `select(vec2u(0u, 0u), ${ONE}, ${mine.there} & !${repeated})`
  })
  return perSlot(recorder, g, (draft) => `value = f64_long(${pair(draft.read(n))}); there = true;`)
}

/** The first or the last text of each slot in the order of their bytes, as its code. */
export async function textEnd(
  recorder: Recorder,
  g: Grouping,
  column: TableColumn,
  fn: 'min' | 'max',
): Promise<GPUBuffer> {
  const { sorted, n } = await byValue(recorder, g, column)
  return perSlot(recorder, g, (draft) => {
    const [of, all] = [draft.read(n), draft.read(sorted)]
    const { begin } = spanIn(draft, g.hashed)
    const { v } = draft.load(column)('old')
    const place = fn === 'min' ? begin('slot') : `${begin('slot')} + f64_long(${pair(of)}).x - 1u`
    return `there = !zero64(${pair(of)});
  if (there) { let old = ${all}[${place}]; value = vec2u(${v}, 0u); }`
  })
}
