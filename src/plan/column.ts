import { call, col, type Expr, type FunctionName } from './expr.ts'
import { infer } from './infer.ts'
import { literal } from './literal.ts'
import { type ScalarType, type Schema, type Type, unknownColumn } from './types.ts'

/**
 * The typed shell around an expression that row callbacks get. Which methods a column has follows from its type,
 * so a mistake is underlined in the editor; the same check runs when the plan is built.
 */
export interface Col<T extends ScalarType = ScalarType> {
  readonly expr: Expr
  readonly type: T
  isNull(): Col<'bool'>
  eq(other: In<T>): Col<'bool'>
  ne(other: In<T>): Col<'bool'>
  /** The first of the two that is not null. */
  orElse(other: In<T>): Col<T>
  isIn(values: readonly In<T>[]): Col<'bool'>
  cast<U extends ScalarType>(to: U, options?: { onError?: 'fail' | 'null' }): ColOf<U>
}
interface Ordered<T extends ScalarType> extends Col<T> {
  lt(other: In<T>): BoolCol
  le(other: In<T>): BoolCol
  gt(other: In<T>): BoolCol
  ge(other: In<T>): BoolCol
  /** Both ends included. */
  between(low: In<T>, high: In<T>): BoolCol
}
export interface BoolCol extends Col<'bool'> {
  and(other: In<'bool'>): BoolCol
  or(other: In<'bool'>): BoolCol
  not(): BoolCol
  /** `yes` where this holds, `no` elsewhere (and where it is null). */
  choose<T extends ScalarType>(yes: Col<T>, no: Col<T>): ColOf<T>
}
type Num = 'int32' | 'int64' | 'float32' | 'float64'
type Wide<A, B> = A extends 'float32' | 'float64' ? 'float64' : B extends 'float32' | 'float64' ? 'float64' : 'int64'
export interface NumCol<T extends Num = Num>
  extends Omit<Ordered<T>, 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'between'> {
  eq(other: AnyNum): BoolCol
  ne(other: AnyNum): BoolCol
  lt(other: AnyNum): BoolCol
  le(other: AnyNum): BoolCol
  gt(other: AnyNum): BoolCol
  ge(other: AnyNum): BoolCol
  between(low: AnyNum, high: AnyNum): BoolCol
  plus<B extends Num>(other: NumCol<B>): NumCol<Wide<T, B>>
  plus(other: number): NumCol<T>
  minus<B extends Num>(other: NumCol<B>): NumCol<Wide<T, B>>
  minus(other: number): NumCol<T>
  times<B extends Num>(other: NumCol<B>): NumCol<Wide<T, B>>
  times(other: number): NumCol<T>
  /** Always float64; division by zero gives ±∞ or NaN. */
  div(other: AnyNum): NumCol<'float64'>
  mod(other: AnyNum): NumCol<T>
  abs(): NumCol<T>
  neg(): NumCol<T>
  sqrt(): NumCol<'float64'>
  ln(): NumCol<'float64'>
  exp(): NumCol<'float64'>
  floor(): NumCol<T>
  ceil(): NumCol<T>
  /** Half away from zero. */
  round(): NumCol<T>
}
type AnyNum = NumCol<'int32'> | NumCol<'int64'> | NumCol<'float32'> | NumCol<'float64'> | number
export interface StringCol extends Ordered<'string'> {
  length(): NumCol<'int64'>
  lower(): StringCol
  upper(): StringCol
  trim(): StringCol
  concat(...others: In<'string'>[]): StringCol
  contains(part: In<'string'>): BoolCol
  startsWith(part: In<'string'>): BoolCol
  endsWith(part: In<'string'>): BoolCol
}
interface Calendar {
  year(): NumCol<'int64'>
  month(): NumCol<'int64'>
  day(): NumCol<'int64'>
  /** 1 Monday … 7 Sunday. */
  weekday(): NumCol<'int64'>
  dayOfYear(): NumCol<'int64'>
}
export interface DateCol extends Ordered<'date'>, Calendar {}
export interface LocalCol extends Ordered<'local timestamp'>, Calendar {
  plus(d: Col<'duration'>): LocalCol
  minus(d: Col<'duration'>): LocalCol
  hour(): NumCol<'int64'>
  minute(): NumCol<'int64'>
  /** 0 … 1439. */
  minuteOfDay(): NumCol<'int64'>
  toDate(): DateCol
  /** Reads the wall clock as UTC. */
  toInstant(): InstantCol
}
export interface InstantCol extends Ordered<'timestamp'> {
  plus(d: Col<'duration'>): InstantCol
  minus(d: Col<'duration'>): InstantCol
  /** The wall clock in UTC. */
  toLocal(): LocalCol
}
export interface DurationCol extends Ordered<'duration'> {
  plus(d: Col<'duration'>): DurationCol
  minus(d: Col<'duration'>): DurationCol
}
export type ColOf<T> = T extends 'bool'
  ? BoolCol
  : T extends Num
    ? NumCol<T>
    : T extends 'string'
      ? StringCol
      : T extends 'date'
        ? DateCol
        : T extends 'local timestamp'
          ? LocalCol
          : T extends 'timestamp'
            ? InstantCol
            : T extends 'duration'
              ? DurationCol
              : T extends ScalarType
                ? Col<T>
                : never

