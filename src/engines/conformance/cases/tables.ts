import { call, col } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, f64, int } from './case.ts'

const left = rowsOf({ k: 'string', x: 'float64' }, [
  ['a', 1],
  ['a', 1],
  [null, null],
  ['b', 2],
])
const right = rowsOf({ k: 'string', x: 'float64' }, [
  ['a', 1],
  [null, null],
  ['c', 3],
])
const letters = rowsOf({ k: 'string', n: 'int64' }, [
  ['b', '1'],
  ['a', '2'],
  ['a', '1'],
  [null, '1'],
  ['c', '0'],
])

/** Set operations, sorting, limits, notes, keys of joins. */
export const TABLES: readonly Case[] = [
  {
    name: 'union keeps every row',
    plan: build({ op: 'union', left, right: right }),
    gives: [
      ['a', 1],
      ['a', 1],
      [null, null],
      ['b', 2],
      ['a', 1],
      [null, null],
      ['c', 3],
    ],
  },
  {
    name: 'intersect compares whole rows, null equals null',
    plan: build({ op: 'intersect', left, right }),
    gives: [
      ['a', 1],
      [null, null],
    ],
  },
  {
    name: 'except gives each row once',
    plan: build({ op: 'except', left, right: rowsOf({ k: 'string', x: 'float64' }, [['b', 2]]) }),
    gives: [
      ['a', 1],
      [null, null],
    ],
  },
  {
    name: 'except: NaN equals itself and −0 equals 0',
    plan: build({
      op: 'except',
      left: build({
        op: 'select',
        input: rowsOf({ z: 'float64' }, [[0], [1]]),
        columns: [
          ['v', call('mod', f64(1), col('z'))],
          ['w', call('neg', call('mul', col('z'), f64(0)))],
        ],
      }),
      right: build({
        op: 'select',
        input: rowsOf({ z: 'float64' }, [[0]]),
        columns: [
          ['v', call('mod', f64(1), col('z'))],
          ['w', f64(0)],
        ],
      }),
    }),
    gives: [[0, 0]],
  },
  {
    name: 'a sort keeps the order it finds among equal keys',
    ordered: true,
    plan: build({
      op: 'sort',
      input: build({ op: 'sort', input: letters, keys: [{ by: col('n'), descending: true }] }),
      keys: [{ by: col('k'), descending: false }],
    }),
    gives: [
      ['a', 2n],
      ['a', 1n],
      ['b', 1n],
      ['c', 0n],
      [null, 1n],
    ],
  },
  {
    name: 'nulls are last in a descending sort too',
    ordered: true,
    plan: build({
      op: 'sort',
      input: letters,
      keys: [
        { by: col('k'), descending: true },
        { by: col('n'), descending: false },
      ],
    }),
    gives: [
      ['c', 0n],
      ['b', 1n],
      ['a', 1n],
      ['a', 2n],
      [null, 1n],
    ],
  },
  {
    name: 'an order outlives the verbs that look at one row',
    ordered: true,
    plan: build({
      op: 'derive',
      input: build({
        op: 'select',
        input: build({
          op: 'filter',
          input: build({
            op: 'sort',
            input: letters,
            keys: [
              { by: call('neg', col('n')), descending: false },
              { by: col('k'), descending: false },
            ],
          }),
          predicate: call('gt', col('n'), int(0)),
        }),
        columns: [['key', col('k')]],
      }),
      columns: [['more', call('concat', col('key'), col('key'))]],
    }),
    gives: [
      ['a', 'aa'],
      ['a', 'aa'],
      ['b', 'bb'],
      [null, null],
    ],
  },
  {
    name: 'limit breaks ties by the remaining columns',
    plan: build({
      op: 'limit',
      count: 2,
      input: build({ op: 'sort', input: letters, keys: [{ by: col('k'), descending: false }] }),
    }),
    gives: [
      ['a', 1n],
      ['a', 2n],
    ],
  },
  {
    name: 'sums and means of infinities',
    plan: build({
      op: 'aggregate',
      input: build({
        op: 'select',
        input: rowsOf({ k: 'string', z: 'float64' }, [
          ['a', 0],
          ['a', 4],
          ['b', 2],
        ]),
        columns: [
          ['k', col('k')],
          ['v', call('div', f64(1), col('z'))],
        ],
      }),
      by: ['k'],
      aggs: [
        ['s', { fn: 'sum', arg: col('v') }],
        ['m', { fn: 'mean', arg: col('v') }],
      ],
    }),
    gives: [
      ['a', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
      ['b', 0.5, 0.5],
    ],
  },
  {
    name: 'notes leave the rows as they are',
    plan: build({ op: 'annotate', input: right, notes: [['x', { unit: 'km', tags: ['personal'] }]] }),
    gives: [
      ['a', 1],
      [null, null],
      ['c', 3],
    ],
  },
  {
    name: 'join keys: NaN equals itself and −0 equals 0',
    plan: build({
      op: 'join',
      left: build({
        op: 'select',
        input: rowsOf({ z: 'float64' }, [[0], [1]]),
        columns: [
          ['v', call('neg', call('div', col('z'), col('z')))],
          ['z', col('z')],
        ],
      }),
      right: build({
        op: 'select',
        input: rowsOf({ z: 'float64' }, [[0]]),
        columns: [['w', call('div', col('z'), col('z'))]],
      }),
      on: [['v', 'w']],
      how: 'semi',
    }),
    gives: [[Number.NaN, 0]],
  },
]
