import { isDecimal, isFloat, isInteger, scaleOf, type Type } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { decimalNumber } from '../casts.ts'
import { invalid } from '../values.ts'
import { big, divideRounded, fits, int64, num, roundHalfAway, type Scalar, type Scalars } from './scalar.ts'

/** Exact arithmetic on integers and decimals, IEEE on floats; both sides come widened to one type. */
const arithmetic =
  (fn: string, exact: (a: bigint, b: bigint) => bigint, float: (a: number, b: number) => number): Scalar =>
  ([a, b], [type]) =>
    isFloat(type as Type) ? float(num(a), num(b)) : fits(exact(big(a), big(b)), type, fn)

const float =
  (f: (x: number) => number): Scalar =>
  ([a], [type]) =>
    f(asFloat(a, type))

export const asFloat = (v: Value | undefined, type: Type | undefined): number =>
  type !== undefined && isDecimal(type) ? decimalNumber(v as bigint, scaleOf(type)) : Number(v)

/** Rounds floats by `f`, decimals by `exact` to whole numbers; leaves integers as they are. */
const rounding =
  (f: (x: number) => number, exact: (a: bigint, unit: bigint) => bigint): Scalar =>
  ([a], [type]) =>
    isInteger(type as Type)
      ? (a as Value)
      : isDecimal(type as Type)
        ? exact(big(a), 10n ** BigInt(scaleOf(type as Type)))
        : f(num(a))

const floorDiv = (a: bigint, b: bigint): bigint => (a < 0n && a % b !== 0n ? a / b - 1n : a / b)

export const MATH: Scalars<
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'intDiv'
  | 'mod'
  | 'neg'
  | 'abs'
  | 'sign'
  | 'sqrt'
  | 'ln'
  | 'log10'
  | 'exp'
  | 'pow'
  | 'sin'
  | 'cos'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'roundTo'
  | 'trunc'
> = {
  add: arithmetic(
    'add',
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  sub: arithmetic(
    'sub',
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  // two decimals come as they are: their scales add up
  mul: ([a, b], [ta, tb]) =>
    isFloat(ta as Type)
      ? num(a) * num(b)
      : fits(BigInt(a as bigint) * BigInt(b as bigint), isDecimal(tb as Type) ? tb : ta, 'mul'),
  div: ([a, b], [ta, tb]) => asFloat(a, ta) / asFloat(b, tb),
  intDiv: ([a, b]) => {
    if (b === 0n) throw invalid('intDiv by zero', `the dividend is ${String(a)}`)
    return int64(big(a) / big(b), 'intDiv')
  },
  mod: ([a, b], [type]) => {
    if (isFloat(type as Type)) return num(a) % num(b)
    if (b === 0n) throw invalid('mod by zero', `the dividend is ${String(a)}`)
    return big(a) % big(b)
  },
  neg: ([a], [type]) => {
    if (typeof a === 'bigint') return fits(-a, type, 'neg')
    if (type === 'int32' && a === -(2 ** 31)) throw invalid('neg overflows int32', `the result is ${2 ** 31}`)
    return type === 'int32' ? 0 - num(a) : -num(a)
  },
  abs: ([a], [type]) => {
    if (typeof a === 'bigint') return fits(a < 0n ? -a : a, type, 'abs')
    if (type === 'int32' && a === -(2 ** 31)) throw invalid('abs overflows int32', `the result is ${2 ** 31}`)
    return Math.abs(num(a))
  },
  // NaN is greater than every number
  sign: ([a]) => (Number.isNaN(a) || (a as number | bigint) > 0 ? 1n : (a as number | bigint) < 0 ? -1n : 0n),
  sqrt: float(Math.sqrt),
  ln: float(Math.log),
  log10: float(Math.log10),
  exp: float(Math.exp),
  sin: float(Math.sin),
  cos: float(Math.cos),
  pow: ([a, b], [ta, tb]) => asFloat(a, ta) ** asFloat(b, tb),
  floor: rounding(Math.floor, floorDiv),
  ceil: rounding(Math.ceil, (a, unit) => -floorDiv(-a, unit)),
  trunc: rounding(Math.trunc, (a, unit) => a / unit),
  round: rounding(roundHalfAway, divideRounded),
  roundTo: ([a, digits], [type]) => {
    const n = num(digits)
    if (isInteger(type as Type)) return a as Value
    if (isDecimal(type as Type)) {
      const drop = scaleOf(type as Type) - n
      return drop <= 0 ? (a as Value) : divideRounded(big(a), 10n ** BigInt(drop))
    }
    const scaled = roundHalfAway(num(a) * 10 ** n) / 10 ** n
    if (!Number.isFinite(scaled)) return num(a)
    return type === 'float32' ? Math.fround(scaled) : scaled
  },
}