/** What may stand where a column of type T is expected: such a column or a plain value. Times are ISO strings. */
export type In<T extends ScalarType> =
  | ColOf<T>
  | (T extends 'bool' ? boolean : T extends Num ? number : T extends 'bytes' | 'duration' ? never : string)

/** What a table looks like to TypeScript: column name → type name. */
export type Columns = Record<string, ScalarType>
export type Row<S> = { readonly [K in keyof S]: ColOf<S[K]> }

const METHODS: Record<string, FunctionName> = {
  isNull: 'isNull',
  eq: 'eq',
  ne: 'ne',
  lt: 'lt',
  le: 'le',
  gt: 'gt',
  ge: 'ge',
  orElse: 'coalesce',
  and: 'and',
  or: 'or',
  not: 'not',
  times: 'mul',
  div: 'div',
  mod: 'mod',
  abs: 'abs',
  neg: 'neg',
  sqrt: 'sqrt',
  ln: 'ln',
  exp: 'exp',
  floor: 'floor',
  ceil: 'ceil',
  round: 'round',
  length: 'length',
  lower: 'lower',
  upper: 'upper',
  trim: 'trim',
  concat: 'concat',
  contains: 'contains',
  startsWith: 'startsWith',
  endsWith: 'endsWith',
  year: 'year',
  month: 'month',
  day: 'day',
  weekday: 'weekday',
  dayOfYear: 'dayOfYear',
  hour: 'hour',
  minute: 'minute',
  minuteOfDay: 'minuteOfDay',
  toDate: 'toDate',
  toInstant: 'toInstant',
  toLocal: 'toLocal',
}

/** Wraps an expression over `schema`. The methods are the ones of its type; a wrong one fails by name. */
export function column(expr: Expr, schema: Schema, where: string): Col {
  const { type } = infer(expr, schema, where)
  if (typeof type !== 'string') return Object.freeze({ expr, type: type as never }) as unknown as Col
  const wrap = (e: Expr): Col => column(e, schema, where)
  const arg = (value: unknown): Expr => operand(value, type)
  const shell: Record<string, unknown> = { expr, type }
  for (const [method, fn] of Object.entries(METHODS))
    shell[method] = (...args: unknown[]) => wrap(call(fn, expr, ...args.map(arg)))
  const timeShift = (fn: FunctionName, durationFn: FunctionName) => (other: unknown) => {
    if (type === 'duration') return wrap(call(durationFn, expr, arg(other)))
    if (type === 'timestamp' || type === 'local timestamp') return wrap(call(durationFn, expr, (other as Col).expr))
    return wrap(call(fn, expr, arg(other)))
  }
  shell['plus'] = timeShift('add', 'addDuration')
  shell['minus'] = timeShift('sub', 'subDuration')
  shell['isIn'] = (values: unknown[]) => wrap(call('isIn', expr, ...values.map(arg)))
  shell['between'] = (low: unknown, high: unknown) =>
    wrap(call('and', call('ge', expr, arg(low)), call('le', expr, arg(high))))
  shell['cast'] = (to: ScalarType, options: { onError?: 'fail' | 'null' } = {}) =>
    wrap({ op: 'cast', arg: expr, to, onError: options.onError ?? 'fail' })
  shell['choose'] = (yes: Col, no: Col) => wrap({ op: 'case', when: [[expr, yes.expr]], otherwise: no.expr })
  return Object.freeze(shell) as unknown as Col
}

/** A column or a plain value as an expression; a value takes the type of what it meets. */
export function operand(value: unknown, like: Type): Expr {
  if (value !== null && typeof value === 'object' && 'expr' in value) return (value as Col).expr
  return literal(value, like)
}

/** The `r` of a row callback: one column shell a name; an unknown name fails and says which exist. */
export function rowOf<S>(schema: Schema, where: string): Row<S> {
  const names = schema.map((f) => f.name)
  return new Proxy({} as Row<S>, {
    get(_, name) {
      if (typeof name !== 'string') return undefined
      if (!names.includes(name)) throw unknownColumn(name, names, where)
      return column(col(name), schema, where)
    },
    has: (_, name) => names.includes(String(name)),
    ownKeys: () => names,
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  })
}
