import fc from 'fast-check'
import { type Agg, call, col, type Expr, type Frame, type Literal, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import type { ScalarType, Schema } from '../../plan/types.ts'

/** Columns of the kinds that keys, times and aggregates have. */
const TYPES: Readonly<Record<string, ScalarType>> = {
  k: 'string',
  i: 'int64',
  n: 'int32',
  x: 'float64',
  f: 'float32',
  b: 'bool',
  t: 'timestamp',
  d: 'date',
}
const schemaOf = (prefix: string): Schema =>
  Object.entries(TYPES).map(([name, type]) => ({ name: `${prefix}${name}`, type, nullable: true }))

const maybe = <T>(a: fc.Arbitrary<T>) => fc.option(a, { freq: 7, nil: null })
/** Few different values, so that keys meet, with all that is special among them. */
const VALUES: Readonly<Record<string, fc.Arbitrary<Literal>>> = {
  string: fc.constantFrom('', 'a', 'B', 'ab', '한글', '\uffff', '😀'),
  int64: fc.oneof(fc.integer({ min: -3, max: 3 }).map(String), fc.constantFrom('9000000000', '-9000000000')),
  int32: fc.integer({ min: -3, max: 3 }),
  float64: fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 1.5, -2.25, 2 ** 1000),
  float32: fc.constantFrom(Number.NaN, Infinity, -0, 0, 1.5, -2.25),
  bool: fc.boolean(),
  timestamp: fc.integer({ min: -12, max: 12 }).map((h) => String(h * 900_000_000)),
  date: fc.integer({ min: -2, max: 2 }),
}
const table = (prefix: string, maxLength: number): fc.Arbitrary<Node> =>
  fc
    .array(fc.tuple(...Object.values(TYPES).map((type) => maybe(VALUES[type] as fc.Arbitrary<Literal>))), { maxLength })
    .map((rows) => build({ op: 'scan', from: { kind: 'rows', rows }, schema: schemaOf(prefix) }))

type Step = (n: Node) => Node
const HOUR = 3_600_000_000
const KEYS: readonly (readonly string[])[] = [['k'], ['i'], ['n'], ['x'], ['f'], ['b'], ['k', 'b'], ['x', 'd', 'k']]
const on = (keys: readonly string[]) => keys.map((name) => [name, `r${name}`] as const)
const named = (aggs: readonly Agg[]): Named<Agg> => aggs.map((a, i) => [`g${i}`, a] as const)

const predicate: fc.Arbitrary<Expr> = fc.constantFrom(
  call('gt', col('i'), lit('0', 'int64')),
  call('isNull', col('t')),
  call('eq', col('k'), lit('a', 'string')),
  col('b'),
  call('lt', col('x'), lit(1, 'float64')),
)
const windowAggs = fc.subarray<Agg>(
  [
    { fn: 'count', arg: null },
    { fn: 'count', arg: col('rx') },
    { fn: 'mean', arg: col('rb') },
    { fn: 'sum', arg: col('ri') },
    { fn: 'sum', arg: col('rx') },
    { fn: 'mean', arg: col('rf') },
    { fn: 'min', arg: col('rx') },
    { fn: 'max', arg: col('rt') },
    { fn: 'min', arg: col('rd') },
    { fn: 'max', arg: col('rb') },
    { fn: 'mean', arg: call('add', col('rn'), lit('1', 'int64')) },
  ],
  { minLength: 1 },
)
const groupAggs = fc.subarray<Agg>([
  { fn: 'count', arg: null },
  { fn: 'count', arg: col('k') },
  { fn: 'sum', arg: col('n') },
  { fn: 'mean', arg: col('i') },
  { fn: 'sum', arg: col('x') },
  { fn: 'mean', arg: col('f') },
  { fn: 'min', arg: col('x') },
  { fn: 'max', arg: col('f') },
  { fn: 'max', arg: col('t') },
  { fn: 'min', arg: col('b') },
  { fn: 'max', arg: col('k') },
  { fn: 'countDistinct', arg: col('x') },
  { fn: 'countDistinct', arg: col('k') },
  { fn: 'quantile', arg: col('x'), param: 0.5 },
])

/** The right table with the left one's columns. */
const asLeft = (right: Node, left: Node): Node =>
  build({ op: 'select', input: right, columns: left.schema.map(({ name }) => [name, col(`r${name}`)]) })

/** Steps that leave the left table's columns as they are called, so that others may follow. */
const middle = (right: Node): fc.Arbitrary<Step> =>
  fc.oneof(
    predicate.map(
      (e): Step =>
        (input) =>
          build({ op: 'filter', input, predicate: e }),
    ),
    fc.constant<Step>((input) =>
      build({
        op: 'derive',
        input,
        columns: [['i', call('coalesce', col('i'), call('add', col('n'), lit('1', 'int64')))]],
      }),
    ),
    fc.constant<Step>((input) => build({ op: 'distinct', input })),
    fc.constantFrom('union' as const, 'intersect' as const, 'except' as const).map(
      (op): Step =>
        (left) =>
          build({ op, left, right: asLeft(right, left) }),
    ),
    fc.tuple(fc.constantFrom('semi' as const, 'anti' as const), fc.constantFrom(...KEYS)).map(
      ([how, keys]): Step =>
        (left) =>
          build({ op: 'join', left, right, on: on(keys), how }),
    ),
    fc.tuple(fc.subarray(['k', 'x', 'b', 't', 'n', 'f', 'd'], { minLength: 1 }), fc.boolean()).map(
      ([by, descending]): Step =>
        (input) =>
          build({
            op: 'sort',
            input,
            keys: by.map((name, i) => ({ by: col(name), descending: (i === 0) === descending })),
          }),
    ),
    fc.tuple(fc.constantFrom('k', 'x', 't'), fc.integer({ min: 0, max: 12 })).map(
      ([by, count]): Step =>
        (input) =>
          build({ op: 'limit', input: build({ op: 'sort', input, keys: [{ by: col(by), descending: true }] }), count }),
    ),
  )

