import { isDecimal, isFloat, isInteger, sameType } from '../../../plan/types.ts'
import { constantOf, failing, named, type Sql, type Sqls } from './call.ts'
import { sqlType } from './names.ts'

const double = (sql: string | undefined): string => `CAST(${sql} AS DOUBLE)`

const exactly =
  (sign: string): Sql =>
  ({ args: [a, b], type }) => {
    const to = sqlType(type)
    return isDecimal(type) ? `CAST((${a} ${sign} ${b}) AS ${to})` : `(CAST(${a} AS ${to}) ${sign} CAST(${b} AS ${to}))`
  }
const rounding =
  (name: string): Sql =>
  ({ args: [a], types: [type = 'int64'], type: to }) =>
    isInteger(type) ? (a ?? '') : isDecimal(type) ? `CAST(${name}(${a}) AS ${sqlType(to)})` : `${name}(${a})`
/** A function that DuckDB refuses below zero, where IEEE gives NaN, and (logarithms) at zero, where it gives −∞. */
const fromZero =
  (name: string, atZero: string): Sql =>
  ({ args: [a] }) =>
    `CASE WHEN ${double(a)} < 0 THEN CAST('nan' AS DOUBLE) ${atZero ? `WHEN ${double(a)} = 0 THEN ${atZero} ` : ''}ELSE ${name}(${double(a)}) END`

/** A constant that divides whatever stands before it: neither 0 nor −1. The argument is then written once. */
const plainDivisor = (b: string | undefined): boolean => /^CAST\('[1-9][0-9]*' AS [A-Z]+\)$/.test(b ?? '')

export const MATH: Sqls<
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
  add: exactly('+'),
  sub: exactly('-'),
  mul: exactly('*'),
  div: ({ args: [a, b] }) => `(${double(a)} / ${double(b)})`,
  intDiv: ({ args: [a, b] }) =>
    `CASE WHEN ${b} = 0 AND ${a} IS NOT NULL THEN ${failing('intDiv by zero')} ELSE ${a} // ${b} END`,
  mod: ({ args: [a, b], type }) =>
    isFloat(type)
      ? `CASE WHEN isinf(${b}) AND isfinite(${a}) THEN ${a} ELSE ${a} % ${b} END`
      : plainDivisor(b)
        ? `(${a} % ${b})`
        : `CASE WHEN ${b} = 0 AND ${a} IS NOT NULL THEN ${failing('mod by zero')} WHEN ${b} = -1 AND ${a} IS NOT NULL THEN 0 ELSE ${a} % nullif(${b}, -1) END`,
  neg: ({ args: [a] }) => `(-${a})`,
  abs: named('abs'),
  sign: ({ args: [a], types: [type = 'int64'] }) =>
    isFloat(type) ? `CAST(CASE WHEN isnan(${a}) THEN 1 ELSE sign(${a}) END AS BIGINT)` : `CAST(sign(${a}) AS BIGINT)`,
  sqrt: fromZero('sqrt', ''),
  ln: fromZero('ln', `CAST('-inf' AS DOUBLE)`),
  log10: fromZero('log10', `CAST('-inf' AS DOUBLE)`),
  exp: ({ args: [a] }) => `exp(${double(a)})`,
  sin: ({ args: [a] }) => `CASE WHEN isinf(${double(a)}) THEN CAST('nan' AS DOUBLE) ELSE sin(${double(a)}) END`,
  cos: ({ args: [a] }) => `CASE WHEN isinf(${double(a)}) THEN CAST('nan' AS DOUBLE) ELSE cos(${double(a)}) END`,
  // pow(1, NaN) is 1 in C and NaN in ECMAScript, which also has NaN for (±1)^±∞: NaN it is
  pow: ({ args: [x, y] }) =>
    `CASE WHEN ${double(x)} IS NULL THEN NULL WHEN isnan(${double(y)}) OR (abs(${double(x)}) = 1 AND isinf(${double(y)})) THEN CAST('nan' AS DOUBLE) ELSE pow(${double(x)}, ${double(y)}) END`,
  floor: rounding('floor'),
  ceil: rounding('ceil'),
  trunc: rounding('trunc'),
  round: rounding('round'),
  roundTo: ({ args: [a], types: [type = 'int64'], type: to, exprs }) => {
    const digits = Number(constantOf(exprs, 1))
    if (isInteger(type)) return a ?? ''
    if (isDecimal(type)) return sameType(type, to) ? (a ?? '') : `CAST(${a} AS ${sqlType(to)})`
    const scaled = `(round(${double(a)} * 1e${digits}) / 1e${digits})`
    return `CAST(CASE WHEN isfinite(${scaled}) THEN ${scaled} ELSE ${a} END AS ${sqlType(to)})`
  },
}
