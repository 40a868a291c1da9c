import { type Agg, col } from '../../../plan/expr.ts'
import { build, type Named, type Node } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import type { Case } from './case.ts'

/** So many rows that engines sort both sides: keys, moments and both of them null here and there. */
const MANY = 400
const sometimes = (i: number, every: number, value: string): string | null => (i % every === 0 ? null : value)
const MANY_LEFT = Array.from({ length: MANY }, (_, i) => [
  String(i),
  sometimes(i, 11, i % 2 === 0 ? 'a' : 'b'),
  sometimes(i, 3, '60'),
])
/** Moments 50 and 51 of each key, and rows without a moment or a key. */
const MANY_RIGHT = [
  ['a', '50', '1'],
  ['a', '51', '2'],
  ['b', '50', '3'],
  ['b', '51', '4'],
  ['a', null, '8'],
  [null, '59', '9'],
  [null, null, '9'],
]
const manyRows = (found: (key: string) => bigint, none: bigint | null) =>
  MANY_LEFT.map(([i, k, t]) => [
    BigInt(i as string),
    k as string | null,
    t === null ? null : 60n,
    k === null || t === null ? none : found(k as string),
  ])
const many = {
  left: rowsOf({ i: 'int64', k: 'string', t: 'timestamp' }, MANY_LEFT),
  right: rowsOf({ rk: 'string', rt: 'timestamp', v: 'int64' }, MANY_RIGHT),
}
const manyPlan = (right: Node, within?: number): Node =>
  build({
    op: 'asof',
    left: many.left,
    right,
    by: [['k', 'rk']],
    at: 't',
    on: 'rt',
    ...(within === undefined ? {} : { within }),
  })
const latest = (k: string) => (k === 'a' ? 2n : 4n)
const window = (aggs: Named<Agg>) => build({ op: 'rolling', input: many.right, by: ['rk'], on: 'rt', over: 10, aggs })

/** Which row of a table counts as of a moment. */
export const ASOF: readonly Case[] = [
  {
    name: 'as of takes nothing older than it may be',
    plan: build({
      op: 'asof',
      left: rowsOf({ k: 'string', t: 'timestamp' }, [
        ['a', '10'],
        ['a', '12'],
      ]),
      right: rowsOf({ rk: 'string', rt: 'timestamp', v: 'int64' }, [['a', '5', '1']]),
      by: [['k', 'rk']],
      at: 't',
      on: 'rt',
      within: 5,
    }),
    gives: [
      ['a', 10n, 1n],
      ['a', 12n, null],
    ],
  },
  {
    name: 'as of: of rows that share the latest moment the first by all columns counts, nulls last',
    plan: build({
      op: 'asof',
      left: rowsOf({ k: 'string', t: 'timestamp' }, [
        ['a', '10'],
        ['b', '10'],
        ['c', '10'],
        ['d', '10'],
      ]),
      right: rowsOf({ rk: 'string', rt: 'timestamp', v: 'int64', w: 'string', x: 'float64' }, [
        ['a', '5', '2', 'x', 1],
        ['a', '5', '1', 'y', null],
        ['a', '5', '1', 'y', 7],
        ['a', '4', '0', 'a', 0],
        ['b', '5', null, 'x', 1],
        ['b', '5', '3', null, 1],
        ['c', '5', null, null, null],
        ['d', null, '9', 'z', 9],
        [null, '5', '9', 'z', 9],
      ]),
      by: [['k', 'rk']],
      at: 't',
      on: 'rt',
    }),
    gives: [
      ['a', 10n, 1n, 'y', 7],
      ['b', 10n, 3n, null, 1],
      ['c', 10n, null, null, null],
      ['d', 10n, null, null, null],
    ],
  },
  {
    name: 'as of: no moment has no row before it, nor has no key, however many rows there are',
    plan: manyPlan(many.right),
    gives: manyRows(latest, null),
  },
  {
    name: 'as of: the same where a row may be only so old',
    plan: manyPlan(many.right, 9),
    gives: manyRows(latest, null),
  },
  {
    name: 'as of: the same where the right side has one row a key and moment',
    plan: manyPlan(
      build({
        op: 'aggregate',
        input: many.right,
        by: ['rk', 'rt'],
        aggs: [['n', { fn: 'count', arg: null }]],
      }),
    ),
    gives: manyRows(() => 1n, null),
  },
  {
    name: 'as of: a window at no moment, or of no key, has no events: counted',
    plan: manyPlan(window([['n', { fn: 'count', arg: null }]])),
    gives: manyRows(() => 2n, 0n),
  },
  {
    name: 'as of: a window at no moment, or of no key, has no events: its largest',
    plan: manyPlan(window([['m', { fn: 'max', arg: col('v') }]])),
    gives: manyRows(latest, null),
  },
]
