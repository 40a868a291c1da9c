/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import type { Recorder } from './recorder.ts'
import { countOf, NONE, type Rows } from './rows.ts'
import { prefixSum } from './scan.ts'
import type { TableColumn, Words } from './table.ts'
import { equalWords, hashOf } from './wgsl/keys.ts'

/** Rows in an open hash table, in which equal keys meet at one slot. */
export interface Hashed {
  readonly slots: number
  /**
   * For each slot one of its rows, counted from 1; 0 where it is empty. After these, once they are counted (`countSpans`):
   * how many rows each slot has; and how many come before them where rows stand in the order of their slots.
   */
  readonly table: GPUBuffer
  /** The slot of each row; `NONE` for one that is left out. */
  readonly slotOf: GPUBuffer
  readonly keys: readonly TableColumn[]
}

/** Which rows take part: those whose bits are set in `keep`; those with a missing key, as a value of its own or not at all. */
export interface Parts {
  readonly keep: Words | null
  readonly nulls: 'are a key' | 'are left out'
  /** Columns without whose values a row is left out. */
  readonly needed?: readonly TableColumn[]
  /** Whether there is to be room for what `countSpans` finds; there is unless it is false. */
  readonly spans?: boolean
}

type Load = ReturnType<Draft['load']>

/** A row's keys as words, where those that are missing are told apart from all values. */
const wordsOf = (keys: readonly TableColumn[], loads: readonly Load[], row: string): string[] =>
  keys.flatMap(({ field, rep }, i) => {
    const { v, there } = (loads[i] as Load)(row)
    const words = equalWords(field.type, rep, v)
    return there === 'true' ? [...words, '1u'] : [...words.map((w) => `select(0u, ${w}, ${there})`), `u32(${there})`]
  })

const presentIn = (loads: readonly Load[], row: string): string[] =>
  loads.map((load) => load(row).there).filter((there) => there !== 'true')

/** Whether the keys of two rows are equal, as the body of a function. */
function equality(mine: readonly string[], others: readonly string[]): string {
  const tests = mine.flatMap((w, i) => (w === others[i] ? [] : [`if ((${w}) != (${others[i]})) { return false; }`]))
  return `${tests.join('\n  ')}\n  return true;`
}

/** A function `same(row, other)` for a draft: whether two rows' values are equal in all columns, missing ones among them. */
export function sameIn(draft: Draft, columns: readonly TableColumn[]): string {
  const loads = columns.map((column) => draft.load(column))
  return `fn same(row: u32, other: u32) -> bool {
  ${equality(wordsOf(columns, loads, 'row'), wordsOf(columns, loads, 'other'))}
}`
}

/** Different keys that so many rows have at most: without keys one, and three a bool. */
export const mostKeys = (keys: readonly Pick<TableColumn, 'rep'>[], rows: number): number =>
  Math.max(1, keys.every(({ rep }) => rep === 'bool') ? Math.min(rows, 3 ** keys.length) : rows)

