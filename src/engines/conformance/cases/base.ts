import { call, col, lit } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { hashVector, rowsOf } from '../vectors.ts'
import { type Case, f64, fails, gives, int, local, no, str } from './case.ts'

const NAN = call('div', f64(0), f64(0))
const INF = call('div', f64(1), f64(0))
const MAX = '9223372036854775807'

/** Logic, numbers, casts, text, time, groups, joins, windows over time, hashes. */
export const BASE: readonly Case[] = [
  // three-valued logic
  gives('null and false is false', call('and', no('bool'), lit(false, 'bool')), false),
  gives('null and true is null', call('and', no('bool'), lit(true, 'bool')), null),
  gives('null or true is true', call('or', no('bool'), lit(true, 'bool')), true),
  gives('null = null is null', call('eq', no('int64'), no('int64')), null),
  gives('null in a set is null', call('isIn', no('int64'), int(1)), null),
  {
    name: 'a filter drops null',
    plan: build({ op: 'filter', input: rowsOf({ b: 'bool' }, [[true], [false], [null]]), predicate: col('b') }),
    gives: [[true]],
  },
  {
    name: 'a reject keeps null',
    plan: build({
      op: 'reject',
      input: rowsOf({ b: 'bool' }, [[true], [false], [null]]),
      predicate: col('b'),
      reason: 'x',
      when: 'always',
    }),
    gives: [[false], [null]],
  },
  // NaN, infinities, zero
  gives('NaN equals itself', call('eq', NAN, NAN), true),
  gives('NaN is greater than infinity', call('gt', NAN, INF), true),
  gives('NaN is not null', call('isNull', NAN), false),
  gives('−0 equals 0', call('eq', call('neg', f64(0)), f64(0)), true),
  gives('1 ÷ 0 is ∞', call('div', int(1), int(0)), Number.POSITIVE_INFINITY),
  gives('−1 ÷ 0 is −∞', call('div', int(-1), int(0)), Number.NEGATIVE_INFINITY),
  // integers
  fails('int64 addition overflows', call('add', int(MAX), int(1))),
  fails('int64 multiplication overflows', call('mul', int(MAX), int(2))),
  gives('int64 beyond 2⁵³ stays exact', call('sub', int(MAX), int(1)), 9223372036854775806n),
  gives('intDiv truncates toward zero', call('intDiv', int(-7), int(2)), -3n),
  fails('intDiv by zero', call('intDiv', int(1), int(0))),
  gives('mod takes the sign of the dividend', call('mod', int(-7), int(3)), -1n),
  gives('int ÷ int is a float', call('div', int(7), int(2)), 3.5),
  gives('round half away from zero', call('round', f64(-2.5)), -3),
  gives('round just below a half', call('round', f64(0.49999999999999994)), 0),
  {
    name: 'sum of int64 overflows',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ a: 'int64' }, [[MAX], ['1']]),
      by: [],
      aggs: [['s', { fn: 'sum', arg: col('a') }]],
    }),
    fails: 'VALUE_INVALID',
  },
  // casts
  gives('text to int', { op: 'cast', arg: str('-42'), to: 'int64', onError: 'fail' }, -42n),
  fails('the whole text must parse', { op: 'cast', arg: str('42 '), to: 'int64', onError: 'fail' }),
  fails('text with a fraction is no integer', { op: 'cast', arg: str('1.5'), to: 'int64', onError: 'fail' }),
  gives('a failed cast can be null', { op: 'cast', arg: str('x'), to: 'int64', onError: 'null' }, null),
  fails('float to integer must be integral', { op: 'cast', arg: f64(1.5), to: 'int64', onError: 'fail' }),
  fails('narrowing must fit', { op: 'cast', arg: int('3000000000'), to: 'int32', onError: 'fail' }),
  gives('int to text', { op: 'cast', arg: int(7), to: 'string', onError: 'fail' }, '7'),
  gives('text to float', { op: 'cast', arg: str('2.5e1'), to: 'float64', onError: 'fail' }, 25),
  // text
  gives('length counts code points', call('length', str('한글😀')), 3n),
  gives('no normalisation', call('eq', str('\u00e9'), str('e\u0301')), false),
  {
    name: 'text is ordered by UTF-8 bytes',
    ordered: true,
    plan: build({
      op: 'sort',
      input: rowsOf({ s: 'string' }, [['😀'], ['￿'], ['가'], ['a'], [null]]),
      keys: [{ by: col('s'), descending: false }],
    }),
    gives: [['a'], ['가'], ['￿'], ['😀'], [null]],
  },
  gives('substring by code points', call('substring', str('a😀b'), int(2), int(2)), '😀b'),
  // time
  gives('ISO weekday: Sunday is 7', call('weekday', local('2001-07-01T00:00:00')), 7n),
  gives('parts before 1970', call('hour', local('1969-12-31T23:30:00')), 23n),
  gives('minute of day', call('minuteOfDay', local('2001-01-17T15:35:59')), 935n),
  gives('day of year', call('dayOfYear', local('2000-12-31T00:00:00')), 366n),
  gives('a duration rounds half away from zero', call('micros', f64(-0.5)), -1n),
  // null groups, never joins; distinct and NaN
  {
    name: 'null is a group',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ k: 'string' }, [[null], [null], ['a']]),
      by: ['k'],
      aggs: [['n', { fn: 'count', arg: null }]],
    }),
    gives: [
      [null, 2n],
      ['a', 1n],
    ],
  },
  {
    name: 'null never matches in a join',
    plan: build({
      op: 'join',
      left: rowsOf({ k: 'string' }, [[null], ['a']]),
      right: rowsOf({ r: 'string', v: 'int64' }, [
        [null, '1'],
        ['a', '2'],
      ]),
      on: [['k', 'r']],
      how: 'left',
    }),
    gives: [
      [null, null],
      ['a', 2n],
    ],
  },
  {
    name: 'empty input: count is 0, the rest null',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ x: 'float64' }, []),
      by: [],
      aggs: [
        ['n', { fn: 'count', arg: null }],
        ['s', { fn: 'sum', arg: col('x') }],
        ['m', { fn: 'mean', arg: col('x') }],
      ],
    }),
    gives: [[0n, null, null]],
  },
  {
    name: 'quantiles interpolate linearly',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ x: 'float64' }, [[1], [2], [3], [10], [null]]),
      by: [],
      aggs: [['q', { fn: 'quantile', arg: col('x'), param: 0.5 }]],
    }),
    gives: [[2.5]],
  },
  {
    name: 'a rolling window excludes its own moment and includes its far edge',
    plan: build({
      op: 'rolling',
      input: rowsOf({ k: 'string', t: 'timestamp' }, [
        ['a', '0'],
        ['a', '10'],
        ['a', '10'],
        ['a', '20'],
        ['b', '20'],
        [null, '20'],
      ]),
      by: ['k'],
      on: 't',
      over: 10,
      aggs: [['n', { fn: 'count', arg: null }]],
    }),
    gives: [
      ['a', 0n, 0n],
      ['a', 10n, 1n],
      ['a', 10n, 1n],
      ['a', 20n, 2n],
      ['b', 20n, 0n],
      [null, 20n, 0n],
    ],
  },
  {
    name: 'as of takes the latest row strictly before',
    plan: build({
      op: 'asof',
      left: rowsOf({ k: 'string', t: 'timestamp' }, [
        ['a', '10'],
        ['a', '11'],
        ['b', '11'],
      ]),
      right: rowsOf({ rk: 'string', rt: 'timestamp', v: 'int64' }, [
        ['a', '5', '1'],
        ['a', '10', '2'],
      ]),
      by: [['k', 'rk']],
      at: 't',
      on: 'rt',
    }),
    gives: [
      ['a', 10n, 1n],
      ['a', 11n, 2n],
      ['b', 11n, null],
    ],
  },
  {
    name: 'a lookup tells null keys apart and falls back',
    plan: build({
      op: 'select',
      input: rowsOf({ k: 'string' }, [['a'], [null], ['z']]),
      columns: [
        [
          'v',
          {
            op: 'lookup',
            args: [col('k')],
            table: { keys: [['a'], [null]], values: [0.5, 0.25] },
            fallback: -1,
            type: 'float64',
          },
        ],
      ],
    }),
    gives: [[0.5], [0.25], [-1]],
  },
  // hashes: published vectors
  gives('hash of text', call('hash32', str('abc')), BigInt(0x90015098)),
  gives('hash of 0', call('hash32', int(0)), 0n),
  gives('hash of 1', call('hash32', int(1)), BigInt(hashVector(1))),
  gives(
    'hash of a time is that of its µs',
    call('eq', call('hash32', local('2001-01-01T00:00:00')), call('hash32', int('978307200000000'))),
    true,
  ),
  gives('hash of −1', call('hash32', int(-1)), BigInt(hashVector(0xffffffff, 0xffffffff))),
]
