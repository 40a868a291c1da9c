import type { Value } from '../../engines/batch.ts'
import { type Agg, call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { type Field, isFloat, isNumeric, isTemporal } from '../../plan/types.ts'
import type { Kind } from './types.ts'

export type Row = Readonly<Record<string, Value>>
/** Gives all rows of a small plan: no more than `most`, where that is known. */
export type Collect = (n: Node, most?: number) => Promise<readonly Row[]>

/** A column under the name it has while it is profiled: `c0`, `c1` … whatever it is called. */
export interface Column {
  readonly key: string
  readonly field: Field
  readonly kind: Kind
  readonly unit: string | null
}

/** The target as `y`: null where it is missing or not finite. */
export const TARGET = 'y'

export function kindOf(field: Field): Kind {
  const { type } = field
  if (type === 'bool') return 'bool'
  if (type === 'string') return 'text'
  if (isTemporal(type)) return 'time'
  return isNumeric(type) || type === 'duration' ? 'number' : 'other'
}

/** The table with safe names and plain numbers: decimals and float32 as float64, durations as seconds. */
export function project(rows: Node, target: Field | null): { table: Node; columns: Column[] } {
  const columns = rows.schema.map((field, i): Column => {
    const unit = field.type === 'duration' ? 's' : (field.unit ?? null)
    return { key: `c${i}`, field, kind: kindOf(field), unit }
  })
  return { table: tableOf(rows, columns, target), columns }
}

/** Some columns of rows under these names. */
export function tableOf(rows: Node, columns: readonly Column[], target: Field | null): Node {
  const picked: [string, Expr][] = columns.map((c) => [c.key, plain(c.field)])
  if (target)
    picked.push([
      TARGET,
      isFloat(target.type) || typeof target.type === 'object' ? finite(plain(target)) : plain(target),
    ])
  return build({ op: 'select', input: rows, columns: picked })
}

function plain(field: Field): Expr {
  const { type, name } = field
  if (type === 'duration')
    return call('div', { op: 'cast', arg: col(name), to: 'int64', onError: 'fail' }, lit('1000000', 'int64'))
  if (kindOf(field) === 'number' && (typeof type === 'object' || type === 'float32'))
    return { op: 'cast', arg: col(name), to: 'float64', onError: 'fail' }
  return col(name)
}

/** A float64, or null when it is NaN or infinite. */
export function finite(e: Expr): Expr {
  const within = call(
    'and',
    call('ge', e, lit(-Number.MAX_VALUE, 'float64')),
    call('le', e, lit(Number.MAX_VALUE, 'float64')),
  )
  return { op: 'case', when: [[within, e]], otherwise: lit(null, 'float64') }
}

/** The aggregates of the whole table, or by groups. */
export const aggregate = (input: Node, by: readonly string[], aggs: Named<Agg>): Node =>
  build({ op: 'aggregate', input, by, aggs })

/** Rows of a group, and the target in it. */
export const groupAggs = (withTarget: boolean): Named<Agg> => [
  ['n', { fn: 'count', arg: null }],
  ...(withTarget
    ? ([
        ['ny', { fn: 'count', arg: col(TARGET) }],
        ['my', { fn: 'mean', arg: col(TARGET) }],
      ] as const)
    : []),
]

/** Some rows of the table that share a value or a range: what histograms, quantiles and effects are made of. */
export interface Cell {
  readonly from: number
  readonly to: number
  /** A category's value. */
  readonly label: string | null
  readonly n: number
  /** Rows with a target, and its mean over them. */
  readonly ny: number
  readonly my: number | null
}

export const cellOf = (row: Row, from: number, to: number, label: string | null = null): Cell => ({
  from,
  to,
  label,
  n: numberOf(row['n']) ?? 0,
  ny: numberOf(row['ny']) ?? 0,
  my: numberOf(row['my']),
})

/** A number of any width; null when it is missing. */
export const numberOf = (v: Value | undefined): number | null => (v === null || v === undefined ? null : Number(v))

/** Twelve significant digits: sums of floats differ beyond them by the order of the rows. */
export function tidy(x: number | null): number | null
export function tidy(x: number): number
export function tidy(x: number | null): number | null {
  return x === null || !Number.isFinite(x) ? null : Number(x.toPrecision(12))
}
