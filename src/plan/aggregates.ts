import type { Col, Num } from './columns/kinds.ts'
import type { Agg, AggregateName, Frame, WindowCall } from './expr.ts'
import type { TypeName } from './types.ts'

/** An aggregate with the type it gives. Made by `count()`, `mean(r.x)` … */
export interface AggOf<T extends TypeName> {
  readonly agg: Agg
  readonly gives: T
}

/** What has a sum: numbers, and true as 1. */
type Summable = Num | 'bool' | `decimal(${number}, ${number})`

const aggregate =
  <const T extends TypeName>(fn: AggregateName, gives: T) =>
  <A extends Summable>(c: Col<A>): AggOf<T> => ({ agg: { fn, arg: c.expr }, gives })

/** Rows, or the rows where the column is not null. */
export const count = (c?: Col): AggOf<'int64'> => ({ agg: { fn: 'count', arg: c?.expr ?? null }, gives: 'int64' })
export const countDistinct = (c: Col): AggOf<'int64'> => ({ agg: { fn: 'countDistinct', arg: c.expr }, gives: 'int64' })
export const mean = aggregate('mean', 'float64')
export const stddev = aggregate('stddev', 'float64')
export const variance = aggregate('variance', 'float64')
export const quantile = <A extends Summable>(c: Col<A>, p: number): AggOf<'float64'> => ({
  agg: { fn: 'quantile', arg: c.expr, param: p },
  gives: 'float64',
})
type SumOf<T> = T extends 'float32' | 'float64'
  ? 'float64'
  : T extends `decimal(${number}, ${number})`
    ? `decimal(${number}, ${number})`
    : 'int64'
export const sum = <T extends Summable>(c: Col<T>): AggOf<SumOf<T>> => ({
  agg: { fn: 'sum', arg: c.expr },
  gives: 'int64' as SumOf<T>,
})
/** Pearson's correlation of two columns over the rows that have both. */
export const corr = <A extends Summable, B extends Summable>(a: Col<A>, b: Col<B>): AggOf<'float64'> => ({
  agg: { fn: 'corr', arg: a.expr, arg2: b.expr },
  gives: 'float64',
})
export const min = <T extends TypeName>(c: Col<T>): AggOf<T> => ({ agg: { fn: 'min', arg: c.expr }, gives: c.type })
export const max = <T extends TypeName>(c: Col<T>): AggOf<T> => ({ agg: { fn: 'max', arg: c.expr }, gives: c.type })

/** One column of a window with the type it gives. Made by `rowNumber()`, `lag(r.x)`, `over(sum(r.x), rows(-6, 0))` … */
export interface WindowOf<T extends TypeName> {
  readonly window: WindowCall
  readonly gives: T
}

const place = (fn: 'rowNumber' | 'rank' | 'denseRank') => (): WindowOf<'int64'> => ({ window: { fn }, gives: 'int64' })
/** 1, 2, 3 …; ties are broken by the remaining columns. */
export const rowNumber = place('rowNumber')
/** Ties share a rank, and the next one is as many places on. */
export const rank = place('rank')
/** Ties share a rank, and the next one follows it. */
export const denseRank = place('denseRank')

/** The value so many rows before; null where there is none. */
export const lag = <T extends TypeName>(c: Col<T>, rows = 1): WindowOf<T> => ({
  window: { fn: 'lag', arg: c.expr, offset: rows },
  gives: c.type,
})
/** The value so many rows after; null where there is none. */
export const lead = <T extends TypeName>(c: Col<T>, rows = 1): WindowOf<T> => ({
  window: { fn: 'lead', arg: c.expr, offset: rows },
  gives: c.type,
})

/** Rows around the present one: −6 … 0 are the last seven. Null is unbounded. */
export const rows = (from: number | null, to: number | null = 0): Frame => ({ unit: 'rows', from, to })
/** A stretch around the present row's order key, in its unit (µs for times and dates). Null is unbounded. */
export const range = (from: number | null, to: number | null = 0): Frame => ({ unit: 'range', from, to })
const WHOLE: Frame = { unit: 'rows', from: null, to: null }

/** The first value of a frame; of the whole group when none is given. */
export const first = <T extends TypeName>(c: Col<T>, frame: Frame = WHOLE): WindowOf<T> => ({
  window: { fn: 'first', arg: c.expr, frame },
  gives: c.type,
})
/** The last value of a frame. */
export const last = <T extends TypeName>(c: Col<T>, frame: Frame = WHOLE): WindowOf<T> => ({
  window: { fn: 'last', arg: c.expr, frame },
  gives: c.type,
})
/** An aggregate over a frame; over the whole group when none is given. */
export const over = <T extends TypeName>(a: AggOf<T>, frame: Frame = WHOLE): WindowOf<T> => ({
  window: { fn: 'aggregate', agg: a.agg, frame },
  gives: a.gives,
})
