import fc from 'fast-check'
import { call, col, type Expr, type FunctionName, type Literal, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { ScalarType, Schema } from '../../plan/types.ts'
import type { Tuple } from '../closures.ts'
import { literalValue } from '../values.ts'

const TYPES: Readonly<Record<string, ScalarType>> = {
  k: 'string',
  s: 'string',
  i: 'int64',
  j: 'int64',
  n: 'int32',
  x: 'float64',
  y: 'float64',
  f: 'float32',
  b: 'bool',
  t: 'timestamp',
  l: 'local timestamp',
  d: 'date',
  u: 'duration',
}
/** Columns of every kind; some are never null. */
export const SCHEMA: Schema = Object.entries(TYPES).map(([name, type]) => ({
  name,
  type,
  nullable: name !== 's' && name !== 'j',
}))

const nullable = <T>(a: fc.Arbitrary<T>) => fc.option(a, { freq: 6, nil: null })
const texts = fc.constantFrom('', 'a', 'B', ' A b ', '한글', 'e\u0301', '😀', '\uffff', '12', '-7', '1e3', 'true')
const EDGES =
  '0 1 -1 9007199254740991 -9007199254740992 9007199254740993 4294967296 9223372036854775807 -9223372036854775808'.split(
    ' ',
  )
const longs = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -50, max: 50 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES) },
)
const floats = fc.oneof(
  fc.integer({ min: -40, max: 40 }).map((k) => k / 8),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 1e19, -(2 ** 53), 2 ** 60, 0.49999999999999994, 1e-300),
)
const micros = fc.oneof(
  fc.integer({ min: -40, max: 40 }).map((h) => String(h * 1_800_000_000)),
  fc.integer({ min: -80_000, max: 90_000 }).map((d) => String(d * 86_400_000_000 - 1)),
)
const int32s = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(2147483647, -2147483648))
const days = fc.integer({ min: -200_000, max: 200_000 })
const OF: Readonly<Record<string, fc.Arbitrary<Literal>>> = {
  string: texts,
  int64: longs,
  int32: int32s,
  float64: floats,
  float32: floats.map(Math.fround),
  bool: fc.boolean(),
  timestamp: micros,
  'local timestamp': micros,
  date: days,
  duration: longs,
}
const literalOf = (type: ScalarType) => nullable(OF[type] as fc.Arbitrary<Literal>).map((v) => lit(v, type))
const colOf = (type: ScalarType, extra: readonly string[] = []) =>
  fc.constantFrom(...Object.keys(TYPES).filter((c) => TYPES[c] === type), ...extra).map(col)

