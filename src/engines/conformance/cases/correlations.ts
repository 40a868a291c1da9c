import { type Agg, call, col } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import type { Case } from './case.ts'

const timed = rowsOf({ k: 'string', t: 'timestamp', x: 'int64' }, [
  ['a', '0', '0'],
  ['a', '1', '2'],
  ['a', '2', null],
  ['b', '0', '3'],
])
const opposed: Agg = { fn: 'corr', arg: col('x'), arg2: call('neg', col('x')) }

/** Correlations where windows are: over the pairs that are whole, null for fewer than two. */
export const CORRELATIONS: readonly Case[] = [
  {
    name: 'a correlation within a frame',
    plan: build({
      op: 'window',
      input: timed,
      by: ['k'],
      order: [{ by: col('t'), descending: false }],
      columns: [['c', { fn: 'aggregate', agg: opposed, frame: { unit: 'rows', from: null, to: 0 } }]],
    }),
    gives: [
      ['a', 0n, 0n, null],
      ['a', 1n, 2n, -1],
      ['a', 2n, null, -1],
      ['b', 0n, 3n, null],
    ],
  },
  {
    name: 'a correlation within a rolling window',
    plan: build({ op: 'rolling', input: timed, by: ['k'], on: 't', over: 5, aggs: [['c', opposed]] }),
    gives: [
      ['a', 0n, null],
      ['a', 1n, null],
      ['a', 2n, -1],
      ['b', 0n, null],
    ],
  },
]
