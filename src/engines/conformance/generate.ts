import fc from 'fast-check'
import { call, col, type Frame, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { isOrdered, type Schema } from '../../plan/types.ts'
import { boolExpr, dyadic, numberExpr, shifted, text } from './expressions.ts'

/** Generated tables and plans. Floats are dyadic (k/16), so that sums are equal whatever their order. */
export const GENERATED: Schema = [
  { name: 'k', type: 'string', nullable: true },
  { name: 'i', type: 'int64', nullable: true },
  { name: 'x', type: 'float64', nullable: true },
  { name: 'b', type: 'bool', nullable: true },
  { name: 't', type: 'timestamp', nullable: true },
  { name: 'l', type: 'local timestamp', nullable: true },
  { name: 'd', type: 'date', nullable: true },
  { name: 'm', type: { decimal: [9, 2] }, nullable: true },
  { name: 'v', type: { list: 'int64' }, nullable: true },
]

const nullable = <T>(a: fc.Arbitrary<T>) => fc.option(a, { freq: 8, nil: null })
/** Around the epoch and a year's end, in steps that collide often. */
const micros = fc
  .oneof(
    fc.integer({ min: -20, max: 20 }).map((h) => h * 900_000_000),
    fc.integer({ min: 0, max: 50 }).map((h) => 978_300_000_000_000 + h * 600_000_000),
  )
  .map(String)

export const rows = (max = 24) =>
  fc.array(
    fc.tuple(
      nullable(text),
      nullable(fc.integer({ min: -40, max: 40 }).map(String)),
      nullable(dyadic),
      nullable(fc.boolean()),
      nullable(micros),
      nullable(micros),
      nullable(fc.integer({ min: -400, max: 12_000 })),
      nullable(fc.integer({ min: -40, max: 40 }).map((n) => (n / 4).toFixed(2))),
      nullable(fc.array(nullable(fc.integer({ min: 0, max: 3 }).map(String)), { maxLength: 3 })),
    ),
    { maxLength: max },
  )

export const source = (max?: number): fc.Arbitrary<Node> =>
  rows(max).map((values) => build({ op: 'scan', from: { kind: 'rows', rows: values }, schema: GENERATED }))

const HOUR = 3_600_000_000

const frame = (unit: Frame['unit'], from: number | null, to: number | null): Frame => ({ unit, from, to })

const sameColumns = (a: Node, b: Node): boolean =>
  a.schema.length === b.schema.length &&
  a.schema.every((f, i) => f.name === b.schema[i]?.name && JSON.stringify(f.type) === JSON.stringify(b.schema[i]?.type))

/** Keys that leave no ties but between equal rows. */
const everyColumn = (n: Node, descending = false) =>
  n.schema.filter((f) => isOrdered(f.type)).map((f) => ({ by: col(f.name), descending: descending && f.name === 'i' }))

/** A plan of one to four verbs over generated sources; every verb is reached. */
export const plans: fc.Arbitrary<Node> = fc.tuple(source(), source(12)).chain(([left, right]) => {
  const step: fc.Arbitrary<(n: Node) => Node> = fc.oneof(
    boolExpr.map((predicate) => (n: Node) => build({ op: 'filter', input: n, predicate })),
    boolExpr.map(
      (predicate) => (n: Node) => build({ op: 'reject', input: n, predicate, reason: 'generated', when: 'always' }),
    ),
    fc.tuple(fc.constantFrom('i2', 'x'), numberExpr).map(
      ([name, e]) =>
        (n: Node) =>
          build({ op: 'derive', input: n, columns: [[name, call('mul', e, lit(1, 'float64'))]] }),
    ),
    shifted.map((e) => (n: Node) => build({ op: 'derive', input: n, columns: [['s', e]] })),
    fc.constant((n: Node) => build({ op: 'distinct', input: n })),
    fc
      .constantFrom('union' as const, 'intersect' as const, 'except' as const)
      .map((op) => (n: Node) => (sameColumns(n, right) ? build({ op, left: n, right }) : n)),
    numberExpr.map(
      (e) => (n: Node) =>
        build({
          op: 'sort',
          input: n, // an engine need not compute an order that nobody sees, so its key must not fail
          keys: [{ by: call('orNull', e), descending: false }, ...everyColumn(n, true)],
        }),
    ),
    fc
      .tuple(
        fc.subarray(['k', 'b'] as const),
        fc.boolean(),
        fc.integer({ min: -3, max: 0 }),
        fc.integer({ min: 0, max: 2 }),
      )
      .map(
        ([by, descending, from, to]) =>
          (n: Node) =>
            build({
              op: 'window',
              input: n,
              by,
              order: [{ by: col('i'), descending }],
              columns: [
                ['wNumber', { fn: 'rowNumber' }],
                ['wRank', { fn: 'denseRank' }],
                ['wLag', { fn: 'lag', arg: col('k'), offset: -from }],
                ['wLast', { fn: 'last', arg: col('x'), frame: frame('rows', from, to) }],
                ['wSum', { fn: 'aggregate', agg: { fn: 'sum', arg: col('x') }, frame: frame('rows', from, to) }],
                ['wCount', { fn: 'aggregate', agg: { fn: 'count', arg: col('b') }, frame: frame('range', null, 0) }],
                ...(descending
                  ? []
                  : [
                      [
                        'wNear',
                        { fn: 'aggregate', agg: { fn: 'max', arg: col('x') }, frame: frame('range', from, to) },
                      ] as const,
                    ]),
              ],
            }),
      ),
    fc.boolean().map(
      (keepEmpty) => (n: Node) =>
        n.schema.every((f) => f.name !== 'u')
          ? build({
              op: 'unnest',
              input: build({ op: 'derive', input: n, columns: [['u', col('v')]] }),
              column: 'u',
              keepEmpty,
              position: 'at',
            })
          : n,
    ),
    fc
      .constantFrom('semi' as const, 'anti' as const)
      .map((how) => (n: Node) => build({ op: 'join', left: n, right, on: [['k', 'k']], how })),
  )
  const renamed = build({
    op: 'select',
    input: right,
    columns: [
      ['rk', col('k')],
      ['ri', col('i')],
      ['rb', col('b')],
      ['rx', col('x')],
      ['rt', col('t')],
    ],
  })
  const last: fc.Arbitrary<(n: Node) => Node> = fc.oneof(
    fc.constant((n: Node) => n),
    fc
      .constantFrom('inner' as const, 'left' as const)
      .map((how) => (n: Node) => build({ op: 'join', left: n, right: renamed, on: [['k', 'rk']], how })),
    fc.tuple(fc.subarray(['k', 'b'] as const), fc.constantFrom('i', 'x', 'b', 'm')).map(
      ([by, arg]) =>
        (n: Node) =>
          build({
            op: 'aggregate',
            input: n,
            by,
            aggs: [
              ['n', { fn: 'count', arg: null }],
              ['c', { fn: 'count', arg: col(arg) }],
              ['s', { fn: 'sum', arg: col(arg) }],
              ['m', { fn: 'mean', arg: col('i') }],
              ['lo', { fn: 'min', arg: col('k') }],
              ['hi', { fn: 'max', arg: col('x') }],
              ['d', { fn: 'countDistinct', arg: col(arg) }],
              ['q', { fn: 'quantile', arg: col('i'), param: 0.25 }],
            ],
          }),
    ),
    fc.tuple(fc.integer({ min: 1, max: 6 }), fc.boolean()).map(([h, exact]) => (n: Node) => {
      const window = build({
        op: 'rolling',
        input: renamed,
        by: ['rk'],
        on: 'rt',
        over: h * HOUR,
        aggs: exact
          ? [
              ['wn', { fn: 'count', arg: null }],
              ['wm', { fn: 'mean', arg: col('rb') }],
              ['ws', { fn: 'sum', arg: col('ri') }],
            ]
          : [
              ['wn', { fn: 'count', arg: null }],
              ['wx', { fn: 'sum', arg: call('coalesce', col('rx'), lit(0.5, 'float64')) }],
              ['wl', { fn: 'min', arg: col('ri') }],
              ['wh', { fn: 'max', arg: call('coalesce', col('rx'), lit(-1, 'float64')) }],
            ],
      })
      return build({ op: 'asof', left: n, right: window, by: [['k', 'rk']], at: 't', on: 'rt' })
    }),
    fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }).map(
      (h) => (n: Node) =>
        build({
          op: 'asof',
          left: n,
          right: renamed,
          by: [['k', 'rk']],
          at: 't',
          on: 'rt',
          ...(h === undefined ? {} : { within: h * HOUR }),
        }),
    ),
    fc.constant((n: Node) =>
      build({
        op: 'rolling',
        input: n,
        by: ['k'],
        on: 't',
        over: 2 * HOUR,
        aggs: [
          ['n', { fn: 'count', arg: null }],
          ['s', { fn: 'sum', arg: col('i') }],
        ],
      }),
    ),
    fc.constant((n: Node) => build({ op: 'sort', input: n, keys: everyColumn(n, true) })),
    fc.nat(5).map(
      (count) => (n: Node) =>
        build({
          op: 'limit',
          count,
          input: build({ op: 'sort', input: n, keys: everyColumn(n) }),
        }),
    ),
  )
  return fc.tuple(fc.array(step, { maxLength: 3 }), last).map(([steps, end]) => end(steps.reduce((n, f) => f(n), left)))
})
