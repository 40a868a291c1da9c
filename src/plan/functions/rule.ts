import type { GalleyError } from '../../base/errors.ts'
import type { Expr, FunctionName } from '../expr.ts'
import { commonType, isNumeric, type Type } from '../types.ts'

/** The type of an expression, whether it may be null, and what is said of its column. */
export interface Inferred {
  readonly type: Type
  readonly nullable: boolean
  /** Unit of measure, where the operation keeps it. */
  readonly unit?: string
  /** Tags of all columns that it is made of. */
  readonly tags?: readonly string[]
}

/** Makes the error of a function that is used wrongly: by what it is applied to, or by a constant (a pattern, a zone, a path) that it is given. */
export type Fail = (why: string, about?: 'constant' | undefined, fix?: string | undefined) => GalleyError

/** What a function takes and gives: checks its arguments and gives the result's type, or throws `fail(why)`. */
export type Rule = (args: readonly Inferred[], fail: Fail, exprs: readonly Expr[]) => Type
export type Rules<N extends FunctionName> = Readonly<Record<N, Rule>>

export const numeric: Rule = ([a], fail) => {
  if (!a || !isNumeric(a.type)) throw fail('it takes a number')
  return a.type
}
export const toFloat: Rule = (args, fail, exprs) => {
  numeric(args, fail, exprs)
  return 'float64'
}
export const logical: Rule = (args, fail) => {
  if (args.some((a) => a.type !== 'bool')) throw fail('it takes true or false')
  return 'bool'
}
/** All arguments widened to one type. */
export const same: Rule = (args, fail) => {
  let type: Type | undefined = args[0]?.type
  for (const a of args.slice(1)) type = type && commonType(type, a.type)
  if (!type) throw fail('all arguments must be of one type')
  return type
}
export const always =
  (result: Type): Rule =>
  () =>
    result

/** The constant at `index` as text; functions whose pattern, path, unit or zone must be known beforehand ask for it. */
export function constantText(exprs: readonly Expr[], index: number, what: string, fail: Fail): string {
  const e = exprs[index]
  if (e?.op !== 'lit' || e.type !== 'string' || typeof e.value !== 'string')
    throw fail(`${what} must be a constant text`, 'constant')
  return e.value
}

/** A constant integer between the bounds. */
export function constantInt(
  exprs: readonly Expr[],
  index: number,
  what: string,
  [low, high]: readonly [number, number],
  fail: Fail,
): number {
  const e = exprs[index]
  const value = e?.op === 'lit' && isNumeric(e.type) && e.value !== null ? Number(e.value) : Number.NaN
  if (!Number.isInteger(value) || value < low || value > high)
    throw fail(`${what} must be a constant from ${low} to ${high}`, 'constant')
  return value
}
