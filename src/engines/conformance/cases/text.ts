import { call, col, lit } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, fails, gives, int, no, str } from './case.ts'

const LONG = '한글😀'.repeat(40_000)

/** Text, patterns, JSON. */
export const TEXT: readonly Case[] = [
  gives(
    'trim takes spaces, and no other white space',
    call('trim', lit('  \u00a0x\u3000\t ', 'string')),
    '\u00a0x\u3000\t',
  ),
  gives(
    'U+FEFF at the beginning is a character like any other',
    call('concat', lit('\ufeffa', 'string'), lit('b', 'string')),
    '\ufeffab',
  ),
  gives('lower maps one code point to one', call('lower', str('ÀΣİ')), 'àσi'),
  gives('upper maps one code point to one', call('upper', str('ŉßé')), 'ŉẞÉ'),
  gives('Hangul has no case', call('upper', str('가나')), '가나'),
  gives('trim takes spaces, not other white space', call('trim', str('  a\t ')), 'a\t'),
  gives('concat with null is null', call('concat', str('a'), no('string')), null),
  gives('every text contains the empty one', call('contains', str(''), str('')), true),
  gives('combining marks are code points', call('length', str('e\u0301')), 2n),
  gives('normalisation is asked for', call('eq', call('normalize', str('e\u0301')), str('\u00e9')), true),
  gives('normalised Hangul', call('normalize', str('\u1112\u1161\u11ab')), '한'),
  gives('substring before the start', call('substring', str('abc'), int(-1), int(3)), 'a'),
  gives('substring past the end', call('substring', str('abc'), int(3), int(9)), 'c'),
  gives('substring of no length', call('substring', str('abc'), int(2), int(-1)), ''),
  gives('replace all', call('replace', str('aXaX'), str('X'), str('$&')), 'a$&a$&'),
  gives('replace of the empty text changes nothing', call('replace', str('ab'), str(''), str('x')), 'ab'),
  gives('split', call('split', str('a,,b'), str(',')), ['a', '', 'b']),
  gives('split of the empty text', call('split', str(''), str(',')), ['']),
  gives('very long text', call('length', str(LONG)), 120_000n),
  gives('quotes and backslashes', call('concat', str(`'"\\`), str("''")), `'"\\''`),
  gives('NUL in text', call('length', str('a\0b')), 3n),
  {
    name: 'text outside the BMP is ordered by code points, min and max too',
    plan: build({
      op: 'aggregate',
      input: rowsOf({ s: 'string' }, [['😀'], ['\uffff'], ['z']]),
      by: [],
      aggs: [
        ['lo', { fn: 'min', arg: col('s') }],
        ['hi', { fn: 'max', arg: col('s') }],
      ],
    }),
    gives: [['z', '😀']],
  },
  {
    name: 'a function of the text that other functions gave of one column or another, beside the same of a column',
    plan: build({
      op: 'select',
      input: rowsOf({ k: 'string', s: 'string' }, [
        ['A-b', ''],
        [null, 'C-d'],
        [null, null],
      ]),
      columns: [
        ['alone', call('concat', col('k'), lit('!', 'string'))],
        ['both', call('concat', call('coalesce', call('lower', call('replace', col('k'), lit('-', 'string'), lit('한', 'string'))), col('s')), lit('!', 'string'))], // biome-ignore format: one line
      ],
    }),
    gives: [
      ['A-b!', 'a한b!'],
      [null, 'C-d!'],
      [null, null],
    ],
  },
  // patterns
  gives('a pattern matches anywhere', call('matches', str('xaby'), str('a.y')), true),
  gives('a pattern with Unicode classes', call('matches', str('가1'), str('^\\p{Hangul}\\d$')), true),
  gives('a dot is no line end', call('matches', str('a\nb'), str('a.b')), false),
  gives('case by flag', call('matches', str('ABC'), str('(?i)b')), true),
  gives('extract a group', call('extract', str('order 42, 7'), str('(\\d+), (\\d+)'), int(2)), '7'),
  gives('extract the whole match', call('extract', str('order 42'), str('\\d+'), int(0)), '42'),
  gives('no match is null', call('extract', str('order'), str('\\d+'), int(0)), null),
  gives('a group that took no part is empty', call('extract', str('xay'), str('a(z)?y'), int(1)), ''),
  gives('replace matches', call('replaceMatches', str('a1b22'), str('\\d+'), str('#')), 'a#b#'),
  gives('a pattern on null', call('matches', no('string'), str('a')), null),
  gives('a substring from a position that is missing', call('substring', str('abc'), no('int64'), int(2)), null),
  gives('a substring of a length that is missing', call('substring', str('abc'), int(2), no('int64')), null),
  gives('a substring from far beyond', call('substring', str('abc'), int('9223372036854775806'), int(2)), ''),
  gives('a substring as long as may be', call('substring', str('abc'), int(2), int('9223372036854775806')), 'bc'),
  gives('a pattern as large as may be', call('matches', str('ab'), str('(\\pL{86}|..)')), true),
  // JSON
  gives('JSON text by path', call('jsonString', str('{"a":{"b":["x","y"]}}'), str('$.a.b[1]')), 'y'),
  gives('JSON unescapes', call('jsonString', str('{"a":"\\u00e9\\n"}'), str('$.a')), 'é\n'),
  gives('JSON of another type is null', call('jsonString', str('{"a":1}'), str('$.a')), null),
  gives('JSON null is null', call('jsonString', str('{"a":null}'), str('$.a')), null),
  gives('JSON that is not there is null', call('jsonNumber', str('{"a":1}'), str('$.b.c')), null),
  gives('JSON numbers', call('jsonNumber', str('{"a":-1.5e2}'), str('$.a')), -150),
  gives(
    'a large JSON number',
    call('jsonNumber', str('[12345678901234567890123]'), str('$[0]')),
    1.2345678901234568e22,
  ),
  gives('JSON bool', call('jsonBool', str('{"a b":true}'), str('$."a b"')), true),
  gives('JSON length', call('jsonLength', str('{"a":[1,2,[3]]}'), str('$.a')), 3n),
  gives('the length of an object is null', call('jsonLength', str('{"a":{}}'), str('$.a')), null),
  gives('of two equal names the first counts', call('jsonNumber', str('{"a":1,"a":2}'), str('$.a')), 1),
  gives('names in Korean', call('jsonNumber', str('{"상품":{"무게_g":2}}'), str('$.상품.무게_g')), 2),
  fails('text that is not JSON', call('jsonNumber', str('{a:1}'), str('$.a'))),
  fails('JSON with a comma before its end', call('jsonLength', str('{"a":[1,2 , ],"b":"x"}'), str('$.a'))),
  fails('JSON with a NaN', call('jsonNumber', str('{"a":1,"b":[nan]}'), str('$.a'))),
  fails('JSON with half a pair of UTF-16', call('jsonString', str('{"a":"x","b":"\\ud83d"}'), str('$.a'))),
  gives('JSON whose texts look so', call('jsonString', str('{"a":",] Infinity \\" nan,}","b":"\\\\ud83d","c":"\\uD83D\\uDE00"}'), str('$.a')), ',] Infinity " nan,}'), // biome-ignore format: one line
  gives('JSON of null', call('jsonNumber', no('string'), str('$.a')), null),
]
