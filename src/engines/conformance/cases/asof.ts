import { build } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import type { Case } from './case.ts'

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
]
