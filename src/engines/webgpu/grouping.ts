/// <reference types="@webgpu/types" />
import { Draft } from './draft.ts'
import { floatSums, type ValueOf } from './floatsums.ts'
import type { Hashed } from './hash.ts'
import type { Recorder } from './recorder.ts'
import type { Rows } from './rows.ts'
import type { TableColumn } from './table.ts'
import { float64Text } from './wgsl/float64.ts'
import { asFloat64 } from './wgsl/floats.ts'

type Counted = Pick<Rows, 'most' | 'count'>
type Ranks = () => { buffer: GPUBuffer; bits: number }

/** What aggregates of groups that stand in the order of their slots work with. */
export interface Grouping {
  readonly rows: Counted
  /** With its spans counted. */
  readonly hashed: Hashed
  /** Rows in the order of their slots. */
  readonly order: GPUBuffer
  readonly outputs: readonly TableColumn[]
  readonly ranks: Ranks
}

/** Words of a result: its value, and whether there is one. */
export const RESULT = 3

/** A number as a float64, in code. Decimals are whole numbers of units here, which `unitOf` says. */
const plain = ({ field, rep }: TableColumn, v: string): string =>
  asFloat64({ type: typeof field.type === 'object' ? 'int64' : field.type, rep, v, s: '0u' })
const unitOf = ({ field: { type } }: TableColumn): string | undefined =>
  typeof type === 'object' && 'decimal' in type && type.decimal[1] > 0 ? float64Text(10 ** type.decimal[1]) : undefined

/** A column's number in a row as a float64, 0 where it is missing, and whether it is there. */
export function numberIn(draft: Draft, column: TableColumn): (row: string) => { x: string; there: string } {
  const load = draft.load(column)
  const unit = unitOf(column)
  return (row) => {
    const { v, there } = load(row)
    const own = plain(column, v)
    return { x: unit ? `div_f64(${own}, ${unit})` : own, there }
  }
}

/** A kernel over slots that leaves their results. */
export async function perSlot(
  recorder: Recorder,
  { hashed }: Grouping,
  body: (draft: Draft) => string,
  functions: (draft: Draft) => string = () => '',
): Promise<GPUBuffer> {
  const out = recorder.transfers.buffer(RESULT * hashed.slots)
  const draft = new Draft()
  const [slots, to] = [draft.number(hashed.slots), draft.write(out)]
  const code = body(draft)
  await draft.run(
    recorder,
    hashed.slots,
    `if (row >= ${slots}) { return; }
  let slot = row;
  var value = vec2u(0u, 0u);
  var there = false;
  ${code}
  ${to}[slot * ${RESULT}u] = value.x;
  ${to}[slot * ${RESULT}u + 1u] = value.y;
  ${to}[slot * ${RESULT}u + 2u] = u32(there);`,
    functions(draft),
  )
  return out
}

/** A float64 of a slot, in code. */
export const pair = (buffer: string, slot = 'slot') => `vec2u(${buffer}[${slot} * 2u], ${buffer}[${slot} * 2u + 1u])`

/** The sum of a value for each slot, 0 where a row has none. */
export const sumsOf = (recorder: Recorder, { rows, hashed, order }: Grouping, value: ValueOf): Promise<GPUBuffer> =>
  floatSums(recorder, rows, hashed, order, value)

/** Functions of `row` that give a number where all of the columns have one, and 0 elsewhere. */
export const over =
  (columns: readonly TableColumn[], value: (draft: Draft, xs: readonly string[], slot: string) => string): ValueOf =>
  (draft) => {
    const found = columns.map((column) => numberIn(draft, column)('row'))
    const there = found.map(({ there }) => there).filter((t) => t !== 'true')
    const own = value(
      draft,
      found.map(({ x }) => x),
      'slot',
    )
    return there.length === 0 ? own : `select(vec2u(0u, 0u), ${own}, ${there.map((t) => `(${t})`).join(' & ')})`
  }

export const ONE = float64Text(1)
