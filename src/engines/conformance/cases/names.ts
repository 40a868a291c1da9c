import { call, col, type Expr, lit } from '../../../plan/expr.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import type { Type, TypeName } from '../../../plan/types.ts'
import { rowsOf } from '../vectors.ts'
import { type Case, gives, str, value } from './case.ts'

/** What every object of JavaScript has by name, and may not be taken for a value. */
const INHERITED = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'] as const
const FIELDS: readonly string[] = [...INHERITED, '__proto__']
const STRUCT: Type = { struct: [['a', 'int64'], ...FIELDS.map((name) => [name, 'string'] as const)] }
const lacking: Expr = lit({ a: '1' }, STRUCT)
const whole: Expr = lit({ a: '1', ...Object.fromEntries(FIELDS.map((n) => [n, `of ${n}`])) }, STRUCT)

/** TypeScript too takes such names in an object for what is inherited. */
const table = (types: readonly (readonly [string, TypeName])[], rows: Parameters<typeof rowsOf>[1]): Node =>
  rowsOf(Object.fromEntries(types), rows)

const columns = table(
  INHERITED.map((name) => [name, 'string'] as const),
  [
    ['a', 'b', null, 'd'],
    ['a', 'c', 'x', null],
  ],
)
const counted: Node = build({
  op: 'aggregate',
  input: columns,
  by: ['constructor'],
  aggs: INHERITED.slice(1).map((name) => [name, { fn: 'count', arg: col(name) }] as const),
})

/** Names that mean something to JavaScript are names like any others: of fields, columns, aggregates, keys of lookups. */
export const NAMES: readonly Case[] = [
  ...FIELDS.flatMap((name) => [
    gives(`a struct that lacks its field ${name} has null there`, call('field', lacking, str(name)), null),
    gives(`a struct has its own field ${name}`, call('field', whole, str(name)), `of ${name}`),
  ]),
  {
    name: 'a struct that lacks fields of inherited names, whole',
    plan: value(lacking),
    gives: [[{ a: 1n, ...Object.fromEntries(FIELDS.map((n) => [n, null])) }]],
  },
  {
    name: 'columns of inherited names',
    plan: columns,
    gives: [
      ['a', 'b', null, 'd'],
      ['a', 'c', 'x', null],
    ],
  },
  { name: 'keys and aggregates of inherited names', plan: counted, gives: [['a', 2n, 1n, 1n]] },
  {
    name: 'a lookup by a column of an inherited name, in a table that has inherited words',
    plan: build({
      op: 'select',
      input: table([['constructor', 'string']], [['toString'], ['valueOf'], ['constructor'], ['a'], [null]]),
      columns: [
        [
          'toString',
          {
            op: 'lookup',
            args: [col('constructor')],
            table: { keys: [['toString'], ['a']], values: ['1', '2'] },
            fallback: null,
            type: 'int64',
          },
        ],
      ],
    }),
    gives: [[1n], [null], [null], [2n], [null]],
  },
  {
    name: 'columns of inherited names, packed, taken apart and joined',
    plan: build({
      op: 'join',
      left: build({
        op: 'select',
        input: columns,
        columns: [
          ['toString', call('field', call('struct', str('valueOf'), col('toString')), str('valueOf'))],
          ['hasOwnProperty', col('constructor')],
        ],
      }),
      right: table(
        [
          ['constructor', 'string'],
          ['valueOf', 'int64'],
        ],
        [['b', '5']],
      ),
      on: [['toString', 'constructor']],
      how: 'left',
    }),
    gives: [
      ['b', 'a', 5n],
      ['c', 'a', null],
    ],
  },
]
