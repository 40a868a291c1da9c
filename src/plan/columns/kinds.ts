import type { Expr } from '../expr.ts'
import type { ScalarType, TypeName } from '../types.ts'
import type { DateCol, DurationCol, InstantCol, LocalCol } from './time-kinds.ts'

/**
 * The typed shell around an expression that row callbacks get. Which methods a column has follows from its type,
 * so a mistake is underlined in the editor; the same check runs when the plan is built.
 */
export interface Col<T extends TypeName = TypeName> {
  readonly expr: Expr
  readonly type: T
  isNull(): BoolCol
  eq(other: In<T>): BoolCol
  ne(other: In<T>): BoolCol
  /** The first of the two that is not null. */
  orElse(other: In<T>): ColOf<T>
  isIn(values: readonly In<T>[]): BoolCol
  /** Strict: the whole text must parse, a number must fit. `onError: 'null'` gives null where it does not. */
  cast<U extends TypeName>(to: U, options?: { onError?: 'fail' | 'null' }): ColOf<U>
  /** Whether the value could not be computed for a row: an overflow, a text that is no number. Never fails itself. */
  fails(): BoolCol
  /** The value, or null where it could not be computed. */
  orNull(): ColOf<T>
}
export interface Ordered<T extends TypeName> extends Col<T> {
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
  choose<T extends TypeName>(yes: Col<T>, no: Col<T>): ColOf<T>
}
export type Num = 'int32' | 'int64' | 'float32' | 'float64'
type Int = NumCol<'int32'> | NumCol<'int64'>
/** What a plain number is beside an integer: one with a fraction makes a float of it. */
type OfNumber<N extends number | bigint> = number extends N ? 'int64' : `${N}` extends `${bigint}` ? 'int64' : 'float64'
type Wide<A, B> = A extends 'float32' | 'float64' ? 'float64' : B extends 'float32' | 'float64' ? 'float64' : 'int64'
interface Compared {
  eq(other: AnyNum): BoolCol
  ne(other: AnyNum): BoolCol
  lt(other: AnyNum): BoolCol
  le(other: AnyNum): BoolCol
  gt(other: AnyNum): BoolCol
  ge(other: AnyNum): BoolCol
  between(low: AnyNum, high: AnyNum): BoolCol
}
interface Maths {
  /** Always float64; division by zero gives ±∞ or NaN. */
  div(other: AnyNum): NumCol<'float64'>
  /** −1, 0 or 1; NaN counts as the greatest number. */
  sign(): NumCol<'int64'>
  sqrt(): NumCol<'float64'>
  ln(): NumCol<'float64'>
  log10(): NumCol<'float64'>
  exp(): NumCol<'float64'>
  pow(exponent: AnyNum): NumCol<'float64'>
  /** Of radians. */
  sin(): NumCol<'float64'>
  cos(): NumCol<'float64'>
}
export interface NumCol<T extends Num = Num> extends Omit<Ordered<T>, keyof Compared>, Compared, Maths {
  plus<B extends Num>(other: NumCol<B>): NumCol<Wide<T, B>>
  plus<N extends number | bigint>(other: N): NumCol<Wide<T, OfNumber<N>>>
  plus(other: DecimalCol): T extends 'float32' | 'float64' ? NumCol<'float64'> : DecimalCol
  minus<B extends Num>(other: NumCol<B>): NumCol<Wide<T, B>>
  minus<N extends number | bigint>(other: N): NumCol<Wide<T, OfNumber<N>>>
  minus(other: DecimalCol): T extends 'float32' | 'float64' ? NumCol<'float64'> : DecimalCol
  times<B extends Num>(other: NumCol<B>): NumCol<Wide<T, B>>
  times<N extends number | bigint>(other: N): NumCol<Wide<T, OfNumber<N>>>
  times(other: DecimalCol): T extends 'float32' | 'float64' ? NumCol<'float64'> : DecimalCol
  /** Of integers, toward zero; fails on zero. */
  intDiv(this: Int, other: Int | number | bigint): NumCol<'int64'>
  mod<B extends Num>(other: NumCol<B>): NumCol<Wide<T, B>>
  mod<N extends number | bigint>(other: N): NumCol<Wide<T, OfNumber<N>>>
  abs(): NumCol<T>
  neg(): NumCol<T>
  floor(): NumCol<T>
  ceil(): NumCol<T>
  trunc(): NumCol<T>
  /** Half away from zero, to whole numbers or to so many digits after the point. */
  round(digits?: number): NumCol<T>
  /** For floats: whether it is NaN, which is not null. */
  isNaN(this: NumCol<'float32'> | NumCol<'float64'>): BoolCol
  /** 32 bits for splits and samples; of integers. */
  hash32(this: Int): NumCol<'int64'>
}
/** Exact numbers of up to 18 digits. */
export interface DecimalCol<T extends `decimal(${number}, ${number})` = `decimal(${number}, ${number})`>
  extends Omit<Ordered<T>, keyof Compared>,
    Compared,
    Maths {
  plus(other: NumCol<'int32'> | NumCol<'int64'> | DecimalCol | number | bigint | string): DecimalCol
  plus(other: NumCol<'float32'> | NumCol<'float64'>): NumCol<'float64'>
  minus(other: NumCol<'int32'> | NumCol<'int64'> | DecimalCol | number | bigint | string): DecimalCol
  minus(other: NumCol<'float32'> | NumCol<'float64'>): NumCol<'float64'>
  times(other: NumCol<'int32'> | NumCol<'int64'> | DecimalCol | number | bigint | string): DecimalCol
  times(other: NumCol<'float32'> | NumCol<'float64'>): NumCol<'float64'>
  abs(): DecimalCol<T>
  neg(): DecimalCol<T>
  floor(): DecimalCol
  ceil(): DecimalCol
  trunc(): DecimalCol
  round(digits?: number): DecimalCol
}
export type AnyNum =
  | NumCol<'int32'>
  | NumCol<'int64'>
  | NumCol<'float32'>
  | NumCol<'float64'>
  | DecimalCol
  | number
  | bigint
  | string