const frames = fc.constantFrom<Frame>(
  { unit: 'rows', from: -2, to: 0 },
  { unit: 'rows', from: 1, to: 3 },
  { unit: 'rows', from: null, to: -1 },
  { unit: 'range', from: null, to: 0 },
  { unit: 'range', from: 0, to: 0 },
  { unit: 'rows', from: null, to: null },
)
const windows: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom([], ['k'], ['x', 'b']), fc.constantFrom('i', 'k', 'f', 't'), fc.boolean(), frames)
  .map(
    ([by, key, descending, frame]): Step =>
      (input) =>
        build({
          op: 'window',
          input,
          by,
          order: [{ by: col(key), descending }],
          columns: [
            ['number', { fn: 'rowNumber' }],
            ['rank', { fn: 'rank' }],
            ['dense', { fn: 'denseRank' }],
            ['lag', { fn: 'lag', arg: col('k'), offset: 1 }],
            ['lead', { fn: 'lead', arg: col('x'), offset: 2 }],
            ['first', { fn: 'first', arg: col('b'), frame }],
            ['last', { fn: 'last', arg: col('t'), frame }],
            ['wn', { fn: 'aggregate', agg: { fn: 'count', arg: col('k') }, frame }],
            ['wsum', { fn: 'aggregate', agg: { fn: 'sum', arg: col('n') }, frame }],
            ['wfloats', { fn: 'aggregate', agg: { fn: 'sum', arg: col('x') }, frame }],
            ['wleast', { fn: 'aggregate', agg: { fn: 'min', arg: col('i') }, frame }],
            ['wmost', { fn: 'aggregate', agg: { fn: 'max', arg: col('f') }, frame }],
            ['wmean', { fn: 'aggregate', agg: { fn: 'mean', arg: col('i') }, frame }],
          ],
        }),
  )

const last = (right: Node): fc.Arbitrary<Step> =>
  fc.oneof(
    windows,
    fc.constant<Step>((n) => n),
    fc.tuple(fc.constantFrom('inner' as const, 'left' as const), fc.constantFrom(...KEYS)).map(
      ([how, keys]): Step =>
        (left) =>
          build({ op: 'join', left, right, on: on(keys), how }),
    ),
    fc.tuple(fc.constantFrom(...KEYS, []), groupAggs).map(
      ([by, aggs]): Step =>
        (input) =>
          build({ op: 'aggregate', input, by, aggs: [['rows', { fn: 'count', arg: null }], ...named(aggs)] }),
    ),
    fc.tuple(fc.constantFrom(['k'], ['i'], ['x', 'b']), fc.integer({ min: 1, max: 6 }), windowAggs).map(
      ([keys, hours, aggs]): Step =>
        (left) =>
          build({
            op: 'asof',
            left,
            right: build({
              op: 'rolling',
              input: right,
              by: keys.map((name) => `r${name}`),
              on: 'rt',
              over: hours * HOUR,
              aggs: named(aggs),
            }),
            by: on(keys),
            at: 't',
            on: 'rt',
          }),
    ),
    fc.tuple(fc.constantFrom(['k'], ['i'], ['x', 'b']), windowAggs).map(
      ([keys, aggs]): Step =>
        () =>
          build({
            op: 'rolling',
            input: right,
            by: keys.map((name) => `r${name}`),
            on: 'rt',
            over: 2 * HOUR,
            aggs: named(aggs),
          }),
    ),
    fc.tuple(fc.constantFrom(['k'], ['i'], ['x', 'b']), fc.option(fc.integer({ min: 0, max: 4 }))).map(
      ([keys, hours]): Step =>
        (left) =>
          build({
            op: 'asof',
            left,
            right,
            by: on(keys),
            at: 't',
            on: 'rt',
            ...(hours === null ? {} : { within: hours * HOUR }),
          }),
    ),
  )

/** Plans of several tables that the device claims to take whole; rows of one table may be read more than once. */
export const devicePlansOfTables: fc.Arbitrary<Node> = fc.tuple(table('', 40), table('r', 20)).chain(([left, right]) =>
  fc
    .tuple(
      fc.array(middle(right), { maxLength: 2 }),
      last(right),
      fc.option(
        fc.constantFrom<Step>(
          (input) =>
            build({ op: 'sort', input, keys: input.schema.map((f) => ({ by: col(f.name), descending: false })) }),
          (input) =>
            build({ op: 'derive', input, columns: [['more', call('isNull', col(input.schema[0]?.name ?? 'k'))]] }),
        ),
      ),
    )
    .map(([steps, end, after]) => {
      const n = end(steps.reduce((input, step) => step(input), left))
      return after ? after(n) : n
    }),
)
