import type { FunctionName } from '../expr.ts'
import { commonType, isDecimal, isFloat, MAX_DECIMAL_DIGITS, scaleOf, type Type } from '../types.ts'

const COMMON: ReadonlySet<FunctionName> = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'isIn',
  'coalesce',
  'least',
  'greatest',
])
const ARITHMETIC: ReadonlySet<FunctionName> = new Set(['add', 'sub', 'mul', 'mod', 'intDiv'])

/** The one type that all arguments of a function are widened to before it is computed, or undefined for most functions. */
export function argumentType(fn: FunctionName, types: readonly Type[]): Type | undefined {
  if (!COMMON.has(fn) && !ARITHMETIC.has(fn)) return undefined
  let common: Type | undefined = types[0]
  for (const t of types.slice(1)) common = common && commonType(common, t)
  if (common === undefined || COMMON.has(fn)) return common
  if (isFloat(common)) return 'float64'
  if (!isDecimal(common)) return 'int64'
  // a product keeps the digits of both sides, so neither is brought to the other's
  return fn === 'mul' ? undefined : { decimal: [MAX_DECIMAL_DIGITS, scaleOf(common)] }
}
