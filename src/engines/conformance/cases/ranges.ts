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
]
