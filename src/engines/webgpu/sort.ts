/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import type { Hashed } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { countOf, type Rows } from './rows.ts'
import { prefixSum } from './scan.ts'
import type { TableColumn } from './table.ts'
import { orderWords } from './wgsl/keys.ts'

/** A part of what rows are sorted by: a word of `row` in code, of which the low `bits` count. */
export interface SortWord {
  readonly bits: number
  code(draft: Draft): string
}

/** Bits that one pass sorts by. */
const DIGIT = 8
/** Rows that one thread moves in their order: the counters of a pass are then two words a row. */
const RUN = 128

/**
 * The numbers of rows in a stable order, by words from the least significant on: a radix sort, one pass for each digit.
 * A thread counts the digits of a run of rows, sums say where each run's rows of a digit begin, and it moves them there.
 */
export async function sortRows(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  words: readonly SortWord[],
): Promise<GPUBuffer> {
  const { device, transfers } = recorder
  const runs = Math.max(1, Math.ceil(rows.most / RUN))
  const counts = transfers.buffer(runs * 2 ** DIGIT)
  let order = transfers.buffer(rows.most)
  let next = transfers.buffer(rows.most)
  const identity = new Draft()
  const [all, made] = [identity.number(countOf(rows)), identity.write(order)]
  await identity.run(recorder, rows.most, `if (row < ${all}) { ${made}[row] = row; }`)
  /** A kernel that goes through each run's rows; `place` is the counter of a row's digit. */
  const over = async (word: SortWord, shift: number, also: (draft: Draft, counters: string) => string) => {
    const draft = new Draft()
    const [size, count, first] = [draft.number(runs), draft.number(countOf(rows)), draft.read(order)]
    const [counters, by] = [draft.write(counts), draft.number(shift)]
    const digits = draft.number(2 ** Math.min(DIGIT, word.bits - shift) - 1)
    await draft.run(
      recorder,
      runs,
      `if (row >= ${size}) { return; }
  let end = min((row + 1u) * ${RUN}u, ${count});
  for (var i = row * ${RUN}u; i < end; i++) {
    let old = ${first}[i];
    let place = ((wordOf(old) >> ${by}) & ${digits}) * ${size} + row;
    ${also(draft, counters)}
  }`,
      `fn wordOf(row: u32) -> u32 { return ${word.code(draft)}; }`,
    )
  }
  for (const word of words)
    for (let shift = 0; shift < word.bits; shift += DIGIT) {
      recorder.clear(counts)
      await over(word, shift, (_, counters) => `${counters}[place] += 1u;`)
      await recorder.pass((pass) => prefixSum(device, transfers, pass, counts, runs * 2 ** DIGIT))
      await over(word, shift, (draft, counters) => {
        const to = draft.write(next)
        return `let to = ${counters}[place]; ${counters}[place] = to + 1u; ${to}[to] = old;`
      })
      ;[order, next] = [next, order]
    }
  // what uses them must be on its way first
  recorder.submit()
  transfers.free(next, counts)
  return order
}

/**
 * A column as words to sort by, the least significant first; missing values come last, whichever way. Texts stand by
 * their place in `ranks`, a word for each code.
 */
export function sortWords(
  column: TableColumn,
  ranks: () => { buffer: GPUBuffer; bits: number },
  descending = false,
): SortWord[] {
  const { field, rep, validity } = column
  const text = field.type === 'string'
  const bits = rep === 'bool' ? 1 : text ? ranks().bits : 32
  const width = rep === 'vec2u' ? 2 : 1
  const values = Array.from({ length: width }, (_, i) => ({
    bits,
    code: (draft: Draft) => {
      const { v, there } = draft.load(column)('row')
      const own = text ? `${draft.read(ranks().buffer)}[${v}]` : (orderWords(field.type, rep, v)[i] as string)
      const way = `((${own}) ^ ${draft.number(descending ? 0xffffffff : 0)})`
      return there === 'true' ? way : `select(0u, ${way}, ${there})`
    },
  }))
  if (!validity) return values
  const missing = { bits: 1, code: (draft: Draft) => `select(1u, 0u, ${draft.load(column)('row').there})` }
  return [...values, missing]
}

/** The slot of a row; rows that have none come last. */
export const slotWord = ({ slots, slotOf }: Hashed): SortWord => ({
  bits: Math.log2(slots) + 1,
  code: (draft) => `min(${draft.read(slotOf)}[row], ${draft.number(slots)})`,
})

/** The first rows: as many as `n`, or as there are. */
export async function firstRows(
  recorder: Recorder,
  { most, count }: Pick<Rows, 'most' | 'count'>,
  n: number,
): Promise<Pick<Rows, 'most' | 'count'>> {
  const fewer = Math.min(most, n)
  if (!count) return { most: fewer, count }
  const buffer = recorder.transfers.buffer(1)
  const draft = new Draft()
  const [there, limit, to] = [draft.number(count), draft.number(fewer), draft.write(buffer)]
  await draft.run(recorder, 1, `if (row == 0u) { ${to}[0] = min(${there}, ${limit}); }`)
  return { most: fewer, count: { buffer, at: 0 } }
}
