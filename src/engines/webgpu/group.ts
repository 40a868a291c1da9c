/// <reference types="@webgpu/types" />
import { type Accumulator, addTo, isLate, isLong } from './aggregates.ts'
import type { Sparse } from './chain.ts'
import { bitIn, Draft } from './draft.ts'
import { type Grouping, RESULT } from './grouping.ts'
import { statistics } from './groupstats.ts'
import { countSpans, hashRows, mostKeys } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { countOf, type Rows } from './rows.ts'
import { prefixSum } from './scan.ts'
import { slotWord, sortRows } from './sort.ts'
import type { TableColumn } from './table.ts'
import { equalWords } from './wgsl/keys.ts'
import { type Rep, wordsOf } from './wgsl/reps.ts'

/** A group's words in `keys`: for each key its words and whether it is there. In `acc`: the accumulators one by one. */
export interface Grouped {
  readonly keys: GPUBuffer
  readonly acc: GPUBuffer
  /** Its first word is the number of groups. */
  readonly count: GPUBuffer
  readonly keyWords: number
  readonly accWords: number
}

/** Words of a key in `keys`, the mark of its presence included. */
export const keyWordsOf = (rep: Rep): number => Math.max(1, wordsOf(rep)) + 1

/**
 * Groups rows by their first `keys` columns: they meet in a hash table, groups are numbered in the order of their first
 * rows, and each row is added to its group.
 */
export async function group(
  recorder: Recorder,
  rows: Pick<Rows, 'most' | 'count'>,
  { outputs, keep }: Sparse,
  keys: number,
  accumulators: readonly Accumulator[],
  ranks: Grouping['ranks'],
): Promise<Grouped> {
  const { device, transfers } = recorder
  const by = outputs.slice(0, keys)
  const hashed = await hashRows(recorder, rows, by, { keep, nulls: 'are a key', spans: accumulators.some(isLate) })
  const { slots, slotOf } = hashed
  const keyWords = by.reduce((n, { rep }) => n + keyWordsOf(rep), 0)
  const accWords = accumulators.reduce((n, a) => n + a.words, 0)
  /** A draft over the rows that take part: what its body begins with. */
  const begin = (): { draft: Draft; of: string; enter: string } => {
    const draft = new Draft()
    const [count, of] = [draft.number(countOf(rows)), draft.read(slotOf)]
    const kept = keep ? ` | !${bitIn(draft.read(keep.buffer), draft.number(keep.at), 'row')}` : ''
    return { draft, of, enter: `if ((row >= ${count})${kept}) { return; }` }
  }
  // the complement of a row's number is the larger the earlier it comes
  const first = transfers.buffer(slots)
  const finding = begin()
  const found = finding.draft.shared(first)
  await finding.draft.run(recorder, rows.most, `${finding.enter} atomicMax(&${found}[${finding.of}[row]], ~row);`)
  const number = transfers.buffer(rows.most)
  const marking = begin()
  const [firsts, marks] = [marking.draft.read(first), marking.draft.write(number)]
  await marking.draft.run(
    recorder,
    rows.most,
    `${marking.enter} ${marks}[row] = u32(~${firsts}[${marking.of}[row]] == row);`,
  )
  const count = await recorder.pass((pass) => prefixSum(device, transfers, pass, number, rows.most))
  const groups = mostKeys(by, rows.most)
  const out = { keys: transfers.buffer(groups * keyWords), acc: transfers.buffer(groups * accWords) }
  if (keyWords > 0) {
    const { draft, of, enter } = begin()
    const [heads, numbers, made] = [draft.read(first), draft.read(number), draft.write(out.keys)]
    let at = 0
    const writes = by.flatMap((c) => wordsOfKey(draft, c).map((w) => `${made}[to + ${at++}u] = ${w};`))
    await draft.run(
      recorder,
      rows.most,
      `${enter}
  if (~${heads}[${of}[row]] != row) { return; }
  let to = ${numbers}[row] * ${keyWords}u;
  ${writes.join('\n  ')}`,
    )
  }
  const rounds = accumulators.length === 0 ? [] : accumulators.some(isLong) ? ([1, 2] as const) : ([1] as const)
  for (const round of rounds) {
    const { draft, of, enter } = begin()
    const [heads, numbers, acc] = [draft.read(first), draft.read(number), draft.shared(out.acc)]
    let from = 0
    const adds = accumulators.map((a) => {
      const place = `to + ${from}u`
      from += a.words
      const { v, there } = a.arg < 0 ? { v: '', there: 'true' } : draft.load(outputs[a.arg] as TableColumn)('row')
      const lines = addTo(a, acc, v, place, round)
      return lines.length > 0 ? `if (${there}) { ${lines.join(' ')} }` : ''
    })
    await draft.run(
      recorder,
      rows.most,
      `${enter}
  let to = ${numbers}[~${heads}[${of}[row]]] * ${accWords}u;
  ${adds.join('\n  ')}`,
    )
  }
  let place = 0
  let grouping: Grouping | undefined
  for (const a of accumulators) {
    if (isLate(a)) {
      if (!grouping) {
        await countSpans(recorder, rows, hashed)
        const order = await sortRows(recorder, rows, [slotWord(hashed)])
        grouping = { rows, hashed, order, outputs, ranks }
      }
      const results = await statistics(recorder, grouping, a)
      const { draft, of, enter } = begin()
      const [heads, numbers, from, acc] = [
        draft.read(first),
        draft.read(number),
        draft.read(results),
        draft.write(out.acc),
      ]
      const copies = Array.from(
        { length: RESULT },
        (_, i) => `${acc}[to + ${i + 1}u] = ${from}[slot * ${RESULT}u + ${i}u];`,
      )
      await draft.run(
        recorder,
        rows.most,
        `${enter}
  let slot = ${of}[row];
  if (~${heads}[slot] != row) { return; }
  let to = ${numbers}[row] * ${draft.number(accWords)} + ${draft.number(place)};
  ${copies.join(' ')}`,
      )
    }
    place += a.words
  }
  return { ...out, count, keyWords, accWords }
}

/** A key's words, floats by their order, and whether it is there. */
function wordsOfKey(draft: Draft, column: TableColumn): string[] {
  const { v, there } = draft.load(column)('row')
  const words = equalWords(column.field.type, column.rep, v)
  return there === 'true' ? [...words, '1u'] : [...words.map((w) => `select(0u, ${w}, ${there})`), `u32(${there})`]
}
