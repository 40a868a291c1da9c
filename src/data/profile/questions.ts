import { type Agg, call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { isFloat } from '../../plan/types.ts'
import { aggregate, type Column, finite, groupAggs, TARGET } from './columns.ts'
import { TOLD } from './frequency.ts'
import type { Bins } from './histogram.ts'

/** A table that is asked. */
interface Of {
  readonly table: Node
  readonly withTarget: boolean
}

/** A column's values with their counts: as many rows as different values. */
export const frequencies = ({ table, withTarget }: Of, { key }: Column): Node =>
  aggregate(table, [key], groupAggs(withTarget))

/** How many different values there are, and how often the commonest stands there. */
const variety = (of: Of, column: Column): Node =>
  aggregate(
    build({ op: 'filter', input: frequencies(of, column), predicate: there(col(column.key)) }),
    [],
    [
      ['k', { fn: 'count', arg: null }],
      ['most', { fn: 'max', arg: col('n') }],
    ],
  )

const there = (e: Expr): Expr => call('not', call('isNull', e))
/** A number as float64; null where it is not finite. */
export const numeric = ({ key, field }: Column): Expr =>
  isFloat(field.type) || typeof field.type === 'object'
    ? finite(col(key))
    : { op: 'cast', arg: col(key), to: 'float64', onError: 'fail' }
const when = (condition: Expr): Agg => ({
  fn: 'count',
  arg: { op: 'case', when: [[condition, lit(true, 'bool')]], otherwise: lit(null, 'bool') },
})

/** A number where the target is there. */
export const known = (column: Column): Expr => ({
  op: 'case',
  when: [[there(col(TARGET)), numeric(column)]],
  otherwise: lit(null, 'float64'),
})

/** Counts and range of numbers; the range of moments. */
function range({ table, withTarget }: Of, column: Column): Node {
  const x = col(column.key)
  if (column.kind !== 'number') {
    const ends = (['min', 'max'] as const).map((fn) => [fn, { fn, arg: x }] as const)
    return aggregate(table, [], [['n', { fn: 'count', arg: x }], ...ends])
  }
  const float = isFloat(column.field.type) || typeof column.field.type === 'object'
  const zero = float ? lit(0, 'float64') : lit('0', 'int64')
  const aggs: Named<Agg> = [
    ['n', { fn: 'count', arg: x }],
    ['finite', { fn: 'count', arg: numeric(column) }],
    ...(['min', 'max'] as const).map((fn) => [fn, { fn, arg: numeric(column) }] as const),
    ['zeros', when(call('eq', x, zero))],
    ...(float ? ([['nan', when(call('isNaN', x))]] as const) : []),
    ...(withTarget ? ([['known', { fn: 'count', arg: known(column) }]] as const) : []),
  ]
  return aggregate(table, [], aggs)
}

/** What a column of a kind is asked first, whatever is found: where one of these can't be computed, the column is read elsewhere. */
export const firstAsked = (table: Node, column: Column, withTarget: boolean): Node[] => [
  variety({ table, withTarget }, column),
  ...(column.kind === 'text' || column.kind === 'bool' ? [] : [range({ table, withTarget }, column)]),
]

/** Mean and deviation of numbers as parts of `scale`. */
export const moments = (column: Column, table: Node, scale: number): Node => {
  const arg = call('div', numeric(column), lit(scale, 'float64'))
  return aggregate(
    table,
    [],
    (['mean', 'stddev'] as const).map((fn) => [fn, { fn, arg }] as const),
  )
}

/** The places, from 1, of the values that a quantile lies between. */
export const ends = (p: number, n: number): number[] => {
  const low = Math.floor(p * (n - 1))
  return [low + 1, Math.min(n, low + 2)]
}

/** The place, from 1, of the last row of each of so many parts. */
export const partEnds = (n: number, parts: number): number[] =>
  Array.from({ length: parts }, (_, i) => Math.ceil(((i + 1) * n) / parts))

/** Values by their places in order. */
export function atRanks(table: Node, x: Expr, ranks: readonly number[]): Node {
  const picked = build({ op: 'select', input: table, columns: [['x', x]] })
  const present = build({ op: 'filter', input: picked, predicate: there(col('x')) })
  const placed = build({
    op: 'window',
    input: present,
    by: [],
    order: [{ by: col('x'), descending: false }],
    columns: [['r', { fn: 'rowNumber' }]],
  })
  const wanted = [...new Set(ranks)].map((r) => lit(String(r), 'int64'))
  return build({ op: 'filter', input: placed, predicate: call('isIn', col('r'), ...wanted) })
}

/** The commonest values, ties by value. */
export const commonest = (column: Column, s: Of): Node =>
  build({
    op: 'limit',
    input: build({
      op: 'sort',
      input: build({
        op: 'filter',
        input: frequencies({ ...s, withTarget: false }, column),
        predicate: there(col(column.key)),
      }),
      keys: [
        { by: col('n'), descending: true },
        { by: col(column.key), descending: false },
      ],
    }),
    count: TOLD,
  })

/** Rows by bin of a histogram: −1 below, −2 above. */
export function inBins(column: Column, table: Node, { from, to, width, bins }: Bins): Node {
  const x = numeric(column)
  const at = call('floor', call('div', call('sub', x, lit(from, 'float64')), lit(width, 'float64')))
  const bin: Expr = {
    op: 'case',
    when: [
      [call('lt', x, lit(from, 'float64')), lit(-1, 'float64')],
      [call('gt', x, lit(to, 'float64')), lit(-2, 'float64')],
      [there(x), call('least', lit(bins - 1, 'float64'), at)],
    ],
    otherwise: lit(null, 'float64'),
  }
  return aggregate(build({ op: 'select', input: table, columns: [['b', bin]] }), ['b'], groupAggs(false))
}

/** Rows and target between the ends of parts. */
export function inParts(column: Column, table: Node, edges: readonly number[]): Node {
  const x = known(column)
  const b: Expr = {
    op: 'case',
    when: edges.map((e, i) => [call('le', x, lit(e, 'float64')), lit(String(i), 'int64')] as const),
    otherwise: lit(null, 'int64'),
  }
  const parts = build({
    op: 'select',
    input: table,
    columns: [
      ['b', b],
      ['x', x],
      [TARGET, col(TARGET)],
    ],
  })
  return aggregate(
    parts,
    ['b'],
    [...groupAggs(true), ['from', { fn: 'min', arg: col('x') }], ['to', { fn: 'max', arg: col('x') }]],
  )
}

/** What each value's own rows say of the target, about its mean. */
export function aboutMean(of: Of, column: Column, mean: number): Node {
  const groups = build({
    op: 'filter',
    input: frequencies(of, column),
    predicate: call('and', there(numeric(column)), call('gt', col('ny'), lit('0', 'int64'))),
  })
  const off = call('sub', col('my'), lit(mean, 'float64'))
  const times = (e: Expr) => call('mul', { op: 'cast', arg: col('ny'), to: 'float64', onError: 'fail' }, e)
  return aggregate(
    groups,
    [],
    [
      ['groups', { fn: 'count', arg: null }],
      ['n', { fn: 'sum', arg: col('ny') }],
      ['off', { fn: 'sum', arg: times(off) }],
      ['squares', { fn: 'sum', arg: times(call('mul', off, off)) }],
    ],
  )
}
