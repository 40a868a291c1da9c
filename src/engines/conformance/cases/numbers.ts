import { call, col, lit } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, f64, fails, gives, int, no } from './case.ts'

const NAN = call('div', f64(0), f64(0))
const INF = call('div', f64(1), f64(0))
const MIN = '-9223372036854775808'
const i32 = (n: number) => lit(n, 'int32')

/** Numbers at their edges. */
export const NUMBERS: readonly Case[] = [
  gives('the root of a negative number is NaN', call('sqrt', f64(-1)), Number.NaN),
  gives('the logarithm of 0 is −∞', call('ln', int(0)), Number.NEGATIVE_INFINITY),
  gives('the logarithm of a negative number is NaN', call('ln', f64(-1)), Number.NaN),
  gives('log10 of 1000', call('log10', int(1000)), Math.log10(1000)),
  gives('exp overflows to ∞', call('exp', f64(1000)), Number.POSITIVE_INFINITY),
  gives('0 to the power −1 is ∞', call('pow', f64(0), f64(-1)), Number.POSITIVE_INFINITY),
  gives('1 to the power NaN is NaN', call('pow', f64(1), NAN), Number.NaN),
  gives('any number to the power 0 is 1', call('pow', NAN, f64(0)), 1),
  gives('the sine of ∞ is NaN', call('sin', INF), Number.NaN),
  gives('the cosine of 0', call('cos', f64(0)), 1),
  gives('the sign of NaN is 1: it is the greatest number', call('sign', NAN), 1n),
  gives('the sign of −0 is 0', call('sign', call('neg', f64(0))), 0n),
  gives('the sign of a negative integer', call('sign', int(-5)), -1n),
  gives('mod of a float takes the sign of the dividend', call('mod', f64(-7.5), f64(2)), -1.5),
  gives('mod by ∞ is the dividend', call('mod', f64(5), INF), 5),
  gives('mod by 0 of a float is NaN', call('mod', f64(5), f64(0)), Number.NaN),
  gives('mod by −1 does not overflow', call('mod', int(MIN), int(-1)), 0n),
  fails('the least int64 has no negative', call('neg', int(MIN))),
  fails('the least int64 has no absolute value', call('abs', int(MIN))),
  fails('intDiv of the least int64 by −1 overflows', call('intDiv', int(MIN), int(-1))),
  gives('int32 sums are int64', call('add', i32(2147483647), i32(1)), 2147483648n),
  gives('int32 and int64 compare', call('eq', i32(7), int(7)), true),
  gives('int64 and float64 compare as float64', call('eq', int('9007199254740993'), f64(9007199254740992)), true),
  gives('round to two digits is the product rounded', call('roundTo', f64(1.005), int(2)), 1),
  gives('round to digits away from zero', call('roundTo', f64(-1.25), int(1)), -1.3),
  gives('round of a huge number to digits is the number', call('roundTo', f64(1e308), int(15)), 1e308),
  gives('round of ∞ to digits', call('roundTo', INF, int(2)), Number.POSITIVE_INFINITY),
  gives('trunc towards zero', call('trunc', f64(-2.9)), -2),
  gives('floor towards −∞', call('floor', f64(-2.1)), -3),
  gives('a text that is too large for a float is none', { op: 'cast', arg: lit('1e400', 'string'), to: 'float64', onError: 'null' }, null), // biome-ignore format: one line
  gives('least skips null', call('least', no('float64'), f64(2), f64(1)), 1),
  gives('greatest of nothing is null', call('greatest', no('float64'), no('float64')), null),
  gives('greatest: NaN', call('greatest', NAN, INF), Number.NaN),
  gives('least of int32 and int64', call('least', i32(3), int(2)), 2n),
  gives('coalesce widens', call('coalesce', lit(null, 'int32'), int(2)), 2n),
  gives('a literal of 32 bits is rounded to them', lit(0.1, 'float32'), Math.fround(0.1)),
  gives('a literal of 32 bits is not one of 64', call('eq', lit(0.1, 'float32'), f64(0.1)), false),
  gives('float32 to text: the shortest digits', { op: 'cast', arg: lit(0.1, 'float32'), to: 'string', onError: 'fail' }, '0.1'), // biome-ignore format: one line
  {
    name: 'rows of 32 bits are rounded to them',
    plan: build({
      op: 'derive',
      input: rowsOf({ x: 'float32', xs: 'float32[]' }, [[0.1, [0.1, null]]]),
      columns: [['same', call('eq', col('x'), f64(0.1))]],
    }),
    gives: [[Math.fround(0.1), [Math.fround(0.1), null], false]],
  },
  gives('a table of floats of 32 bits', { op: 'lookup', args: [int(1)], table: { keys: [['1']], values: [0.1] }, fallback: 0.2, type: 'float32' }, Math.fround(0.1)), // biome-ignore format: one line
  gives('a table of floats of 32 bits that has no such key', { op: 'lookup', args: [int(2)], table: { keys: [['1']], values: [0.1] }, fallback: 0.2, type: 'float32' }, Math.fround(0.2)), // biome-ignore format: one line
  gives('float to text: the shortest digits', { op: 'cast', arg: f64(0.1), to: 'string', onError: 'fail' }, '0.1'),
  gives('float to text: whole numbers keep a point', { op: 'cast', arg: f64(5), to: 'string', onError: 'fail' }, '5.0'),
  gives('float to text: small', { op: 'cast', arg: f64(0.00001), to: 'string', onError: 'fail' }, '1e-05'),
  gives('float to text: 0.0001', { op: 'cast', arg: f64(0.0001), to: 'string', onError: 'fail' }, '0.0001'),
  gives('float to text: large', { op: 'cast', arg: f64(1e16), to: 'string', onError: 'fail' }, '1e+16'),
  gives(
    'float to text: 16 digits',
    { op: 'cast', arg: f64(1234567890123456), to: 'string', onError: 'fail' },
    '1234567890123456.0',
  ),
  gives(
    'float to text: exponent and digits',
    { op: 'cast', arg: f64(-1.5e300), to: 'string', onError: 'fail' },
    '-1.5e+300',
  ),
  gives('float to text: ∞', { op: 'cast', arg: INF, to: 'string', onError: 'fail' }, 'inf'),
  gives('float to text: NaN', { op: 'cast', arg: NAN, to: 'string', onError: 'fail' }, 'nan'),
  gives('float to text: −0', { op: 'cast', arg: call('neg', f64(0)), to: 'string', onError: 'fail' }, '-0.0'),
  gives(
    'text to float: infinity',
    { op: 'cast', arg: lit('-Infinity', 'string'), to: 'float64', onError: 'fail' },
    Number.NEGATIVE_INFINITY,
  ),
  fails('text to float: white space', { op: 'cast', arg: lit(' 1', 'string'), to: 'float64', onError: 'fail' }),
  fails('text to int: a fraction of zero', { op: 'cast', arg: lit('1.0', 'string'), to: 'int64', onError: 'fail' }),
  fails('text to int: too large', {
    op: 'cast',
    arg: lit('9223372036854775808', 'string'),
    to: 'int64',
    onError: 'fail',
  }),
  gives('the rest of null by −1 is null', call('mod', lit(null, 'int64'), int(-1)), null),
  gives('the rest by −1 is 0', call('mod', int(MIN), int(-1)), 0n),
  gives('int to duration', { op: 'cast', arg: int(7), to: 'duration', onError: 'fail' }, 7n),
  fails('narrowing to 32 bits fails when it does not fit', {
    op: 'cast',
    arg: f64(1e39),
    to: 'float32',
    onError: 'fail',
  }),
  fails('text too large for 32 bits', { op: 'cast', arg: lit('1e39', 'string'), to: 'float32', onError: 'fail' }),
  gives('narrowing to 32 bits, or null', { op: 'cast', arg: f64(1e39), to: 'float32', onError: 'null' }, null),
  gives('a power of nothing', call('pow', no('float64'), f64(Number.NaN)), null),
  gives('float32 rounded to digits is one', call('eq', call('roundTo', lit(0.126, 'float32'), int(2)), lit(Math.fround(0.13), 'float32')), true), // biome-ignore format: one line
  gives('the sign of a zero that is written', call('div', f64(5), f64(-0)), Number.NEGATIVE_INFINITY),
  gives('bool to int', { op: 'cast', arg: lit(true, 'bool'), to: 'int64', onError: 'fail' }, 1n),
  gives('combined hashes are those of the published finaliser', call('combine32', int(1), int(2)), BigInt(fmix(33))),
]

/** murmur3's fmix32 (Appleby, MurmurHash3.cpp), here over 1 × 31 + 2. */
function fmix(n: number): number {
  let h = n
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
