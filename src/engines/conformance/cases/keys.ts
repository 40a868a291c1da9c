import { call, col, type Expr } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, int } from './case.ts'

const named = rowsOf({ v: 'int64', k0: 'int64', lookup: 'int64' }, [
  ['1', '10', '100'],
  ['2', '20', '200'],
  [null, null, null],
])
const looked = (name: string, keys: readonly string[]): Expr => ({
  op: 'lookup',
  args: [col(name)],
  table: { keys: keys.map((k) => [k]), values: ['7', '8'] },
  fallback: '9',
  type: 'int64',
})
/** 0, −0 and NaN made in two ways, as keys of events a microsecond apart. */
const events = build({
  op: 'derive',
  input: rowsOf({ z: 'float64', t: 'timestamp', n: 'int64' }, [
    [0, '10', '1'],
    [0, '11', '2'],
    [1, '12', '4'],
    [1, '13', '8'],
  ]),
  columns: [['k', { op: 'case', when: [[call('eq', call('mod', col('n'), int(3)), int(2)), call('neg', col('z'))]], otherwise: col('z') }]], // biome-ignore format: one line
})

/** Names that an engine could take for its own, keys that are equal and written otherwise, orders on top of one another. */
export const KEYS: readonly Case[] = [
  {
    name: 'a lookup over a column named v, in a condition',
    plan: build({ op: 'filter', input: named, predicate: call('eq', looked('v', ['1', '2']), int(7)) }),
    gives: [[1n, 10n, 100n]],
  },
  {
    name: 'lookups over columns named k0 and lookup, in aggregates',
    plan: build({
      op: 'aggregate',
      input: named,
      by: [],
      aggs: [
        ['a', { fn: 'sum', arg: looked('k0', ['10', '20']) }],
        ['b', { fn: 'sum', arg: looked('lookup', ['100', '200']) }],
      ],
    }),
    gives: [[24n, 24n]],
  },
  {
    name: 'a rolling window by a float: −0 is 0',
    plan: build({
      op: 'select',
      input: build({
        op: 'rolling',
        input: events,
        by: ['k'],
        on: 't',
        over: 100,
        aggs: [
          ['n', { fn: 'count', arg: null }],
          ['s', { fn: 'sum', arg: col('n') }],
        ],
      }),
      columns: [
        ['t', col('t')],
        ['n', col('n')],
        ['s', col('s')],
      ],
    }),
    gives: [
      [10n, 0n, null],
      [11n, 1n, 1n],
      [12n, 0n, null],
      [13n, 0n, null],
    ],
  },
  {
    name: 'a limit looks at the sort just below it, then at all columns',
    plan: build({
      op: 'limit',
      count: 1,
      input: build({
        op: 'sort',
        keys: [{ by: col('a'), descending: false }],
        input: build({
          op: 'sort',
          keys: [{ by: col('b'), descending: true }],
          input: rowsOf({ a: 'int64', b: 'int64' }, [
            ['1', '1'],
            ['1', '2'],
          ]),
        }),
      }),
    }),
    gives: [[1n, 1n]],
  },
]
