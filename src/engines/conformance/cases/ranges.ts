import { type Agg, col, type Frame } from '../../../plan/expr.ts'
import { build, type SortKey } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import type { Case } from './case.ts'

const ascending = (name: string): SortKey => ({ by: col(name), descending: false })
const sum: Agg = { fn: 'sum', arg: col('x') }
const frame = (unit: Frame['unit'], from: number | null, to: number | null): Frame => ({ unit, from, to })

/** Frames that are ranges of the key. */
export const RANGES: readonly Case[] = [
  ...(['int32', 'int64'] as const).map((type): Case => {
    const [low, high] = type === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [-(2n ** 63n), 2n ** 63n - 1n]
    const key = (v: number | bigint) => (type === 'int32' ? Number(v) : String(v))
    return {
      name: `a range about the limits of an ${type}`,
      plan: build({
        op: 'window',
        input: rowsOf({ o: type, x: 'int64' }, [
          [key(low), '1'],
          [key(0), '2'],
          [key(high), '4'],
        ]),
        by: [],
        order: [ascending('o')],
        columns: [
          ['near', { fn: 'aggregate', agg: sum, frame: frame('range', -3, 1) }],
          ['last', { fn: 'last', arg: col('x'), frame: frame('range', null, 2) }],
        ],
      }),
      gives: [
        [type === 'int32' ? Number(low) : low, 1n, 1n, 1n],
        [type === 'int32' ? 0 : 0n, 2n, 2n, 2n],
        [type === 'int32' ? Number(high) : high, 4n, 4n, 4n],
      ],
    }
  }),
  {
    name: 'a range in the order of several keys: rows that are equal in all of them stand together',
    plan: build({
      op: 'window',
      input: rowsOf({ o: 'int64', t: 'string', x: 'float64' }, [
        ['1', '10', 1.25],
        ['1', '9', 1.5],
        ['1', '10', 1.75],
        ['2', '9', 1],
      ]),
      by: [],
      order: [ascending('o'), ascending('t')],
      columns: [
        ['n', { fn: 'aggregate', agg: { fn: 'count', arg: null }, frame: frame('range', null, 0) }],
        ['s', { fn: 'aggregate', agg: { fn: 'sum', arg: col('x') }, frame: frame('range', null, 0) }],
      ],
    }),
    gives: [
      [1n, '10', 1.25, 2n, 3],
      [1n, '10', 1.75, 2n, 3],
      [1n, '9', 1.5, 3n, 4.5],
      [2n, '9', 1, 4n, 5.5],
    ],
  },
  {
    name: 'the first and the last of a range, where several rows share its ends',
    plan: build({
      op: 'window',
      input: rowsOf({ g: 'string', o: 'float64', x: 'int64' }, [
        ['a', 1, '5'],
        ['a', 1, '3'],
        ['a', 1, '4'],
        ['a', 2, null],
        ['a', 2, '7'],
        ['a', 2, '8'],
        ['b', -0, '9'],
        ['b', 0, '1'],
      ]),
      by: ['g'],
      order: [ascending('o')],
      columns: [
        ['first', { fn: 'first', arg: col('x'), frame: frame('range', -1, 0) }],
        ['last', { fn: 'last', arg: col('x'), frame: frame('range', null, 0) }],
        ['least', { fn: 'first', arg: col('x'), frame: frame('range', 0, null) }],
      ],
    }),
    gives: [
      ['a', 1, 5n, 3n, 5n, 3n],
      ['a', 1, 3n, 3n, 5n, 3n],
      ['a', 1, 4n, 3n, 5n, 3n],
      ['a', 2, null, 3n, null, 7n],
      ['a', 2, 7n, 3n, null, 7n],
      ['a', 2, 8n, 3n, null, 7n],
      ['b', 0, 9n, 1n, 9n, 1n],
      ['b', 0, 1n, 1n, 9n, 1n],
    ],
  },
  {
    name: 'ranges of floats end where the key and the end add up to; NaN and infinities have their likes around them',
    plan: build({
      op: 'window',
      input: rowsOf({ o: 'float64' }, [...[1, 2, 3, 4].map((i) => [i / 10]), [Number.NaN], [Number.NaN], [Infinity], [-Infinity], [null]]), // biome-ignore format: one line
      by: [],
      order: [ascending('o')],
      columns: [
        ['n', { fn: 'aggregate', agg: { fn: 'count', arg: null }, frame: frame('range', 0, 0.3) }],
        ['before', { fn: 'aggregate', agg: { fn: 'count', arg: null }, frame: frame('range', -2, -1) }],
      ],
    }),
    gives: [
      [-Infinity, 1n, 1n],
      [0.1, 4n, 0n],
      [0.2, 3n, 0n],
      [0.3, 2n, 0n],
      [0.4, 1n, 0n],
      [Infinity, 1n, 1n],
      [Number.NaN, 2n, 2n],
      [Number.NaN, 2n, 2n],
      [null, 1n, 1n],
    ],
  },
]
