import { type Agg, call, col, type Frame, type WindowCall } from '../../../plan/expr.ts'
import { build, type Named, type Node, type SortKey } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, int } from './case.ts'

const days = rowsOf({ k: 'string', d: 'date', x: 'int64' }, [
  ['a', 0, '1'],
  ['a', 1, '2'],
  ['a', 1, '5'],
  ['a', 4, null],
  ['b', 2, '7'],
  [null, null, '9'],
])
const ascending = (name: string): SortKey => ({ by: col(name), descending: false })
const over = (columns: Named<WindowCall>, order: readonly SortKey[] = [ascending('d')], input: Node = days): Node =>
  build({ op: 'window', input, by: ['k'], order, columns })
const sum: Agg = { fn: 'sum', arg: col('x') }
const frame = (unit: Frame['unit'], from: number | null, to: number | null): Frame => ({ unit, from, to })
const keep = (n: Node, ...names: string[]): Node =>
  build({ op: 'select', input: n, columns: names.map((name) => [name, col(name)] as const) })
const DAY = 86_400_000_000

/** Window functions: places, neighbours, frames. */
export const WINDOWS: readonly Case[] = [
  {
    name: 'places: number, rank, dense rank',
    plan: keep(
      over([
        ['n', { fn: 'rowNumber' }],
        ['r', { fn: 'rank' }],
        ['e', { fn: 'denseRank' }],
      ]),
      'k',
      'x',
      'n',
      'r',
      'e',
    ),
    gives: [
      ['a', 1n, 1n, 1n, 1n],
      ['a', 2n, 2n, 2n, 2n],
      ['a', 5n, 3n, 2n, 2n],
      ['a', null, 4n, 4n, 3n],
      ['b', 7n, 1n, 1n, 1n],
      [null, 9n, 1n, 1n, 1n],
    ],
  },
  {
    name: 'ties are broken by the remaining columns',
    plan: keep(
      over(
        [
          ['p', { fn: 'lag', arg: col('x'), offset: 1 }],
          ['q', { fn: 'lead', arg: col('x'), offset: 2 }],
        ],
        [{ by: col('d'), descending: true }],
      ),
      'k',
      'x',
      'p',
      'q',
    ),
    gives: [
      ['a', null, null, 5n],
      ['a', 2n, null, 1n],
      ['a', 5n, 2n, null],
      ['a', 1n, 5n, null],
      ['b', 7n, null, null],
      [null, 9n, null, null],
    ],
  },
  {
    name: 'a frame of rows',
    plan: keep(
      over([
        ['s', { fn: 'aggregate', agg: sum, frame: frame('rows', -1, 0) }],
        ['f', { fn: 'first', arg: col('x'), frame: frame('rows', null, 0) }],
        ['l', { fn: 'last', arg: col('x'), frame: frame('rows', 1, 1) }],
      ]),
      'k',
      'x',
      's',
      'f',
      'l',
    ),
    gives: [
      ['a', 1n, 1n, 1n, 2n],
      ['a', 2n, 3n, 1n, 5n],
      ['a', 5n, 7n, 1n, null],
      ['a', null, 5n, 1n, null],
      ['b', 7n, 7n, 7n, null],
      [null, 9n, 9n, 9n, null],
    ],
  },
  {
    name: 'a range of time, ties inside',
    plan: keep(
      over([
        ['s', { fn: 'aggregate', agg: sum, frame: frame('range', -DAY, 0) }],
        ['c', { fn: 'aggregate', agg: { fn: 'count', arg: null }, frame: frame('range', -3 * DAY, -DAY) }],
      ]),
      'k',
      'x',
      's',
      'c',
    ),
    gives: [
      ['a', 1n, 1n, 0n],
      ['a', 2n, 8n, 1n],
      ['a', 5n, 8n, 1n],
      ['a', null, null, 2n],
      ['b', 7n, 7n, 0n],
      [null, 9n, 9n, 1n],
    ],
  },
  {
    name: 'a range of numbers',
    plan: keep(
      build({
        op: 'window',
        input: rowsOf({ x: 'float64' }, [[1], [1.5], [2.5], [4]]),
        by: [],
        order: [ascending('x')],
        columns: [['n', { fn: 'aggregate', agg: { fn: 'count', arg: null }, frame: frame('range', -1, 1) }]],
      }),
      'x',
      'n',
    ),
    gives: [
      [1, 2n],
      [1.5, 3n],
      [2.5, 2n],
      [4, 1n],
    ],
  },
  {
    name: 'a whole group beside each row needs no order',
    plan: keep(
      over([['m', { fn: 'aggregate', agg: { fn: 'max', arg: col('x') }, frame: frame('rows', null, null) }]], []),
      'x',
      'm',
    ),
    gives: [
      [1n, 5n],
      [2n, 5n],
      [5n, 5n],
      [null, 5n],
      [7n, 7n],
      [9n, 9n],
    ],
  },
  {
    name: 'a window replaces a column of its name',
    plan: keep(
      over([['x', { fn: 'aggregate', agg: { fn: 'count', arg: col('x') }, frame: frame('rows', null, 0) }]]),
      'x',
    ),
    gives: [[1n], [2n], [3n], [3n], [1n], [1n]],
  },
  {
    name: 'a running share',
    plan: build({
      op: 'select',
      input: over([['t', { fn: 'aggregate', agg: sum, frame: frame('rows', null, null) }]]),
      columns: [['share', call('div', col('x'), col('t'))]],
    }),
    gives: [[0.125], [0.25], [0.625], [null], [1], [1]],
  },
  ...([true, false] as const).map(
    (descending): Case => ({
      name: `the top rows of each group, ${descending ? 'largest' : 'smallest'} first: nulls come last and NaN is largest`,
      plan: build({
        op: 'filter',
        predicate: call('le', col('place'), int('2')),
        input: build({
          op: 'window',
          input: build({
            op: 'derive',
            input: rowsOf({ k: 'string', x: 'float64' }, [
              ['a', null],
              ['a', 1],
              [null, 3],
              [null, null],
              [null, null],
              ['b', null],
              ['b', null],
              ['b', null],
              ['c', 0],
              ['c', 5],
              ['c', 7],
              ['d', 2],
            ]),
            // 0 becomes NaN
            columns: [['x', call('mul', col('x'), call('div', col('x'), col('x')))]],
          }),
          by: ['k'],
          order: [{ by: col('x'), descending }],
          columns: [['place', { fn: 'rowNumber' }]],
        }),
      }),
      gives: [
        ['a', 1, 1n],
        ['a', null, 2n],
        [null, 3, 1n],
        [null, null, 2n],
        ['b', null, 1n],
        ['b', null, 2n],
        ...(descending
          ? [
              ['c', Number.NaN, 1n],
              ['c', 7, 2n],
            ]
          : [
              ['c', 5, 1n],
              ['c', 7, 2n],
            ]),
        ['d', 2, 1n],
      ],
    }),
  ),
]
