import fc from 'fast-check'
import { call, col, type Expr, lit } from '../../plan/expr.ts'

export const text = fc.constantFrom('', 'a', 'b', 'A b', '7', '-12', '한글', '\u00e9', 'e\u0301', '😀', '\uffff')
/** Sixteenths, whose sums are exact. */
export const dyadic = fc.integer({ min: -64, max: 64 }).map((k) => k / 16)
const integer = (n: number): Expr => lit(String(n), 'int64')

/** Numbers: integers, floats, decimals; some fail for some rows. */
export const numberExpr: fc.Arbitrary<Expr> = fc.letrec<{ n: Expr }>((tie) => ({
  n: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(col('i'), col('x'), col('m')),
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
    fc.constantFrom(
      call('length', col('k')),
      call('hash32', col('k')),
      call('hash32', col('i')),
      call('combine32', call('hash32', col('k')), integer(7)),
      call('listLength', col('v')),
      call('listGet', col('v'), integer(-1)),
      call('quarter', col('d')),
      call('isoWeek', col('d')),
      call('second', col('l')),
      call('sign', col('x')),
      call('hour', call('toLocal', col('t'), lit('Asia/Seoul', 'string'))),
      call('day', call('addMonths', col('d'), integer(13))),
      call('day', call('truncate', col('l'), lit('week', 'string'))),
      call('inMicros', call('diffTime', col('d'), lit(0, 'date'))),
    ),
    // fail for some rows
    fc
      .tuple(fc.constantFrom('intDiv' as const, 'mod' as const), fc.integer({ min: -1, max: 2 }))
      .map(([f, n]) => call(f, integer(100), call('sub', col('i'), integer(n)))),
    fc.constant<Expr>({ op: 'cast', arg: col('k'), to: 'int64', onError: 'fail' }),
    fc.constant<Expr>({ op: 'cast', arg: col('k'), to: 'float64', onError: 'null' }),
    tie('n').map((a) => call('orNull', a)),
    fc.tuple(tie('n'), tie('n')).map(([a, b]) => call('coalesce', a, b)),
    // quarters or whole numbers: sums of them are exact in any order
    fc.constantFrom(0, 2).map((n) => call('roundTo', col('m'), integer(n))),
  ),
})).n

export const boolExpr: fc.Arbitrary<Expr> = fc.letrec<{ c: Expr }>((tie) => ({
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
    fc.constantFrom('k', 'i', 'x', 'b', 't', 'd', 'm', 'v').map((name) => call('isNull', col(name))),
    numberExpr.map((a) => call('fails', a)),
    fc.constantFrom('^a', '[가-힣]+', '\\d', '(?i)a b').map((p) => call('matches', col('k'), lit(p, 'string'))),
    fc.constant(call('listContains', col('v'), integer(1))),
    fc.tuple(tie('c'), tie('c'), tie('c')).map(([a, b, c]): Expr => ({ op: 'case', when: [[a, b]], otherwise: c })),
  ),
})).c

export const shifted: fc.Arbitrary<Expr> = fc
  .tuple(
    fc.constantFrom('addDuration' as const, 'subDuration' as const),
    fc.constantFrom('t', 'l'),
    fc.integer({ min: -90, max: 90 }),
  )
  .map(([f, name, m]) => call(f, col(name), call('micros', call('mul', integer(m), integer(60_000_000)))))
