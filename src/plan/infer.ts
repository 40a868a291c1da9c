import { GalleyError } from '../base/errors.ts'
import type { Agg, Expr, FunctionName } from './expr.ts'
import {
  commonType,
  fieldOf,
  isFloat,
  isInteger,
  isNumeric,
  isTemporal,
  type Schema,
  type Type,
  typeName,
} from './types.ts'

/** The type of an expression and whether it may be null. */
export interface Inferred {
  readonly type: Type
  readonly nullable: boolean
}

type Rule = (args: readonly Inferred[], fail: (why: string) => GalleyError) => Type

const numeric: Rule = ([a], fail) => {
  if (!a || !isNumeric(a.type)) throw fail('it takes a number')
  return a.type
}
const toFloat: Rule = (args, fail) => {
  numeric(args, fail)
  return 'float64'
}
const arithmetic: Rule = ([a, b], fail) => {
  const type = a && b && isNumeric(a.type) && isNumeric(b.type) ? commonType(a.type, b.type) : undefined
  if (!type) throw fail('it takes two numbers')
  return type === 'int32' ? 'int64' : type === 'float32' ? 'float64' : type
}
const comparable: Rule = ([a, b], fail) => {
  if (!a || !b || !commonType(a.type, b.type)) throw fail('both sides must be of one type')
  return 'bool'
}
const logical: Rule = (args, fail) => {
  if (args.some((a) => a.type !== 'bool')) throw fail('it takes true or false')
  return 'bool'
}
const same: Rule = (args, fail) => {
  let type: Type | undefined = args[0]?.type
  for (const a of args.slice(1)) type = type && commonType(type, a.type)
  if (!type) throw fail('all arguments must be of one type')
  return type
}
const text =
  (result: Type, others = 0): Rule =>
  (args, fail) => {
    if (args.slice(0, 1 + others).some((a) => a.type !== 'string')) throw fail('it takes text')
    return result
  }
const calendar: Rule = ([a], fail) => {
  if (a?.type === 'timestamp') throw fail('an instant has no calendar part without a zone: use toLocal() first')
  if (!a || (a.type !== 'local timestamp' && a.type !== 'date')) throw fail('it takes a local timestamp or a date')
  return 'int64'
}
const shift: Rule = ([a, b], fail) => {
  if (
    !a ||
    !(a.type === 'timestamp' || a.type === 'local timestamp' || a.type === 'duration') ||
    b?.type !== 'duration'
  )
    throw fail('it takes a timestamp and a duration')
  return a.type
}
const always =
  (result: Type): Rule =>
  () =>
    result
const onlyFrom =
  (from: Type, result: Type): Rule =>
  ([a], fail) => {
    if (a?.type !== from) throw fail(`it takes a ${typeName(from)}`)
    return result
  }

/** What each function takes and gives. One line a function. */
const RULES: Record<FunctionName, Rule> = {
  eq: comparable,
  ne: comparable,
  lt: comparable,
  le: comparable,
  gt: comparable,
  ge: comparable,
  and: logical,
  or: logical,
  not: logical,
  isNull: always('bool'),
  fails: always('bool'),
  orNull: ([a], fail) => {
    if (!a) throw fail('it takes one value')
    return a.type
  },
  isNaN: ([a], fail) => {
    if (!a || !isFloat(a.type)) throw fail('it takes a float')
    return 'bool'
  },
  coalesce: same,
  least: same,
  greatest: same,
  isIn: (args, fail) => {
    same(args, fail)
    return 'bool'
  },
  add: arithmetic,
  sub: arithmetic,
  mul: arithmetic,
  div: (args, fail) => {
    arithmetic(args, fail)
    return 'float64'
  },
  intDiv: ([a, b], fail) => {
    if (!a || !b || !isInteger(a.type) || !isInteger(b.type)) throw fail('it takes two integers')
    return 'int64'
  },
  mod: arithmetic,
  neg: numeric,
  abs: numeric,
  sqrt: toFloat,
  ln: toFloat,
  exp: toFloat,
  pow: (args, fail) => {
    arithmetic(args, fail)
    return 'float64'
  },
  floor: numeric,
  ceil: numeric,
  round: numeric,
  trunc: numeric,
  length: text('int64'),
  lower: text('string'),
  upper: text('string'),
  trim: text('string'),
  concat: text('string', 9),
  contains: text('bool', 1),
  startsWith: text('bool', 1),
  endsWith: text('bool', 1),
  substring: text('string'),
  replace: text('string', 2),
  addDuration: shift,
  subDuration: shift,
  diffTime: ([a, b], fail) => {
    if (!a || !b || !isTemporal(a.type) || a.type !== b.type) throw fail('it takes two timestamps of one kind')
    return 'duration'
  },
  micros: (args, fail) => {
    numeric(args, fail)
    return 'duration'
  },
  toInstant: onlyFrom('local timestamp', 'timestamp'),
  toLocal: onlyFrom('timestamp', 'local timestamp'),
  toDate: onlyFrom('local timestamp', 'date'),
  year: calendar,
  month: calendar,
  day: calendar,
  hour: calendar,
  minute: calendar,
  minuteOfDay: calendar,
  weekday: calendar,
  dayOfYear: calendar,
  hash32: ([a], fail) => {
    if (!a || !(a.type === 'string' || isInteger(a.type) || isTemporal(a.type)))
      throw fail('it takes an integer, text or a time')
    return 'int64'
  },
}