/** Puts rows into a hash table by their keys. */
export async function hashRows(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  keys: readonly TableColumn[],
  { keep, nulls, needed: others = [], spans = true }: Parts,
): Promise<Hashed> {
  const { transfers } = recorder
  const slots = 2 ** Math.max(1, Math.ceil(Math.log2(mostKeys(keys, rows.most) * 2)))
  const [table, slotOf] = [transfers.buffer((spans ? 3 : 1) * slots), transfers.buffer(rows.most)]
  const draft = new Draft()
  const [count, size] = [draft.number(countOf(rows)), draft.number(slots)]
  const loads = keys.map((key) => draft.load(key))
  const words = wordsOf(keys, loads, 'row')
  const [heads, out] = [draft.shared(table), draft.write(slotOf)]
  const kept = keep && ([draft.read(keep.buffer), draft.number(keep.at)] as const)
  const needed = [
    ...(kept ? [`((${kept[0]}[${kept[1]} + (row >> 5u)] >> (row & 31u)) & 1u) != 0u`] : []),
    ...(nulls === 'are left out' ? presentIn(loads, 'row') : []),
    ...presentIn(
      others.map((column) => draft.load(column)),
      'row',
    ),
  ]
  await draft.run(
    recorder,
    rows.most,
    `if (row >= ${count}) { return; }
  ${needed.map((test) => `if (!(${test})) { ${out}[row] = ${NONE}u; return; }`).join('\n  ')}
  ${hashOf(words)}
  var slot = h & (${size} - 1u);
  loop {
    var there = atomicLoad(&${heads}[slot]);
    if (there == 0u) {
      let swap = atomicCompareExchangeWeak(&${heads}[slot], 0u, row + 1u);
      if (swap.exchanged) { there = row + 1u; } else { there = swap.old_value; }
      if (there == 0u) { continue; }
    }
    if (same(row, there - 1u)) { break; }
    slot = (slot + 1u) & (${size} - 1u);
  }
  ${out}[row] = slot;`,
    `fn same(row: u32, other: u32) -> bool {
  ${equality(words, wordsOf(keys, loads, 'other'))}
}`,
  )
  return { slots, table, slotOf, keys }
}

/**
 * Looks rows' keys up in a hash table of other rows. Gives code for a draft: functions, and statements after which `slot`
 * is the slot of `row`'s key, or `NONE` where there is none, or a key is missing and missing ones are left out.
 */
export function probing(
  draft: Draft,
  keys: readonly TableColumn[],
  hashed: Hashed,
  nulls: Parts['nulls'] = 'are left out',
): { functions: string; find: string; span: Span } {
  const [own, others] = [keys, hashed.keys].map((side) => side.map((key) => draft.load(key))) as [Load[], Load[]]
  const [size, heads] = [draft.number(hashed.slots), draft.read(hashed.table)]
  const words = wordsOf(keys, own, 'row')
  // a key that is there is equal to one that is there, whichever side could miss some
  const needed = nulls === 'are left out' ? presentIn(own, 'row') : []
  const present = ['true', ...needed].map((test) => `(${test})`).join(' & ')
  return {
    span: spanIn(draft, hashed),
    functions: `fn same(row: u32, other: u32) -> bool {
  ${equality(words, wordsOf(hashed.keys, others, 'other'))}
}`,
    find: `${hashOf(words)}
  var slot = select(${NONE}u, h & (${size} - 1u), ${present});
  while (slot != ${NONE}u) {
    let there = ${heads}[slot];
    if (there == 0u) { slot = ${NONE}u; break; }
    if (same(row, there - 1u)) { break; }
    slot = (slot + 1u) & (${size} - 1u);
  }`,
  }
}

/** A slot's rows in the order of slots, in code: where they begin, and how many there are. */
interface Span {
  readonly begin: (slot: string) => string
  readonly size: (slot: string) => string
}

export function spanIn(draft: Draft, { table, slots }: Hashed): Span {
  const [name, counts, starts] = [draft.read(table), draft.number(slots), draft.number(2 * slots)]
  return { size: (slot) => `${name}[${counts} + ${slot}]`, begin: (slot) => `${name}[${starts} + ${slot}]` }
}

/** Counts the rows of each slot, and those before them. */
export async function countSpans(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  { slots, slotOf, table }: Hashed,
): Promise<void> {
  const { device, transfers } = recorder
  const counts = transfers.buffer(slots)
  const draft = new Draft()
  const [count, of, sums] = [draft.number(countOf(rows)), draft.read(slotOf), draft.shared(counts)]
  await draft.run(
    recorder,
    rows.most,
    `if (row >= ${count}) { return; }
  let slot = ${of}[row];
  if (slot != ${NONE}u) { atomicAdd(&${sums}[slot], 1u); }`,
  )
  recorder.copy({ buffer: counts, at: 0 }, { buffer: table, at: slots }, slots)
  await recorder.pass((pass) => prefixSum(device, transfers, pass, counts, slots))
  recorder.copy({ buffer: counts, at: 0 }, { buffer: table, at: 2 * slots }, slots)
}