export interface StringCol extends Ordered<'string'> {
  /** In code points. */
  length(): NumCol<'int64'>
  lower(): StringCol
  upper(): StringCol
  /** Without spaces at both ends. */
  trim(): StringCol
  concat(...others: In<'string'>[]): StringCol
  contains(part: In<'string'>): BoolCol
  startsWith(part: In<'string'>): BoolCol
  endsWith(part: In<'string'>): BoolCol
  /** So many code points from a position; the first is 1. */
  substring(from: number | NumCol<'int64'>, length: number | NumCol<'int64'>): StringCol
  replace(part: In<'string'>, by: In<'string'>): StringCol
  split(separator: string): ListCol<'string'>
  /** Unicode's NFC. */
  normalize(): StringCol
  /** Its words: runs of letters and digits, in lower case. */
  tokens(): ListCol<'string'>
  /** Every run of so many characters: what finds Korean words under their particles. */
  charNgrams(characters: number): ListCol<'string'>
  /** Whether an RE2 pattern matches anywhere. */
  matches(pattern: string): BoolCol
  /** What the pattern, or one of its groups, matched first; null without a match. */
  extract(pattern: string, group?: number): StringCol
  replaceMatches(pattern: string, by: string): StringCol
  /** What JSON text holds at a path such as `$.customer.tags[0]`; null where it is of another type. Fails where the text is not JSON. */
  jsonString(path: string): StringCol
  jsonNumber(path: string): NumCol<'float64'>
  jsonBool(path: string): BoolCol
  jsonLength(path: string): NumCol<'int64'>
  /** A wall clock from text: `%Y-%m-%d %H:%M:%S`, `%f` for six digits of a second, `%-m` for one digit or two. Fails where the text is not one. */
  parseTime(format: string): LocalCol
  hash32(): NumCol<'int64'>
}
export interface ListCol<E extends TypeName> extends Omit<Col<TypeName>, 'type' | 'orNull'> {
  readonly type: E extends ScalarType ? `${E}[]` : TypeName
  orNull(): ListCol<E>
  length(): NumCol<'int64'>
  /** The item at a position from 0; a negative one counts from the end. Null where there is none. */
  at(position: number | NumCol<'int64'>): ColOf<E>
  contains(value: In<E>): BoolCol
  /** How often a value stands in it. */
  count(value: In<E>): NumCol<'int64'>
  /** Each item once, in order, without nulls. */
  distinct(): ListCol<E>
  /** For lists of text: every run of so many words. */
  ngrams(words: number): ListCol<'string'>
  /** For lists of text; nulls are skipped. */
  join(separator: string): StringCol
}
export interface StructCol<F extends { readonly [name: string]: TypeName }>
  extends Omit<Col<TypeName>, 'type' | 'orNull'> {
  readonly type: F
  orNull(): StructCol<F>
  field<K extends keyof F & string>(name: K): ColOf<F[K]>
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
              : T extends `${infer E extends ScalarType | `decimal(${number}, ${number})`}[]`
                ? ListCol<E>
                : T extends `decimal(${number}, ${number})`
                  ? DecimalCol<T>
                  : T extends { readonly [name: string]: TypeName }
                    ? StructCol<T>
                    : T extends TypeName
                      ? Col<T>
                      : never

/** What may stand where a column of type T is expected: such a column or a plain value. Times are ISO strings. */
export type In<T> =
  | ColOf<T>
  | (T extends 'bool'
      ? boolean
      : T extends Num
        ? number | bigint
        : T extends `decimal(${number}, ${number})`
          ? number | bigint | string
          : T extends 'duration'
            ? Col<'duration'>
            : T extends 'bytes' | { readonly [name: string]: TypeName }
              ? never
              : T extends 'string' | 'date' | 'timestamp' | 'local timestamp'
                ? string
                : never)

/** What a table looks like to TypeScript: column name → type name. */
export type Columns = Record<string, TypeName>
export type Row<S> = { readonly [K in keyof S]: ColOf<S[K]> }
