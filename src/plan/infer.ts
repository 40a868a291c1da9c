import { GalleyError } from '../base/errors.ts'
import type { Agg, Expr, FunctionName } from './expr.ts'
import { wrongCount } from './functions/arity.ts'
import { RULES } from './functions/index.ts'
import { type Inferred, logical, same } from './functions/rule.ts'
import { mended, writtenAs } from './functions/written.ts'
import { isLiteralOf } from './literal.ts'
import {
  type Field,
  fieldOf,
  isDecimal,
  isFloat,
  isInteger,
  isNumeric,
  isOrdered,
  isTemporal,
  MAX_DECIMAL_DIGITS,
  type Schema,
  sameType,
  type Type,
  typeName,
} from './types.ts'

export type { Inferred } from './functions/rule.ts'

const NEVER_NULL: ReadonlySet<FunctionName> = new Set(['isNull', 'fails', 'list', 'struct'])
/** Null even where every argument is there: no match, no such position, another type in the JSON, a failure. */
const MAY_BE_NULL: ReadonlySet<FunctionName> = new Set([
  'orNull',
  'extract',
  'jsonString',
  'jsonNumber',
  'jsonBool',
  'jsonLength',
  'listGet',
  'field',
])
/** Functions whose result is measured as their arguments are, when those agree. */
const KEEPS_UNIT: ReadonlySet<FunctionName> = new Set([
  'add',
  'sub',
  'neg',
  'abs',
  'floor',
  'ceil',
  'round',
  'roundTo',
  'trunc',
  'least',
  'greatest',
  'coalesce',
  'orNull',
])

/**
 * An expression's type over the schema that it was last asked for. Both are frozen, and asked about again and again: when a
 * node is built, by the rules, by every engine's lowering.
 */
const known = new WeakMap<Expr, { readonly schema: Schema; readonly of: Inferred }>()

/** The type of `e` over rows of `schema`. @throws PLAN_UNKNOWN_COLUMN, PLAN_TYPE_MISMATCH */
export function infer(e: Expr, schema: Schema, where: string): Inferred {
  if (e.op === 'lit') return { type: e.type, nullable: e.value === null }
  if (e.op === 'col') return typeOf(fieldOf(schema, e.name, where))
  if (!Object.isFrozen(schema)) return compute(e, schema, where)
  const found = known.get(e)
  if (found?.schema === schema) return found.of
  const of = compute(e, schema, where)
  known.set(e, { schema, of })
  return of
}

function typeOf(f: Field): Inferred {
  const { type, nullable, unit, tags } = f
  if (!unit && !tags) return { type, nullable }
  return { type, nullable, ...(unit ? { unit } : {}), ...(tags ? { tags } : {}) }
}

function compute(e: Exclude<Expr, { op: 'lit' | 'col' }>, schema: Schema, where: string): Inferred {
  switch (e.op) {
    case 'cast': {
      const arg = infer(e.arg, schema, where)
      if (!castable(arg.type, e.to)) throw mismatch(`cast to ${typeName(e.to)}`, [arg], 'there is no such cast', where)
      if (e.onError !== 'fail' && e.onError !== 'null')
        throw new GalleyError('PLAN_INVALID', {
          what: `a cast in ${where} has onError: ${JSON.stringify(e.onError)}`,
          why: "a value that can't be cast either fails or is null",
          fix: "say 'fail' or 'null'; to set such rows aside: reject((r) => r.x.cast('int64').fails(), 'the reason')",
        })
      return { ...arg, type: e.to, nullable: arg.nullable || e.onError === 'null' }
    }
    case 'lookup': {
      const args = e.args.map((a) => infer(a, schema, where))
      if (args.length === 0) throw mismatch('lookup', [], 'it has no key', where)
      const bad = e.table.keys.find((k) => k.length !== args.length || !k.every((v, i) => isLiteralOf(v, at(args, i))))
      if (bad) throw mismatch('lookup', args, `its key ${JSON.stringify(bad)} can't be one of these`, where)
      return noted({ type: e.type, nullable: e.fallback === null || e.table.values.includes(null) }, args)
    }
    case 'predict': {
      const args = e.args.map((a) => infer(a, schema, where))
      return noted({ type: 'float64', nullable: false }, args)
    }
    case 'case': {
      if (e.when.length === 0) throw mismatch('case', [], 'it has no condition', where)
      const values = [...e.when.map(([, v]) => v), e.otherwise].map((v) => infer(v, schema, where))
      const conditions = e.when.map(([condition]) => infer(condition, schema, where))
      for (const c of conditions) logical([c], (why) => mismatch('case', [], why, where), [])
      const type = same(values, (why) => mismatch('case', values, why, where), [])
      return noted({ type, nullable: values.some((v) => v.nullable), ...unitOf(values) }, [...values, ...conditions])
    }
    case 'call': {
      const args = e.args.map((a) => infer(a, schema, where))
      const rule = Object.hasOwn(RULES, e.fn) ? RULES[e.fn] : undefined
      if (!rule) throw new GalleyError('PLAN_INVALID', { what: `there is no function '${e.fn}'`, why: `in ${where}` })
      const count = wrongCount(e.fn, args.length)
      if (count) throw mismatch(e.fn, args, count, where)
      const type = rule(args, (why, about, fix) => mismatch(e.fn, args, why, where, about, fix), e.args)
      const nullable =
        e.fn === 'coalesce'
          ? args.every((a) => a.nullable)
          : MAY_BE_NULL.has(e.fn) || (!NEVER_NULL.has(e.fn) && args.some((a) => a.nullable))
      if (!args.some((a) => a.unit || a.tags)) return { type, nullable }
      return noted({ type, nullable, ...(KEEPS_UNIT.has(e.fn) ? unitOf(args) : {}) }, args)
    }
  }
}

