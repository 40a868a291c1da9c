import type { Expr, FunctionName } from '../expr.ts'
import { infer } from '../infer.ts'
import { isDecimal, isFloat, isInteger, type Schema, sameType, type Type } from '../types.ts'
import { argumentType } from './widen.ts'

const ALWAYS: ReadonlySet<FunctionName> = new Set([
  'intDiv',
  'addDuration',
  'subDuration',
  'addMonths',
  'addDays',
  'diffTime',
  'parseTime',
  'jsonString',
  'jsonNumber',
  'jsonBool',
  'jsonLength',
])
/** Exact arithmetic, which can leave its range. */
const EXACT: ReadonlySet<FunctionName> = new Set(['add', 'sub', 'mul', 'mod', 'neg', 'abs'])

/** Whether the operation itself, given values that did not fail, can fail. */
export function callFails(fn: FunctionName, types: readonly Type[], args: readonly Expr[] = []): boolean {
  if (fn === 'mod' || fn === 'intDiv') {
    const [, by] = args
    const safe = by?.op === 'lit' && by.value !== null && Number(by.value) !== 0 && Number(by.value) !== -1
    if (safe && !types.some(isDecimal)) return false
  }
  if (ALWAYS.has(fn)) return true
  if (EXACT.has(fn)) return !types.some(isFloat)
  if (fn === 'micros') return isFloat(types[0] ?? 'int64')
  const common = argumentType(fn, types)
  return common !== undefined && isDecimal(common) && types.some((t) => !sameType(t, common))
}

/** Whether a cast can fail. */
export function castFails(from: Type, to: Type): boolean {
  if (to === 'string' || sameType(from, to)) return false
  if (from === 'string' || isDecimal(from) || isDecimal(to)) return !isFloat(to) || from === 'string'
  if (to === 'float32') return from === 'float64'
  if (from === 'date' && to === 'local timestamp') return true
  if (isInteger(to)) return isFloat(from) || (from === 'int64' && to === 'int32')
  return false
}

/** Whether computing an expression over rows of `schema` can fail. */
export function fallible(e: Expr, schema: Schema): boolean {
  switch (e.op) {
    case 'col':
    case 'lit':
      return false
    case 'cast':
      return fallible(e.arg, schema) || (e.onError === 'fail' && castFails(infer(e.arg, schema, 'cast').type, e.to))
    case 'case': {
      const type = infer(e, schema, 'case').type
      const values = [...e.when.map(([, v]) => v), e.otherwise]
      return (
        (isDecimal(type) && values.some((v) => !sameType(infer(v, schema, 'case').type, type))) ||
        values.some((v) => fallible(v, schema)) ||
        e.when.some(([c]) => fallible(c, schema))
      )
    }
    case 'call':
      if (e.fn === 'fails' || e.fn === 'orNull') return false
      return (
        e.args.some((a) => fallible(a, schema)) ||
        callFails(
          e.fn,
          e.args.map((a) => infer(a, schema, e.fn).type),
          e.args,
        )
      )
    default:
      return e.args.some((a) => fallible(a, schema))
  }
}
