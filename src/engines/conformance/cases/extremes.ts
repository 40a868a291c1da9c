import { type Agg, call, col } from '../../../plan/expr.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import type { Value } from '../../batch.ts'
import { rowsOf } from '../vectors.ts'
import type { Case } from './case.ts'

/** Rows whose `x` is each value, computed, since literals are finite; `k` counts them. */
const valuesOf = (xs: readonly number[]): Node =>
  build({
    op: 'select',
    input: rowsOf(
      { k: 'int64', over: 'float64', under: 'float64' },
      xs.map((x, i) => [
        String(i),
        Number.isFinite(x) ? x : Number.isNaN(x) ? 0 : Math.sign(x),
        Number.isFinite(x) ? 1 : 0,
      ]),
    ),
    columns: [
      ['k', col('k')],
      ['x', call('div', col('over'), col('under'))],
    ],
  })

const x = col('x')
const AGGS: readonly (readonly [string, Agg])[] = [
  ['variance', { fn: 'variance', arg: x }],
  ['stddev', { fn: 'stddev', arg: x }],
  ['corr', { fn: 'corr', arg: x, arg2: col('k') }],
  ['low', { fn: 'quantile', arg: x, param: 0.25 }],
]

const of = (name: string, xs: readonly number[], ...row: readonly Value[]): Case => ({
  name: `spread of ${name}`,
  plan: build({ op: 'aggregate', input: valuesOf(xs), by: [], aggs: AGGS }),
  gives: [row],
})

const LARGE = 2 ** 660
const MOST = 2 ** 1023

/** What lies beyond all bounds makes a spread NaN; what is merely large does not leave its range on the way. */
export const EXTREMES: readonly Case[] = [
  of('an infinity among numbers', [1, 2, Number.POSITIVE_INFINITY], Number.NaN, Number.NaN, Number.NaN, 1.5),
  of('a NaN among numbers', [1, 2, Number.NaN], Number.NaN, Number.NaN, Number.NaN, 1.5),
  of(
    'infinities alone',
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    Number.NaN,
    Number.NaN,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ),
  of('one NaN', [Number.NaN], null, null, null, Number.NaN),
  of('large numbers', [LARGE, 3 * LARGE, 2 * LARGE], Number.POSITIVE_INFINITY, LARGE, 0.5, 1.5 * LARGE),
  of('numbers as large as there are', [-MOST, MOST], Number.POSITIVE_INFINITY, Math.SQRT2 * MOST, 1, -MOST / 2),
  of('large numbers that are alike', [1e300, 1e300], 0, 0, null, 1e300),
  {
    name: 'a spread in a frame that an infinity leaves',
    ordered: true,
    plan: build({
      op: 'select',
      input: build({
        op: 'sort',
        input: build({
          op: 'window',
          input: valuesOf([Number.POSITIVE_INFINITY, 1, 3, 5]),
          by: [],
          order: [{ by: col('k'), descending: false }],
          columns: [
            ['s', { fn: 'aggregate', agg: { fn: 'variance', arg: x }, frame: { unit: 'rows', from: -1, to: 0 } }],
          ],
        }),
        keys: [{ by: col('k'), descending: false }],
      }),
      columns: [['s', col('s')]],
    }),
    gives: [[null], [Number.NaN], [2], [2]],
  },
]
