import { call, col, type Expr, type Literal, lit } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import type { Type, TypeName } from '../../../plan/types.ts'
import type { Value } from '../../batch.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, f64, fails, gives, int, no, str, value } from './case.ts'

const dec = (text: string, precision = 18, scale = 2): Expr => lit(text, { decimal: [precision, scale] })
const cast = (arg: Expr, to: Type, onError: 'fail' | 'null' = 'fail'): Expr => ({ op: 'cast', arg, to, onError })
const MONEY: Type = { decimal: [18, 2] }

/** A column of values, and what a cast makes of it. */
const of = (
  name: string,
  from: TypeName,
  given: readonly Literal[],
  to: Type,
  gives: readonly Value[],
  onError: 'fail' | 'null' = 'fail',
): Case => ({
  // biome-ignore format: one line
  name,
  plan: value(
    cast(col('x'), to, onError),
    rowsOf(
      { x: from },
      given.map((v) => [v]),
    ),
  ),
  gives: gives.map((v) => [v]),
})

/** Decimals are exact; results that don't fit fail; rounding is half away from zero. A value here is the scaled integer. */
export const DECIMALS: readonly Case[] = [
  gives('decimals add exactly', call('add', dec('0.10'), dec('0.20')), 30n),
  gives('decimals of two scales add at the larger', call('add', dec('1.5', 9, 1), dec('0.25', 4, 2)), 175n),
  gives('an integer and a decimal', call('sub', int(3), dec('0.01')), 299n),
  gives('a product has the digits of both', call('mul', dec('1.25'), dec('-0.5', 5, 1)), -625n),
  gives('a decimal times an integer', call('mul', dec('1.25'), int(4)), 500n),
  gives('a decimal and a float make a float', call('add', dec('0.5'), f64(0.25)), 0.75),
  gives(
    'a decimal of more digits than a float is rounded once',
    cast(cast(dec('90071992547409.93'), 'float64'), 'string'),
    '90071992547409.94',
  ),
  gives('division gives a float', call('div', dec('1.00'), dec('4.00')), 0.25),
  gives('decimals of two scales are equal', call('eq', dec('1.50'), dec('1.5', 9, 1)), true),
  gives('decimals compare', call('lt', dec('-0.01'), int(0)), true),
  fails('a sum of more than 18 digits fails', call('add', dec('9999999999999999.99'), dec('0.01'))),
  fails('a product of more than 18 digits fails', call('mul', dec('9999999999999999.99'), int(2))),
  fails('an integer that has no room as a decimal', call('add', int('9223372036854775807'), dec('0.01'))),
  gives('round a decimal', call('round', dec('-2.50')), -3n),
  gives('round a decimal to a digit', call('roundTo', dec('1.25'), int(1)), 13n),
  gives('floor a decimal', call('floor', dec('-2.01')), -3n),
  gives('ceil a decimal', call('ceil', dec('2.01')), 3n),
  gives('trunc a decimal', call('trunc', dec('-2.99')), -2n),
  gives('text to decimal', cast(str('12.50'), MONEY), 1250n),
  gives('text to decimal rounds further digits', cast(str('-12.345'), MONEY), -1235n),
  fails('text with an exponent is no decimal', cast(str('1e2'), MONEY)),
  fails('text that does not fit', cast(str('1000'), { decimal: [4, 2] })),
  gives('float to decimal: the product, rounded', cast(f64(1.005), MONEY), 100n),
  gives('float to decimal: half away', cast(f64(-0.125), MONEY), -13n),
  fails('NaN is no decimal', cast(call('div', f64(0), f64(0)), MONEY)),
  gives('decimal to text keeps its digits', cast(dec('-0.50'), 'string'), '-0.50'),
  of('decimals of no whole digits to text', 'decimal(2, 2)', ['-0.50', '0', '0.07', null], 'string', ['-0.50', '0.00', '0.07', null]), // biome-ignore format: one line
  of('decimals of 18 digits to text', 'decimal(18, 18)', ['0.000000000000000001', '-0.5'], 'string', ['0.000000000000000001', '-0.500000000000000000']), // biome-ignore format: one line
  of('decimals of no digits after the point to text', 'decimal(4, 0)', ['-7', '0'], 'string', ['-7', '0']),
  of('bool to decimal', 'bool', [true, false, null], MONEY, [100n, 0n, null]),
  of('false to a decimal of no whole digits', 'bool', [false, null], { decimal: [2, 2] }, [0n, null]),
  { ...of('true to a decimal of no whole digits', 'bool', [true], { decimal: [2, 2] }, []), fails: 'VALUE_INVALID' },
  of('true to a decimal of no whole digits, or null', 'bool', [true, false], { decimal: [2, 2] }, [null, 0n], 'null'),
  {
    name: 'one value as decimals of two kinds',
    plan: build({
      op: 'select',
      input: rowsOf({ x: 'float64' }, [[1.25], [null]]),
      columns: [
        ['a', cast(col('x'), { decimal: [9, 1] })],
        ['b', cast(col('x'), { decimal: [9, 3] })],
      ],
    }),
    gives: [
      [13n, 1250n],
      [null, null],
    ],
  },
  gives('decimal to float', cast(dec('0.10'), 'float64'), 0.1),
  gives('decimal to integer', cast(dec('7.00'), 'int64'), 7n),
  fails('decimal to integer must be integral', cast(dec('7.50'), 'int64')),
  gives('decimal to fewer digits rounds', cast(dec('1.255', 18, 3), MONEY), 126n),
  fails('an integer without room is not passed over', call('least', int('9223372036854775807'), dec('0.01'))),
  fails('an integer without room in a set', call('isIn', dec('0.01'), int('9223372036854775807'), dec('0.02'))),
  fails('an integer without room is not coalesced away', call('coalesce', int('9223372036854775807'), dec('0.01'))),
  gives('an integer without room that is not reached', call('coalesce', dec('0.01'), int('9223372036854775807')), 1n),
  gives('a null decimal', call('add', no('int64'), dec('1.00')), null),
  gives('a small decimal', dec('1.5', 4, 1), 15n),
  gives('a middle decimal', dec('-12345.67', 9, 2), -1234567n),
  {
    name: 'aggregates of decimals',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ x: 'decimal(9, 2)' }, [['0.10'], ['0.20'], ['0.30'], [null]]),
      by: [],
      aggs: [
        ['s', { fn: 'sum', arg: col('x') }],
        ['m', { fn: 'mean', arg: col('x') }],
        ['lo', { fn: 'min', arg: col('x') }],
        ['q', { fn: 'quantile', arg: col('x'), param: 0.5 }],
        ['n', { fn: 'countDistinct', arg: col('x') }],
      ],
    }),
    gives: [[60n, 0.2, 10n, 0.2, 3n]],
  },
  {
    name: 'a sum of decimals that has too many digits',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ x: 'decimal(18, 2)' }, [['9999999999999999.99'], ['0.01']]),
      by: [],
      aggs: [['s', { fn: 'sum', arg: col('x') }]],
    }),
    fails: 'VALUE_INVALID',
  },
  {
    name: 'decimals group and sort',
    ordered: true,
    plan: build({
      op: 'sort',
      input: build({
        op: 'aggregate',
        input: rowsOf({ x: 'decimal(9, 2)' }, [['2.00'], ['-1.50'], ['2.00'], [null]]),
        by: ['x'],
        aggs: [['n', { fn: 'count', arg: null }]],
      }),
      keys: [{ by: col('x'), descending: false }],
    }),
    gives: [
      [-150n, 1n],
      [200n, 2n],
      [null, 1n],
    ],
  },
  {
    name: 'decimals of few digits, rounded to digits',
    plan: build({
      op: 'select',
      input: rowsOf({ a: 'decimal(4, 1)', b: 'decimal(6, 2)', c: 'decimal(12, 2)' }, [['1.5', '-2.25', '1.25']]),
      columns: ['a', 'b', 'c'].flatMap((name) =>
        [1, 2, 4].map((n) => [`${name}${n}`, call('roundTo', col(name), int(n))] as const),
      ),
    }),
    gives: [[15n, 15n, 15n, -23n, -225n, -225n, 13n, 125n, 125n]],
  },
]
