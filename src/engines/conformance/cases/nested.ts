import { call, col, lit } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, f64, gives, int, no, str } from './case.ts'

const words = lit(['a', null, 'c'], { list: 'string' })
const point = lit(
  { x: '1', y: null },
  {
    struct: [
      ['x', 'int64'],
      ['y', 'float64'],
    ],
  },
)

/** Lists and structs. */
export const NESTED: readonly Case[] = [
  gives('a list of values', call('list', int(1), no('int64')), [1n, null]),
  gives('the length of a list counts nulls', call('listLength', words), 3n),
  gives('items count from 0', call('listGet', words, int(0)), 'a'),
  gives('negative positions count from the end', call('listGet', words, int(-1)), 'c'),
  gives('no such item is null', call('listGet', words, int(3)), null),
  gives('a list contains', call('listContains', words, str('c')), true),
  gives('a list does not contain', call('listContains', words, str('x')), false),
  gives('join skips nulls', call('listJoin', words, str('-')), 'a-c'),
  gives('a field of a struct', call('field', point, str('x')), 1n),
  gives('a null field', call('field', point, str('y')), null),
  gives('a struct of values', call('field', call('struct', str('n'), int(7), str('s'), str('x')), str('s')), 'x'),
  gives('lists are equal item by item', call('eq', words, words), true),
  gives('each item once, in order', call('listDistinct', lit(['b', null, 'a', 'b'], { list: 'string' })), ['a', 'b']),
  gives('how often', call('listCount', lit(['b', null, 'a', 'b'], { list: 'string' }), str('b')), 2n),
  gives('runs of words', call('ngrams', lit(['a', 'b', 'c'], { list: 'string' }), int(2)), ['a b', 'b c']),
  gives('runs of words of which one is missing', call('ngrams', lit(['a', null, 'c'], { list: 'string' }), int(2)), [
    'a ',
    ' c',
  ]),
  gives('single words of which one is missing', call('ngrams', lit(['a', null], { list: 'string' }), int(1)), [
    'a',
    '',
  ]),
  gives('too few words for a run', call('ngrams', lit(['a'], { list: 'string' }), int(2)), []),
  gives('words', call('tokens', str('The  cat’s 2 밥, e\u0301t')), ['the', 'cat', 's', '2', '밥', 'e\u0301t']),
  gives('no words', call('tokens', str(' ,')), []),
  gives('runs of characters', call('charNgrams', str('한글😀a'), int(2)), ['한글', '글😀', '😀a']),
  gives('a text shorter than the run', call('charNgrams', str('한'), int(2)), []),
  gives('a text that begins with U+FEFF', str('\ufeffa'), '\ufeffa'),
  gives('a long text that begins with U+FEFF', str('\ufeffa text of many bytes'), '\ufeffa text of many bytes'),
  gives('texts in a list that begin with U+FEFF', lit(['\ufeffa', '\ufeff', '\ufeffa text of many bytes'], { list: 'string' }), ['\ufeffa', '\ufeff', '\ufeffa text of many bytes']), // biome-ignore format: one line
  gives('a text in a struct that begins with U+FEFF', call('struct', str('s'), str('\ufeffa')), { s: '\ufeffa' }),
  {
    name: 'lists of every kind of value',
    plan: rowsOf({ i: 'int32[]', b: 'bool[]', d: 'decimal(4, 1)[]', t: 'timestamp[]', y: 'bytes[]', s: 'string[]' }, [
      [[1, null], [true, false, null], ['1.5', null], ['5'], ['AAE=', null], ['a', null]],
      [null, [], null, [null], [], null],
    ]),
    gives: [
      [[1, null], [true, false, null], [15n, null], [5n], [new Uint8Array([0, 1]), null], ['a', null]],
      [null, [], null, [null], [], null],
    ],
  },
  gives('bytes', lit('AAEC/w==', 'bytes'), new Uint8Array([0, 1, 2, 255])),
  {
    name: 'unnest gives a row an item',
    plan: build({
      op: 'unnest',
      input: rowsOf({ k: 'int64', items: 'string[]' }, [
        ['1', ['a', null]],
        ['2', []],
        ['3', null],
      ]),
      column: 'items',
      keepEmpty: false,
      position: 'at',
    }),
    gives: [
      [1n, 'a', 0n],
      [1n, null, 1n],
    ],
  },
  {
    name: 'items stand in the order of the rows that they come of',
    ordered: true,
    plan: build({
      op: 'unnest',
      input: build({
        op: 'sort',
        input: rowsOf({ k: 'int64', items: 'int64[]' }, [
          ['2', ['5', '4']],
          ['1', ['9', '1', '7']],
          ['3', ['0']],
        ]),
        keys: [{ by: col('k'), descending: true }],
      }),
      column: 'items',
      keepEmpty: false,
    }),
    gives: [
      [3n, 0n],
      [2n, 5n],
      [2n, 4n],
      [1n, 9n],
      [1n, 1n],
      [1n, 7n],
    ],
  },
  {
    name: 'unnest can keep rows without items',
    plan: build({
      op: 'unnest',
      input: rowsOf({ k: 'int64', items: 'string[]' }, [
        ['1', ['a']],
        ['2', []],
        ['3', null],
      ]),
      column: 'items',
      keepEmpty: true,
      position: 'at',
    }),
    gives: [
      [1n, 'a', 0n],
      [2n, null, null],
      [3n, null, null],
    ],
  },
  {
    name: 'lists group by their items',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ items: 'int64[]' }, [[['1', '2']], [['1', '2']], [[]], [null]]),
      by: ['items'],
      aggs: [['n', { fn: 'count', arg: col('items') }]],
    }),
    gives: [
      [[1n, 2n], 2n],
      [[], 1n],
      [null, 0n],
    ],
  },
  gives(
    'different numbers of a list, of which NaN is one',
    call('listDistinct', call('list', f64(Number.NaN), f64(2), f64(Number.NaN), f64(1), f64(2))),
    [1, 2, Number.NaN],
  ),
  gives('an item far beyond the end', call('listGet', call('list', f64(1)), lit(2 ** 31 - 1, 'int32')), null),
  gives('an item farther', call('listGet', call('list', f64(1)), int('9223372036854775807')), null),
]
