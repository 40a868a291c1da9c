import { call, col, type Expr, lit } from '../../../plan/expr.ts'
import { build, type Named, type Node } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, fails, gives, int, no, str } from './case.ts'

const source = rowsOf({ k: 'int64', s: 'string' }, [
  ['1', '10'],
  ['2', 'x'],
  ['3', null],
])
const number: Expr = { op: 'cast', arg: col('s'), to: 'int64', onError: 'fail' }
const broken: Expr = call('intDiv', int(1), int(0))
const derive = (input: Node, columns: Named<Expr>): Node => build({ op: 'derive', input, columns })
const filter = (input: Node, predicate: Expr): Node => build({ op: 'filter', input, predicate })
const parsed = derive(source, [['n', number]])
const pick = (input: Node, ...names: string[]): Node =>
  build({ op: 'select', input, columns: names.map((n) => [n, col(n)] as const) })

/** What fails raises only where a surviving row uses it. */
export const FAILING: readonly Case[] = [
  { name: 'a failed value in the result raises', plan: parsed, fails: 'VALUE_INVALID' },
  {
    name: 'a row that is dropped takes its failure with it',
    plan: filter(parsed, call('ne', col('k'), int(2))),
    gives: [
      [1n, '10', 10n],
      [3n, null, null],
    ],
  },
  { name: 'a failed value that nobody reads', plan: pick(parsed, 'k'), gives: [[1n], [2n], [3n]] },
  { name: 'a condition uses its values', plan: filter(parsed, call('gt', col('n'), int(5))), fails: 'VALUE_INVALID' },
  {
    name: 'what decides alone needs no other side',
    plan: pick(filter(parsed, call('and', call('gt', col('n'), int(5)), call('ne', col('k'), int(2)))), 'k'),
    gives: [[1n]],
  },
  gives('false and a failure is false', call('and', call('eq', broken, int(1)), lit(false, 'bool')), false),
  gives('a failure or true is true', call('or', call('eq', broken, int(1)), lit(true, 'bool')), true),
  fails('true and a failure fails', call('and', lit(true, 'bool'), call('eq', broken, int(1)))),
  fails('null and a failure fails', call('and', no('bool'), call('eq', broken, int(1)))),
  gives(
    'a branch that is not taken does not fail',
    { op: 'case', when: [[lit(true, 'bool'), int(1)]], otherwise: broken },
    1n,
  ),
  fails('a branch that is taken fails', { op: 'case', when: [[lit(false, 'bool'), int(1)]], otherwise: broken }),
  gives('coalesce stops at the first value', call('coalesce', int(1), broken), 1n),
  fails('coalesce meets a failure', call('coalesce', no('int64'), broken)),
  // what coalesce falls back on would decide, had nothing failed before it
  fails(
    'a failure whose stand-in decides an or',
    call('or', lit(false, 'bool'), call('ge', call('coalesce', broken, int(5)), int(1))),
  ),
  fails(
    'a failure whose stand-in decides an and',
    call('and', lit(true, 'bool'), call('ge', call('coalesce', broken, int(0)), int(1))),
  ),
  fails('isNull of a failure fails', call('isNull', broken)),
  gives('a failure can be asked for', call('fails', broken), true),
  gives('what does not fail does not', call('fails', call('intDiv', int(1), no('int64'))), false),
  gives('null in the place of a failure', call('orNull', broken), null),
  gives('orNull of a value', call('orNull', call('intDiv', int(7), int(2))), 3n),
  gives('orNull of a sum of a failure', call('orNull', call('add', broken, int(1))), null),
  gives(
    'a cast that may be null, over what failed',
    call('fails', { op: 'cast', arg: broken, to: 'int32', onError: 'null' }),
    true,
  ),
  gives('fails of text that is no JSON', call('fails', call('jsonNumber', str('{'), str('$.a'))), true),
  gives('fails of JSON that holds nothing there', call('fails', call('jsonNumber', str('{}'), str('$.a'))), false),
  {
    name: 'rows that fail are set aside with a reason',
    plan: build({
      op: 'reject',
      input: parsed,
      predicate: call('fails', col('n')),
      reason: 'no number',
      when: 'always',
    }),
    gives: [
      [1n, '10', 10n],
      [3n, null, null],
    ],
  },
  {
    name: 'a failure under a join that drops its row',
    plan: build({
      op: 'join',
      left: parsed,
      right: rowsOf({ id: 'int64', v: 'string' }, [['1', 'one']]),
      on: [['k', 'id']],
      how: 'inner',
    }),
    gives: [[1n, '10', 10n, 'one']],
  },
  {
    name: 'a failed key of a join raises',
    plan: build({ op: 'join', left: parsed, right: rowsOf({ id: 'int64' }, [['1']]), on: [['n', 'id']], how: 'semi' }),
    fails: 'VALUE_INVALID',
  },
  {
    name: 'an aggregate uses its values',
    plan: build({ op: 'aggregate', input: parsed, by: [], aggs: [['t', { fn: 'sum', arg: col('n') }]] }),
    fails: 'VALUE_INVALID',
  },
  {
    name: 'an aggregate of other columns',
    plan: build({ op: 'aggregate', input: parsed, by: [], aggs: [['t', { fn: 'sum', arg: col('k') }]] }),
    gives: [[6n]],
  },
  {
    name: 'a failure that was limited away',
    plan: build({
      op: 'limit',
      count: 1,
      input: build({ op: 'sort', input: parsed, keys: [{ by: col('k'), descending: false }] }),
    }),
    gives: [[1n, '10', 10n]],
  },
  {
    name: 'a failure in one branch of a union',
    plan: filter(build({ op: 'union', left: parsed, right: parsed }), call('eq', col('k'), int(1))),
    gives: [
      [1n, '10', 10n],
      [1n, '10', 10n],
    ],
  },
  {
    name: 'only what failed in a verb before',
    plan: pick(filter(parsed, call('fails', col('n'))), 'k'),
    gives: [[2n]],
  },
  {
    name: 'what failed in a verb before, counted',
    plan: build({
      op: 'aggregate',
      input: pick(derive(parsed, [['bad', call('fails', call('add', col('n'), int(1)))]]), 'bad'),
      by: ['bad'],
      aggs: [['rows', { fn: 'count', arg: null }]],
    }),
    gives: [
      [false, 2n],
      [true, 1n],
    ],
  },
  {
    name: 'null for what failed before a join and under another name',
    plan: pick(
      derive(
        build({
          op: 'join',
          left: build({
            op: 'select',
            input: parsed,
            columns: [
              ['k', col('k')],
              ['m', col('n')],
            ],
          }),
          right: rowsOf({ id: 'int64' }, [['1'], ['2']]),
          on: [['k', 'id']],
          how: 'inner',
        }),
        [['m', call('orNull', col('m'))]],
      ),
      'k',
      'm',
    ),
    gives: [
      [1n, 10n],
      [2n, null],
    ],
  },
]
