import { commonType, isDecimal, isInteger, isNumeric, MAX_DECIMAL_DIGITS, scaleOf, type Type } from '../types.ts'
import { constantInt, numeric, type Rule, type Rules, toFloat } from './rule.ts'

const widest: Rule = ([a, b], fail) => {
  const type = a && b && isNumeric(a.type) && isNumeric(b.type) ? commonType(a.type, b.type) : undefined
  if (!type) throw fail('it takes two numbers')
  return type === 'int32' ? 'int64' : type === 'float32' ? 'float64' : widened(type)
}
const widened = (type: Type): Type => (isDecimal(type) ? { decimal: [MAX_DECIMAL_DIGITS, scaleOf(type)] } : type)

const product: Rule = (args, fail, exprs) => {
  const type = widest(args, fail, exprs)
  if (!isDecimal(type)) return type
  const scale = args.reduce((sum, a) => sum + scaleOf(a.type), 0)
  if (scale > MAX_DECIMAL_DIGITS)
    throw fail(
      `the product would need ${scale} digits after the point, and ${MAX_DECIMAL_DIGITS} is the most: round first`,
    )
  return { decimal: [MAX_DECIMAL_DIGITS, scale] }
}
const float: Rule = (args, fail, exprs) => {
  widest(args, fail, exprs)
  return 'float64'
}
const integer: Rule = ([a], fail) => {
  if (!a || !isNumeric(a.type)) throw fail('it takes a number')
  return isDecimal(a.type) ? { decimal: [MAX_DECIMAL_DIGITS, 0] } : a.type
}

export const MATH: Rules<
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
  add: widest,
  sub: widest,
  mul: product,
  div: float,
  intDiv: ([a, b], fail) => {
    if (!a || !b || !isInteger(a.type) || !isInteger(b.type)) throw fail('it takes two integers')
    return 'int64'
  },
  mod: (args, fail, exprs) => {
    if (args.some((a) => isDecimal(a.type))) throw fail('it takes integers or floats')
    return widest(args, fail, exprs)
  },
  neg: numeric,
  abs: numeric,
  sign: (args, fail, exprs) => {
    numeric(args, fail, exprs)
    return 'int64'
  },
  sqrt: toFloat,
  ln: toFloat,
  log10: toFloat,
  exp: toFloat,
  sin: toFloat,
  cos: toFloat,
  pow: float,
  floor: integer,
  ceil: integer,
  round: integer,
  trunc: integer,
  roundTo: (args, fail, exprs) => {
    const type = numeric(args, fail, exprs)
    const digits = constantInt(exprs, 1, 'the number of digits', [0, 15], fail)
    return isDecimal(type) ? { decimal: [MAX_DECIMAL_DIGITS, Math.min(digits, scaleOf(type))] } : type
  },
}
