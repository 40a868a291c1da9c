import type { FunctionName } from '../../plan/expr.ts'
import { isDecimal, type Type } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { invalid } from '../values.ts'

/**
 * What a function means on JavaScript values: bigint for int64, decimals (scaled), times and durations; number for
 * int32, dates and floats. `types` are those of the arguments after widening; no argument is null but for `SEES_NULL`.
 */
export type Scalar = (args: readonly Value[], types: readonly Type[]) => Value
export type Scalars<N extends FunctionName> = Readonly<Record<N, Scalar>>

const MAX = 2n ** 63n - 1n
const MIN = -(2n ** 63n)
export const MAX_DECIMAL = 10n ** 18n - 1n

/** The value, if it fits int64. @throws VALUE_INVALID */
export function int64(value: bigint, fn: string, fix?: string): bigint {
  if (value > MAX || value < MIN) throw invalid(`${fn} overflows int64`, `the result is ${value}`, fix)
  return value
}

/** The value, if it fits the type: int64 or a decimal's 18 digits. @throws VALUE_INVALID */
export function fits(value: bigint, type: Type | undefined, fn: string, fix?: string): bigint {
  if (type === undefined || !isDecimal(type)) return int64(value, fn, fix)
  if (value > MAX_DECIMAL || value < -MAX_DECIMAL)
    throw invalid(`${fn} needs more than 18 digits`, 'a decimal has no more', fix)
  return value
}

export const num = (v: Value | undefined): number => Number(v)
export const big = (v: Value | undefined): bigint => v as bigint

/** Half away from zero. */
export const roundHalfAway = (x: number): number => (x < 0 ? -roundHalfUp(-x) : roundHalfUp(x))
/** `Math.floor(x + 0.5)` is wrong just below a half, where the addition itself rounds up. */
function roundHalfUp(x: number): number {
  const floor = Math.floor(x)
  return x - floor >= 0.5 ? floor + 1 : floor
}

/** `a ÷ b` rounded half away from zero; `b` is positive. */
export function divideRounded(a: bigint, b: bigint): bigint {
  const q = a / b
  const rest = a % b
  const twice = (rest < 0n ? -rest : rest) * 2n
  return twice >= b ? q + (a < 0n ? -1n : 1n) : q
}
