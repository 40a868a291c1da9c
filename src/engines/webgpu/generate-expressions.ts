import fc from 'fast-check'
import { call, col, type Expr, type FunctionName, lit } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import { sameType, type Type } from '../../plan/types.ts'
import { KINDS, type Kind, TYPE } from './generate-kinds.ts'
import { textFunctions } from './generate-texts.ts'
import { floats, LONG, MONEY, maybe, SCHEMA, TYPES, valuesOf, ZONES } from './generate-values.ts'

/** Expressions of each kind, made of all that the device claims to compute; `computed`: floats are computed with, too. */
export const expressionsOf = (computed: boolean) =>
  fc.letrec<Record<Kind, Expr>>((tie) => {
    const fn = (names: readonly FunctionName[], ...args: fc.Arbitrary<Expr>[]) =>
      fc.tuple(fc.constantFrom(...names), ...args).map(([name, ...a]) => call(name as FunctionName, ...(a as Expr[])))
    const cast = (a: fc.Arbitrary<Expr>, to: Type) =>
      fc
        .tuple(a, fc.constantFrom('fail' as const, 'null' as const))
        .map(([arg, onError]): Expr => ({ op: 'cast', arg, to, onError }))
    const alike = (f: (kind: Kind) => fc.Arbitrary<Expr>, kinds: readonly Kind[] = KINDS) => fc.oneof(...kinds.map(f))
    /** A look-up in a table of a few keys of what the arguments' types have, null among them. */
    const table = (type: Type, ...args: fc.Arbitrary<Expr>[]) =>
      fc.tuple(...args).chain((made) => {
        const types = made.map((e) => infer(e, SCHEMA, 'lookup').type)
        const value = maybe(valuesOf(type))
        const key = fc.tuple(...types.map((t) => maybe(valuesOf(t))))
        return fc.tuple(fc.array(fc.tuple(key, value), { maxLength: 5 }), value).map(
          ([rows, fallback]): Expr => ({
            op: 'lookup',
            args: made,
            table: { keys: rows.map(([k]) => k), values: rows.map(([, v]) => v) },
            fallback,
            type,
          }),
        )
      })
    const kind = (k: Kind, ...more: fc.Arbitrary<Expr>[]) => {
      const type = TYPE[k]
      const leaves = Object.keys(TYPES).filter((name) => sameType(TYPES[name] as Type, type))
      const self = tie(k)
      return fc.oneof(
        { maxDepth: 3, withCrossShrink: true, depthSize: 'small' },
        fc.constantFrom(...leaves.map(col)),
        maybe(valuesOf(type)).map((v) => lit(v, type)),
        fn(['orNull'], self),
        fn(['coalesce'], self, self),
        fc.tuple(tie('bool'), self, self).map(([c, v, o]): Expr => ({ op: 'case', when: [[c, v]], otherwise: o })),
        ...more,
      )
    }
    const [long, int, local, date, span] = [tie('long'), tie('int'), tie('local'), tie('date'), tie('span')]
    // floats are computed with a few steps deep: software drivers take seconds to compile what is deeper
    const float = fc.constantFrom('x', 'f').map(col)
    const sums = (a: fc.Arbitrary<Expr>, b: fc.Arbitrary<Expr>) => fn(['add', 'sub'], a, b)
    const rounded = (a: fc.Arbitrary<Expr>) =>
      fc.oneof(
        fn(['round', 'floor', 'ceil', 'trunc'], a),
        fn(
          ['roundTo'],
          a,
          fc.constantFrom(0, 1, 3).map((n) => lit(String(n), 'int64')),
        ),
      )
    const zoned = (name: 'toLocal' | 'toInstant', a: fc.Arbitrary<Expr>) => fn([name], a, ZONES)
    const number = fc.oneof(
      float,
      floats.map((v) => lit(v, 'float64')),
      fc
        .tuple(fc.constantFrom('add' as const, 'mul' as const), floats)
        .map(([fn, v]) => call(fn, col('x'), lit(v, 'float64'))),
    )
    const texts = textFunctions(tie('text'))
    const [money, exact] = [tie('money'), tie('exact')]
    const decimal = fc.oneof(money, exact)
    const extremes = (k: Kind) => fn(['least', 'greatest'], tie(k), tie(k), tie(k))
    return {
      long: kind(
        'long',
        fn(['add', 'sub', 'mul', 'intDiv', 'mod'], fc.oneof(long, int), fc.oneof(long, int)),
        fn(['neg', 'abs', 'sign'], long),
        fn(['sign'], int),
        fn(['year', 'quarter', 'month', 'day', 'weekday', 'dayOfYear'], fc.oneof(local, date)),
        fn(['hour', 'minute', 'second', 'minuteOfDay'], local),
        fn(['inMicros'], span),
        extremes('long'),
        cast(fc.oneof(int, tie('bool')), 'int64'),
        fn(['sign'], float),
        fn(['hash32'], fc.oneof(long, int, local, date)),
        fn(['combine32'], long, long),
        cast(decimal, 'int64'),
        fn(['sign'], decimal),
        texts.long,
        table('int64', tie('text'), tie('date')),
        ...(computed ? [cast(number, 'int64')] : []),
      ),
      int: kind(
        'int',
        fn(['neg', 'abs'], int),
        cast(fc.oneof(long, tie('bool')), 'int32'),
        extremes('int'),
        ...(computed ? [cast(number, 'int32')] : []),
      ),
      bool: kind(
        'bool',
        fn(['and', 'or'], tie('bool'), tie('bool')),
        fn(['not'], tie('bool')),
        alike((k) => fn(['isNull', 'fails'], tie(k))),
        alike((k) => fn(['eq', 'ne'], tie(k), tie(k))),
        alike((k) => fn(['lt', 'le', 'gt', 'ge'], tie(k), tie(k))),
        alike((k) => fn(['isIn'], tie(k), tie(k), tie(k))),
        fn(['isNaN'], fc.oneof(tie('float'), tie('single'))),
        fn(['lt', 'eq'], int, long),
        ...(computed ? [fn(['lt', 'eq'], fc.oneof(int, number), fc.oneof(long, number))] : []),
        cast(fc.oneof(int, long), 'bool'),
        texts.bool,
        fn(['lt', 'eq', 'ge'], decimal, fc.oneof(decimal, int)),
      ),
      text: kind('text', table('string', tie('text')), table('string', int, tie('bool')), texts.text, extremes('text')),
      float: kind(
        'float',
        extremes('float'),
        table('float64', long, tie('bool')),
        table('float64', tie('float')),
        ...(computed
          ? [
              fn(['add', 'sub', 'mul'], number, fc.oneof(number, long, int)),
              fn(['div'], fc.oneof(number, long), fc.oneof(number, int)),
              fn(['neg', 'abs', 'floor', 'ceil', 'round', 'trunc', 'sqrt', 'ln', 'log10', 'exp'], number),
              cast(fc.oneof(long, int, tie('single'), tie('bool')), 'float64'),
            ]
          : [fn(['neg', 'abs'], tie('float'))]),
      ),
      single: kind(
        'single',
        extremes('single'),
        fn(['neg', 'abs'], tie('single')),
        ...(computed
          ? [fn(['floor', 'ceil', 'round', 'trunc'], tie('single')), cast(fc.oneof(long, int, tie('float')), 'float32')]
          : []),
      ),
      instant: kind(
        'instant',
        fn(['addDuration', 'subDuration'], tie('instant'), span),
        fn(['toInstant'], local),
        zoned('toInstant', local),
      ),
      local: kind(
        'local',
        fn(['addDuration', 'subDuration'], local, span),
        fn(['toLocal'], tie('instant')),
        zoned('toLocal', tie('instant')),
        cast(date, 'local timestamp'),
      ),
      date: kind('date', fn(['toDate'], local), extremes('date')),
      span: kind(
        'span',
        fn(['micros'], fc.oneof(long, int)),
        ...(computed ? [fn(['micros'], number)] : []),
        fn(['diffTime'], local, local),
        fn(['diffTime'], date, date),
        cast(long, 'duration'),
      ),
      money: kind(
        'money',
        fn(['neg', 'abs'], money),
        extremes('money'),
        cast(fc.oneof(long, int, exact, tie('bool'), sums(exact, int)), MONEY),
        ...(computed ? [cast(number, MONEY)] : []),
      ),
      exact: kind(
        'exact',
        fn(['neg', 'abs'], exact),
        cast(fc.oneof(long, money, sums(decimal, fc.oneof(decimal, long, int)), rounded(decimal)), LONG),
        cast(fn(['mul'], money, fc.oneof(money, int)), LONG),
      ),
    }
  })
