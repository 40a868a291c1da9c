import fc from 'fast-check'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'

/** Generated tables and plans. Floats are dyadic (k/16), so that sums are equal whatever their order. */
export const GENERATED: Schema = [
  { name: 'k', type: 'string', nullable: true },
  { name: 'i', type: 'int64', nullable: true },
  { name: 'x', type: 'float64', nullable: true },
  { name: 'b', type: 'bool', nullable: true },
  { name: 't', type: 'timestamp', nullable: true },
  { name: 'l', type: 'local timestamp', nullable: true },
]

const nullable = <T>(a: fc.Arbitrary<T>) => fc.option(a, { freq: 8, nil: null })
const text = fc.constantFrom('', 'a', 'b', 'A b', '한글', '\u00e9', 'e\u0301', '😀', '\uffff')
const dyadic = fc.integer({ min: -64, max: 64 }).map((k) => k / 16)
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
    ),
    { maxLength: max },
  )

export const source = (max?: number): fc.Arbitrary<Node> =>
  rows(max).map((values) => build({ op: 'scan', from: { kind: 'rows', rows: values }, schema: GENERATED }))

const integer = (n: number): Expr => lit(String(n), 'int64')

const numberExpr: fc.Arbitrary<Expr> = fc.letrec<{ n: Expr }>((tie) => ({
  n: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(col('i'), col('x')),
    fc.integer({ min: -9, max: 9 }).map(integer),
    dyadic.map((v) => lit(v, 'float64')),
    fc.tuple(fc.constantFrom('add' as const, 'sub' as const), tie('n'), tie('n')).map(([f, a, b]) => call(f, a, b)),
    fc.tuple(tie('n'), fc.integer({ min: -3, max: 3 })).map(([a, k]) => call('mul', a, integer(k))),
    fc
      .tuple(
        fc.constantFrom(
          'abs' as const,
          'neg' as const,
          'floor' as const,
          'ceil' as const,
          'round' as const,
          'trunc' as const,
        ),
        tie('n'),
      )
      .map(([f, a]) => call(f, a)),
    fc
      .tuple(
        fc.constantFrom(
          'year' as const,
          'month' as const,
          'day' as const,
          'weekday' as const,
          'dayOfYear' as const,
          'hour' as const,
          'minute' as const,
          'minuteOfDay' as const,
        ),
      )
      .map(([f]) => call(f, col('l'))),
    fc.constantFrom(call('length', col('k')), call('hash32', col('k')), call('hash32', col('i'))),
  ),
})).n

const boolExpr: fc.Arbitrary<Expr> = fc.letrec<{ c: Expr }>((tie) => ({
  c: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant(col('b')),
    fc
      .tuple(
        fc.constantFrom('lt' as const, 'le' as const, 'eq' as const, 'ne' as const, 'gt' as const, 'ge' as const),
        numberExpr,
        numberExpr,
      )
      .map(([f, a, b]) => call(f, a, b)),
    fc
      .tuple(fc.constantFrom('lt' as const, 'ge' as const, 'eq' as const), text)
      .map(([f, s]) => call(f, col('k'), lit(s, 'string'))),
    fc
      .tuple(fc.constantFrom('contains' as const, 'startsWith' as const, 'endsWith' as const), text)
      .map(([f, s]) => call(f, col('k'), lit(s, 'string'))),
    fc
      .array(text, { minLength: 1, maxLength: 3 })
      .map((set) => call('isIn', col('k'), ...set.map((s) => lit(s, 'string')))),
    fc.tuple(fc.constantFrom('and' as const, 'or' as const), tie('c'), tie('c')).map(([f, a, b]) => call(f, a, b)),
    tie('c').map((a) => call('not', a)),
    fc.constantFrom('k', 'i', 'x', 'b', 't').map((name) => call('isNull', col(name))),
  ),
})).c

const shifted: fc.Arbitrary<Expr> = fc
  .tuple(
    fc.constantFrom('addDuration' as const, 'subDuration' as const),
    fc.constantFrom('t', 'l'),
    fc.integer({ min: -90, max: 90 }),
  )
  .map(([f, name, m]) => call(f, col(name), call('micros', call('mul', integer(m), integer(60_000_000)))))

const HOUR = 3_600_000_000

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
    fc.constant((n: Node) =>
      n.schema.every((f, i) => f.name === right.schema[i]?.name && f.type === right.schema[i]?.type) &&
      n.schema.length === right.schema.length
        ? build({ op: 'union', left: n, right })
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
    fc.tuple(fc.subarray(['k', 'b'] as const), fc.constantFrom('i', 'x', 'b')).map(
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
              ['wx', { fn: 'sum', arg: col('rx') }],
              ['wl', { fn: 'min', arg: col('ri') }],
              ['wh', { fn: 'max', arg: col('rx') }],
            ],
      })
      return build({ op: 'asof', left: n, right: window, by: [['k', 'rk']], at: 't', on: 'rt' })
    }),
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
    fc.constant((n: Node) =>
      build({ op: 'sort', input: n, keys: n.schema.map((f) => ({ by: col(f.name), descending: f.name === 'i' })) }),
    ),
    fc.nat(5).map(
      (count) => (n: Node) =>
        build({
          op: 'limit',
          count,
          input: build({ op: 'sort', input: n, keys: n.schema.map((f) => ({ by: col(f.name), descending: false })) }),
        }),
    ),
  )
  return fc.tuple(fc.array(step, { maxLength: 3 }), last).map(([steps, end]) => end(steps.reduce((n, f) => f(n), left)))
})