const NEVER_NULL: ReadonlySet<FunctionName> = new Set(['isNull', 'fails'])

/** The type of `e` over rows of `schema`. @throws PLAN_UNKNOWN_COLUMN, PLAN_TYPE_MISMATCH */
export function infer(e: Expr, schema: Schema, where: string): Inferred {
  switch (e.op) {
    case 'col': {
      const field = fieldOf(schema, e.name, where)
      return { type: field.type, nullable: field.nullable }
    }
    case 'lit':
      return { type: e.type, nullable: e.value === null }
    case 'cast':
      return { type: e.to, nullable: infer(e.arg, schema, where).nullable || e.onError === 'null' }
    case 'lookup':
      for (const arg of e.args) infer(arg, schema, where)
      return { type: e.type, nullable: e.fallback === null || e.table.values.includes(null) }
    case 'predict':
      for (const arg of e.args) infer(arg, schema, where)
      return { type: 'float64', nullable: false }
    case 'case': {
      const values = [...e.when.map(([, v]) => v), e.otherwise].map((v) => infer(v, schema, where))
      for (const [condition] of e.when)
        logical([infer(condition, schema, where)], (why) => mismatch('case', [], why, where))
      const type = same(values, (why) => mismatch('case', values, why, where))
      return { type, nullable: values.some((v) => v.nullable) }
    }
    case 'call': {
      const args = e.args.map((a) => infer(a, schema, where))
      const rule = Object.hasOwn(RULES, e.fn) ? RULES[e.fn] : undefined
      if (!rule) throw new GalleyError('PLAN_INVALID', { what: `there is no function '${e.fn}'`, why: `in ${where}` })
      const type = rule(args, (why) => mismatch(e.fn, args, why, where))
      const nullable =
        e.fn === 'coalesce'
          ? args.every((a) => a.nullable)
          : e.fn === 'orNull' || (!NEVER_NULL.has(e.fn) && args.some((a) => a.nullable))
      return { type, nullable }
    }
  }
}

/** The type of an aggregate over rows of `schema`. */
export function inferAgg(agg: Agg, schema: Schema, where: string): Inferred {
  if (agg.fn === 'count' || agg.fn === 'countDistinct') {
    if (agg.arg) infer(agg.arg, schema, where)
    return { type: 'int64', nullable: false }
  }
  if (!agg.arg) throw new GalleyError('PLAN_INVALID', { what: `${agg.fn} needs an argument`, why: `in ${where}` })
  const arg = infer(agg.arg, schema, where)
  if (agg.arg2) infer(agg.arg2, schema, where)
  if (agg.fn === 'min' || agg.fn === 'max') return { type: arg.type, nullable: true }
  if (!isNumeric(arg.type) && arg.type !== 'bool') throw mismatch(agg.fn, [arg], 'it takes a number or a bool', where)
  if (agg.fn === 'sum')
    return {
      type: isFloat(arg.type) ? 'float64' : arg.type === 'bool' ? 'int64' : isInteger(arg.type) ? 'int64' : arg.type,
      nullable: true,
    }
  return { type: 'float64', nullable: true }
}

function mismatch(fn: string, args: readonly Inferred[], why: string, where: string): GalleyError {
  const got = args.map((a) => typeName(a.type)).join(', ')
  return new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `'${fn}' can't be applied to (${got}) in ${where}`,
    why,
    fix: 'convert with cast(), or use another column',
    details: { function: fn, types: args.map((a) => typeName(a.type)) },
  })
}
