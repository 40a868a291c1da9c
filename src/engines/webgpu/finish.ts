/// <reference types="@webgpu/types" />
import { type Field, isDecimal, type Schema, scaleOf, type Type } from '../../plan/types.ts'
import { type Accumulator, addsFloats, isLate } from './aggregates.ts'
import { Draft } from './draft.ts'
import { FAILED, RAN } from './fused.ts'
import { type Grouped, keyWordsOf } from './group.ts'
import { mostKeys } from './hash.ts'
import type { Recorder } from './recorder.ts'
import { emptyColumns, type Rows } from './rows.ts'
import type { TableColumn } from './table.ts'
import { beyond } from './wgsl/decimals.ts'
import { float64Text } from './wgsl/float64.ts'
import { valueOfOrder } from './wgsl/keys.ts'
import { type Rep, repOf } from './wgsl/reps.ts'

/** A sum of 96 bits as an int64 or a decimal, where it is one; as the mean of so many values. `type`: that of the values. */
export const wideSum = {
  fits: (type: Type, low: string, high: string): string =>
    `(${high} == select(0u, 0xffffffffu, negative(${low})))${isDecimal(type) ? ` & !${beyond(low, 18)}` : ''}`,
  mean: (type: Type, low: string, high: string, n: string): string => {
    const mean = `div_f64(sum_f64(${low}, ${high}), long_f64(vec2u(${n}, 0u)))`
    const scale = scaleOf(type)
    return scale === 0 ? mean : `div_f64(${mean}, ${float64Text(10 ** scale)})`
  },
}

/** Aggregates that are never null. */
const COUNTS: ReadonlySet<Accumulator['fn']> = new Set(['rows', 'count', 'countDistinct'])

/** Groups as rows: keys, then the aggregates' values. A sum that does not fit marks the run as failed. */
export async function finish(
  recorder: Recorder,
  grouped: Grouped,
  by: readonly TableColumn[],
  accumulators: readonly Accumulator[],
  schema: Schema,
  most: number,
): Promise<Rows> {
  const { transfers } = recorder
  // without keys there is one row, of nothing where there are no rows
  const to =
    by.length === 0 ? { most: 1, count: null } : { most: mostKeys(by, most), count: { buffer: grouped.count, at: 0 } }
  const columns = emptyColumns(
    recorder,
    schema.map((field, i) => {
      const key = by[i]
      const a = accumulators[i - by.length]
      const nullable = key ? key.validity !== null : !COUNTS.has(a?.fn ?? 'rows')
      return { field, rep: repOf(field.type) as Rep, nullable }
    }),
    to.most,
  )
  const mark = transfers.buffer(1)
  const draft = new Draft()
  const [count, keys, acc] = [draft.number(to.count ?? to.most), draft.read(grouped.keys), draft.read(grouped.acc)]
  const failing = draft.shared(mark)
  const stores = columns.map((column) => draft.store(column))
  let at = 0
  const keyLines = by.map(({ field, rep }, i) => {
    const words = Array.from({ length: keyWordsOf(rep) }, (_, w) => `${keys}[row * ${grouped.keyWords}u + ${at + w}u]`)
    at += words.length
    const present = `(${words.at(-1)} != 0u)`
    const own = words.slice(0, -1).map((_, w) => `w${w}`)
    const named = own.map((name, w) => `let ${name} = ${words[w]};`)
    const ordered = field.type === 'float32' || field.type === 'float64'
    const value = ordered ? valueOfOrder(field.type, rep, own) : plainValue(rep, own)
    return `{ ${named.join(' ')} ${stores[i]?.('row', value, column(i).validity ? present : 'true')} }`
  })
  function column(i: number): TableColumn {
    return columns[i] as TableColumn
  }
  at = 0
  const aggLines = accumulators.map((a, i) => {
    const words = Array.from({ length: a.words }, (_, w) => `${acc}[row * ${grouped.accWords}u + ${at + w}u]`)
    at += a.words
    const { field } = column(by.length + i)
    return `{ ${finishOne(a, words, field, failing, stores[by.length + i] as ReturnType<Draft['store']>)} }`
  })
  await draft.run(
    recorder,
    to.most,
    `if (row == 0u) { atomicOr(&${failing}[0], ${RAN}u); }
  if (row >= ${count}) { return; }
  ${[...keyLines, ...aggLines].join('\n  ')}`,
  )
  recorder.mark({ buffer: mark, at: 0 })
  return { ...to, columns }
}

/** A key that was kept as it is. */
function plainValue(rep: Rep, [low = '', high = '']: readonly string[]): string {
  switch (rep) {
    case 'bool':
      return `${low} != 0u`
    case 'i32':
      return `bitcast<i32>(${low})`
    case 'u32':
      return low
    case 'vec2u':
      return `vec2u(${low}, ${high})`
  }
}

function finishOne(
  a: Accumulator,
  words: readonly string[],
  { type }: Field,
  failing: string,
  store: ReturnType<Draft['store']>,
): string {
  const present = `let n = ${words[0]};`
  if (isLate(a) && !addsFloats(a)) {
    const value = a.type === 'string' && a.fn !== 'countDistinct' ? words[1] : `vec2u(${words[1]}, ${words[2]})`
    return store('row', value as string, a.fn === 'countDistinct' ? 'true' : `(${words[3]} != 0u)`)
  }
  if (addsFloats(a)) {
    const sum = `vec2u(${words[1]}, ${words[2]})`
    const value = a.fn === 'sum' ? sum : `div_f64(${sum}, long_f64(vec2u(n, 0u)))`
    return `${present} ${store('row', value, '(n != 0u)')}`
  }
  switch (a.fn) {
    case 'rows':
    case 'count':
      return `${present} ${store('row', 'vec2u(n, 0u)', 'true')}`
    case 'sum':
      return `${present} let low = vec2u(${words[1]}, ${words[2]}); let high = ${words[3]};
    if ((n != 0u) & !(${wideSum.fits(a.type, 'low', 'high')})) { atomicOr(&${failing}[0], ${FAILED}u); }
    ${store('row', 'low', '(n != 0u)')}`
    case 'mean':
      return `${present} let low = vec2u(${words[1]}, ${words[2]}); let high = ${words[3]};
    ${store('row', wideSum.mean(a.type, 'low', 'high', 'n'), '(n != 0u)')}`
    default: {
      // the low word of a key comes last in the accumulator
      const flip = a.fn === 'min' ? '~' : ''
      const own = words.slice(1).reverse()
      const named = own.map((w, i) => `let k${i} = ${flip}${w};`)
      return `${present} ${named.join(' ')} ${store(
        'row',
        valueOfOrder(
          type,
          a.rep,
          own.map((_, i) => `k${i}`),
        ),
        '(n != 0u)',
      )}`
    }
  }
}