const at = (args: readonly Inferred[], i: number): Type => (args[i] as Inferred).type

function castable(from: Type, to: Type): boolean {
  if (sameType(from, to)) return true
  if (to === 'string') return isOrdered(from) && from !== 'bytes'
  if (isNumeric(from) && isNumeric(to)) return true
  if ((from === 'duration' && to === 'int64') || (from === 'int64' && to === 'duration')) return true
  if (from === 'bool') return isNumeric(to)
  if (from === 'string') return isNumeric(to) || to === 'bool' || isTemporal(to)
  return (isInteger(from) && to === 'bool') || (from === 'date' && to === 'local timestamp')
}

/** The unit that all arguments which have a say share; constants have none. */
function unitOf(args: readonly Inferred[]): { unit?: string } {
  if (args.every((a) => !a.unit)) return {}
  const units = new Set(args.flatMap((a) => (a.unit ? [a.unit] : [])))
  const [unit] = units
  return units.size === 1 && unit ? { unit } : {}
}

/** What is made of a tagged column is tagged as it is. */
function noted(result: Inferred, args: readonly Inferred[]): Inferred {
  if (args.every((a) => !a.tags)) return result
  const tags = new Set(args.flatMap((a) => a.tags ?? []))
  return tags.size > 0 ? { ...result, tags: [...tags].sort() } : result
}

/** The type of an aggregate over rows of `schema`. */
export function inferAgg(agg: Agg, schema: Schema, where: string): Inferred {
  if (agg.arg2 !== undefined && agg.fn !== 'corr')
    throw new GalleyError('PLAN_INVALID', { what: `${agg.fn} takes one argument`, why: `it has two in ${where}` })
  if (agg.fn === 'count' || agg.fn === 'countDistinct') {
    if (agg.arg) infer(agg.arg, schema, where)
    return { type: 'int64', nullable: false }
  }
  if (!agg.arg) throw new GalleyError('PLAN_INVALID', { what: `${agg.fn} needs an argument`, why: `in ${where}` })
  const arg = infer(agg.arg, schema, where)
  const args = agg.arg2 ? [arg, infer(agg.arg2, schema, where)] : [arg]
  const keeps = agg.fn !== 'corr' && agg.fn !== 'variance'
  const give = (type: Inferred['type']): Inferred =>
    noted({ type, nullable: true, ...(keeps ? unitOf([arg]) : {}) }, args)
  if (agg.fn === 'min' || agg.fn === 'max') {
    if (!isOrdered(arg.type)) throw mismatch(agg.fn, [arg], 'lists and structs have no order', where)
    return give(arg.type)
  }
  if (args.some((a) => !isNumeric(a.type) && a.type !== 'bool'))
    throw mismatch(agg.fn, args, `it takes ${args.length > 1 ? 'two numbers or bools' : 'a number or a bool'}`, where)
  if (agg.fn === 'quantile' && !((agg.param ?? 0.5) >= 0 && (agg.param ?? 0.5) <= 1))
    throw new GalleyError('PLAN_INVALID', {
      what: `quantile takes a probability from 0 to 1, not ${agg.param}`,
      why: `in ${where}`,
    })
  if (agg.fn === 'sum' && isDecimal(arg.type)) return give({ decimal: [MAX_DECIMAL_DIGITS, arg.type.decimal[1]] })
  return give(agg.fn === 'sum' && !isFloat(arg.type) ? 'int64' : 'float64')
}

function mismatch(
  fn: string,
  args: readonly Inferred[],
  why: string,
  where: string,
  about?: 'constant' | undefined,
  fix?: string | undefined,
): GalleyError {
  const types = args.map((a) => a.type)
  const said = writtenAs(fn)
  return new GalleyError('PLAN_TYPE_MISMATCH', {
    ...(about === 'constant'
      ? {
          what: `'${said}' is given a constant that it can't take, in ${where}`,
          why,
          fix: fix ?? 'correct the constant',
        }
      : {
          what: `'${said}' can't be applied to (${types.map(typeName).join(', ')}) in ${where}`,
          why,
          fix: fix ?? mended(types),
        }),
    details: { function: fn, types: types.map(typeName) },
  })
}