export type Kinds = { int: Expr; float: Expr; bool: Expr; text: Expr; time: Expr; local: Expr; span: Expr }
/** Expressions over SCHEMA, and over `added` columns of some kinds; many fail for some rows. */
export function expressions(added: Partial<Record<keyof Kinds, readonly string[]>> = {}) {
  return fc.letrec<Kinds>((tie) => {
    const fn = (names: FunctionName[], ...args: fc.Arbitrary<Expr>[]) =>
      fc.tuple(fc.constantFrom(...names), ...args).map(([f, ...rest]) => call(f as FunctionName, ...(rest as Expr[])))
    const kind = (name: keyof Kinds, type: ScalarType, ...more: fc.Arbitrary<Expr>[]) => {
      const self = tie(name)
      return fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        colOf(type, added[name]),
        literalOf(type),
        ...more,
        fc.tuple(tie('bool'), self, tie('bool'), self, self).map(
          ([c, v, c2, v2, otherwise]): Expr => ({
            op: 'case',
            when: [
              [c, v],
              [c2, v2],
            ],
            otherwise,
          }),
        ),
        fn(['coalesce', 'least', 'greatest'], self, self),
        fn(['coalesce'], self, self, self),
        fn(['orNull'], self),
      )
    }
    const cast = (from: keyof Kinds, to: ScalarType) =>
      fc
        .tuple(tie(from), fc.constantFrom('fail' as const, 'null' as const))
        .map(([arg, onError]): Expr => ({ op: 'cast', arg, to, onError }))
    const lookup = (on: keyof Kinds, key: ScalarType, type: ScalarType, also?: keyof Kinds) =>
      fc
        .tuple(
          tie(on),
          also ? tie(also) : fc.constant(null),
          fc.array(
            fc.tuple(
              nullable(OF[key] as fc.Arbitrary<Literal>),
              nullable(fc.boolean()),
              nullable(OF[type] as fc.Arbitrary<Literal>),
            ),
            { maxLength: 5 },
          ),
          nullable(OF[type] as fc.Arbitrary<Literal>),
        )
        .map(
          ([a, b, rows, fallback]): Expr => ({
            op: 'lookup',
            args: b ? [a, b] : [a],
            type,
            fallback,
            table: { keys: rows.map(([k, c]) => (b ? [k, c] : [k])), values: rows.map((r) => r[2]) },
          }),
        )
    const [int, float, bool, text, time, local, span] = (
      ['int', 'float', 'bool', 'text', 'time', 'local', 'span'] as const
    ).map((n) => tie(n)) as fc.Arbitrary<Expr>[] as [
      fc.Arbitrary<Expr>,
      fc.Arbitrary<Expr>,
      fc.Arbitrary<Expr>,
      fc.Arbitrary<Expr>,
      fc.Arbitrary<Expr>,
      fc.Arbitrary<Expr>,
      fc.Arbitrary<Expr>,
    ]
    return {
      int: kind(
        'int',
        'int64',
        fn(['add', 'sub', 'mul', 'intDiv', 'mod'], int, int),
        fn(['add', 'mul', 'sub'], int, colOf('int32')),
        fn(['neg', 'abs', 'round'], int),
        fn(['length'], text),
        fn(['hash32'], fc.oneof(int, text, time)),
        fn(['year', 'month', 'day', 'weekday', 'dayOfYear'], fc.oneof(local, colOf('date'))),
        fn(['hour', 'minute', 'minuteOfDay'], local),
        cast('float', 'int64'),
        cast('text', 'int64'),
        cast('bool', 'int64'),
        lookup('text', 'string', 'int64'),
        lookup('int', 'int64', 'int64', 'bool'),
      ),
      float: kind(
        'float',
        'float64',
        fn(['add', 'sub', 'mul', 'div', 'mod', 'pow'], float, float),
        fn(['add', 'mul'], float, int),
        fn(['div', 'pow'], int, int),
        fn(['neg', 'abs', 'floor', 'ceil', 'round', 'trunc', 'sqrt', 'ln', 'exp'], float),
        cast('int', 'float64'),
        cast('text', 'float64'),
        lookup('int', 'int64', 'float64'),
        lookup('text', 'string', 'float64', 'bool'),
      ),
      bool: kind(
        'bool',
        'bool',
        fn(['lt', 'le', 'eq', 'ne', 'gt', 'ge'], int, fc.oneof(int, float)),
        fn(['lt', 'le', 'eq', 'ne', 'gt', 'ge'], float, fc.oneof(float, int)),
        fn(['lt', 'eq', 'ge', 'ne'], text, text),
        fn(['eq', 'lt'], bool, bool),
        fn(['gt', 'eq'], time, time),
        fn(['and', 'or'], bool, bool),
        fn(['not'], bool),
        fn(['isNull', 'fails'], fc.oneof(int, float, text, bool, time)),
        fn(['isNaN'], float),
        fn(['contains', 'startsWith', 'endsWith'], text, text),
        fn(['isIn'], text, literalOf('string'), literalOf('string')),
        fn(['isIn'], int, literalOf('int64'), literalOf('int64'), int),
        fn(['isIn'], float, literalOf('float64'), literalOf('int64')),
        cast('int', 'bool'),
      ),
      text: kind(
        'text',
        'string',
        fn(['lower', 'upper', 'trim'], text),
        fn(['concat', 'replace'], text, text, text),
        fn(['substring'], text, fc.constantFrom(lit('1', 'int64'), lit('2', 'int64')), fc.constant(lit('2', 'int64'))),
        cast('int', 'string'),
        lookup('text', 'string', 'string'),
      ),
      time: kind('time', 'timestamp', fn(['addDuration', 'subDuration'], time, span), fn(['toInstant'], local)),
      local: kind('local', 'local timestamp', fn(['addDuration', 'subDuration'], local, span), fn(['toLocal'], time)),
      span: kind(
        'span',
        'duration',
        fn(['diffTime'], colOf('timestamp'), colOf('timestamp')),
        fn(['diffTime'], colOf('date'), colOf('date')),
        fn(['micros'], fc.oneof(int, float)),
        fn(['add'], int, int).map((e) => call('micros', e)),
      ),
    }
  })
}

const ADDED = { int: ['p'], float: ['q'], bool: ['r'], text: ['w'] } as const

/** Plans that derive, filter by what they derived, derive again from both, and select some of it all. */
export const rowWise: fc.Arbitrary<Node> = (() => {
  const first = expressions()
  const second = expressions(ADDED)
  const derived = fc.record({ p: first.int, q: first.float, r: first.bool, w: first.text })
  const then = fc.record({
    a: second.int,
    c: second.float,
    e: second.bool,
    g: second.text,
    h: second.time,
    m: second.local,
    o: second.span,
  })
  const names = [...Object.keys(TYPES), 'p', 'q', 'r', 'w', 'a', 'c', 'e', 'g', 'h', 'm', 'o']
  return fc
    .tuple(derived, nullable(second.bool), nullable(second.bool), then, fc.subarray(names, { minLength: 1 }))
    .map(([before, keep, drop, after, out]) => {
      let n: Node = build({ op: 'scan', from: { kind: 'record' }, schema: SCHEMA })
      n = build({ op: 'derive', input: n, columns: Object.entries(before) })
      if (keep) n = build({ op: 'filter', input: n, predicate: keep })
      if (drop) n = build({ op: 'reject', input: n, predicate: drop, reason: 'generated', when: 'always' })
      n = build({ op: 'derive', input: n, columns: Object.entries(after) })
      return build({ op: 'select', input: n, columns: out.map((name) => [name, col(name)]) })
    })
})()

/** Rows of SCHEMA as engines compute with them. */
export const tuples: fc.Arbitrary<Tuple[]> = fc.array(
  fc
    .tuple(
      ...SCHEMA.map((f) =>
        f.nullable
          ? nullable(OF[f.type as string] as fc.Arbitrary<Literal>)
          : (OF[f.type as string] as fc.Arbitrary<Literal>),
      ),
    )
    .map((row) => (row as Literal[]).map((v, i) => literalValue(v, SCHEMA[i]?.type ?? 'string'))),
  { maxLength: 20 },
)
