import { call, col, lit } from '../../expr.ts'
import { build, type Node } from '../../nodes.ts'
import {
  both,
  count,
  derive,
  type Example,
  filter,
  int,
  join,
  number,
  parsed,
  pick,
  ranked,
  rolled,
  scan,
  sort,
  t,
} from './samples.ts'

/** What else is rewritten, and what must stay. */
export const OTHERS: Readonly<Record<string, readonly Example[]>> = {
  'fold-constants': [
    [
      'a constant product',
      derive(t, [['y', call('mul', col('i'), call('mul', int(60), int(60)))]]),
      derive(t, [['y', call('mul', col('i'), int(3600))]]),
      { evaluate: () => '3600' },
    ],
    ['what fails stays', derive(t, [['y', call('intDiv', int(1), int(0))]]), undefined, { evaluate: () => undefined }],
    ['without an evaluator nothing is folded', derive(t, [['y', call('mul', int(60), int(60))]]), undefined],
  ],
  simplify: [
    ['x and true', filter(t, both(col('b'), lit(true, 'bool'))), filter(t, col('b'))],
    ['not not x', filter(t, call('not', call('not', col('b')))), filter(t, col('b'))],
    [
      'a case with a known condition',
      derive(t, [['y', { op: 'case', when: [[lit(true, 'bool'), col('x')]], otherwise: call('neg', col('x')) }]]),
      derive(t, [['y', col('x')]]),
    ],
    [
      'false decides a column that may be null only where nobody sees it',
      derive(t, [['y', both(col('b'), lit(false, 'bool'))]]),
      undefined,
    ],
    ['fails of what may fail', filter(parsed, call('fails', col('n'))), undefined],
    ['fails of what can not', filter(t, call('fails', col('s'))), filter(t, lit(false, 'bool'))],
  ],
  'drop-no-ops': [
    ['a select of all columns', pick(t, ...t.schema.map((f) => f.name)), t],
    ['notes that say nothing', build({ op: 'annotate', input: t, notes: [] }), t],
    ['a filter of true', filter(t, lit(true, 'bool')), t],
    ['a select in another order', pick(t, 'i', 'k'), undefined],
  ],
  'drop-order': [
    ['under an aggregate', count(sort(t)), count(t)],
    ['through a filter', count(filter(sort(t), col('b'))), count(filter(t, col('b')))],
    ['not under a limit', count(build({ op: 'limit', input: sort(t), count: 3 })), undefined],
  ],
  'drop-distinct': [
    ['after an aggregate', build({ op: 'distinct', input: count(t) }), count(t)],
    ['of a source', build({ op: 'distinct', input: t }), undefined],
  ],
  'merge-windows': [
    [
      'the same keys and order',
      ranked(ranked(t, 'p'), 'q'),
      build({
        op: 'window',
        input: t,
        by: ['k'],
        order: [{ by: col('i'), descending: false }],
        columns: [
          ['p', { fn: 'rank' }],
          ['q', { fn: 'rank' }],
        ],
      }),
    ],
    ['two that break ties', ranked(ranked(t, 'a', 'rowNumber'), 'b', 'rowNumber'), undefined],
    ['one that replaces a column', ranked(ranked(t, 'i'), 'b'), undefined],
  ],
  'merge-rolling': [
    ['totals and extremes are kept apart', rolled(rolled(t, 'p'), 'q', 'max'), undefined],
    [
      'another name for the same rows',
      rolled(rolled(t, 'p'), 'q'),
      build({
        ...(rolled(t, 'p') as Extract<Node, { op: 'asof' }>),
        right: build({
          op: 'rolling',
          input: t,
          by: ['k'],
          on: 'at',
          over: 3_600_000_000,
          aggs: [
            ['p', { fn: 'count', arg: null }],
            ['q', { fn: 'count', arg: null }],
          ],
        }),
      }),
    ],
  ],
  'share-expressions': [
    [
      'two columns of one text',
      derive(t, [
        ['p', call('length', call('lower', col('s')))],
        ['q', call('lower', col('s'))],
      ]),
      build({
        op: 'select',
        input: derive(t, [['shared 1', call('lower', col('s'))]]),
        columns: [
          ...t.schema.map((f) => [f.name, col(f.name)] as const),
          ['p', call('length', col('shared 1'))],
          ['q', col('shared 1')],
        ],
      }),
    ],
    [
      'only under conditions',
      derive(t, [
        ['p', { op: 'case', when: [[col('b'), number]], otherwise: int(0) }],
        ['q', call('coalesce', col('i'), number)],
      ]),
      undefined,
    ],
  ],
  'read-less': [
    ['a column that nobody reads', pick(derive(t, [['y', number]]), 'i'), pick(scan('t', { i: 'int64' }), 'i')],
    ['what a limit breaks ties by stays', pick(build({ op: 'limit', input: sort(t), count: 3 }), 'i'), undefined],
    ['what row numbers break ties by stays', pick(ranked(t, 'r', 'rowNumber'), 'r'), undefined],
    [
      'a semi join reads keys alone',
      join('semi'),
      build({ op: 'join', left: t, right: scan('u', { uk: 'string' }), on: [['k', 'uk']], how: 'semi' }),
    ],
  ],
}
