import { GalleyError } from '../../base/errors.ts'
import { call, col, type Expr, exprChildren, type FunctionName, lit } from '../expr.ts'
import { infer } from '../infer.ts'
import { literal } from '../literal.ts'
import { printExpr } from '../print.ts'
import { isList, parseType, type Schema, type Type, type TypeName, unknownColumn } from '../types.ts'
import type { Col, Row } from './kinds.ts'

/** Methods that are a function of the column and of values like it. */
const LIKE_IT: Record<string, FunctionName> = {
  eq: 'eq',
  ne: 'ne',
  lt: 'lt',
  le: 'le',
  gt: 'gt',
  ge: 'ge',
  orElse: 'coalesce',
  and: 'and',
  or: 'or',
  times: 'mul',
  div: 'div',
  mod: 'mod',
  concat: 'concat',
  startsWith: 'startsWith',
  endsWith: 'endsWith',
  replace: 'replace',
  since: 'diffTime',
}

/** Methods whose arguments are of a type of their own: numbers that count, constants. */
const OTHERS: Record<string, readonly [fn: FunctionName, ...args: Type[]]> = {
  isNull: ['isNull'],
  fails: ['fails'],
  orNull: ['orNull'],
  not: ['not'],
  isNaN: ['isNaN'],
  hash32: ['hash32'],
  intDiv: ['intDiv', 'int64'],
  pow: ['pow', 'float64'],
  abs: ['abs'],
  neg: ['neg'],
  sign: ['sign'],
  sqrt: ['sqrt'],
  ln: ['ln'],
  log10: ['log10'],
  exp: ['exp'],
  sin: ['sin'],
  cos: ['cos'],
  floor: ['floor'],
  ceil: ['ceil'],
  trunc: ['trunc'],
  lower: ['lower'],
  upper: ['upper'],
  trim: ['trim'],
  substring: ['substring', 'int64', 'int64'],
  split: ['split', 'string'],
  normalize: ['normalize'],
  tokens: ['tokens'],
  charNgrams: ['charNgrams', 'int64'],
  matches: ['matches', 'string'],
  replaceMatches: ['replaceMatches', 'string', 'string'],
  jsonString: ['jsonString', 'string'],
  jsonNumber: ['jsonNumber', 'string'],
  jsonBool: ['jsonBool', 'string'],
  jsonLength: ['jsonLength', 'string'],
  parseTime: ['parseTime', 'string'],
  format: ['formatTime', 'string'],
  year: ['year'],
  quarter: ['quarter'],
  month: ['month'],
  day: ['day'],
  weekday: ['weekday'],
  dayOfYear: ['dayOfYear'],
  isoWeek: ['isoWeek'],
  isoYear: ['isoYear'],
  hour: ['hour'],
  minute: ['minute'],
  second: ['second'],
  minuteOfDay: ['minuteOfDay'],
  addMonths: ['addMonths', 'int64'],
  addDays: ['addDays', 'int64'],
  truncate: ['truncate', 'string'],
  toDate: ['toDate'],
  toInstant: ['toInstant', 'string'],
  toLocal: ['toLocal', 'string'],
  micros: ['inMicros'],
  at: ['listGet', 'int64'],
  join: ['listJoin', 'string'],
  distinct: ['listDistinct'],
  ngrams: ['ngrams', 'int64'],
  field: ['field', 'string'],
}

const MAX_DEPTH = 500
const depths = new WeakMap<Expr, number>()

/** Wraps an expression over `schema`. The methods are the ones of its type; a wrong one fails by name. */
export function column(expr: Expr, schema: Schema, where: string): Col {
  const depth = 1 + Math.max(0, ...exprChildren(expr).map((child) => depths.get(child) ?? 0))
  if (depth > MAX_DEPTH)
    throw new GalleyError('PLAN_INVALID', {
      what: `an expression in ${where} has more than ${MAX_DEPTH} operations inside each other`,
      fix: 'derive a column half-way and go on from it',
    })
  depths.set(expr, depth)
  const { type } = infer(expr, schema, where)
  const wrap = (e: Expr): Col => column(e, schema, where)
  const arg = (value: unknown): Expr => operand(value, type, `${printExpr(expr)} in ${where}`)
  const shell: Record<string, unknown> = { expr, type: nameOf(type) }
  for (const [method, fn] of Object.entries(LIKE_IT))
    shell[method] = (...args: unknown[]) => wrap(call(fn, expr, ...args.map(arg)))
  for (const [method, [fn, ...types]] of Object.entries(OTHERS))
    shell[method] = (...args: unknown[]) =>
      wrap(call(fn, expr, ...args.map((value, i) => operand(value, types[i] ?? type))))
  const timeShift = (fn: FunctionName, durationFn: FunctionName) => (other: unknown) => {
    if (type === 'duration') return wrap(call(durationFn, expr, arg(other)))
    if (type === 'timestamp' || type === 'local timestamp') return wrap(call(durationFn, expr, (other as Col).expr))
    return wrap(call(fn, expr, arg(other)))
  }
  shell['plus'] = timeShift('add', 'addDuration')
  shell['minus'] = timeShift('sub', 'subDuration')
  shell['round'] = (digits?: number) =>
    wrap(digits === undefined ? call('round', expr) : call('roundTo', expr, literal(digits, 'int64')))
  shell['length'] = () => wrap(call(isList(type) ? 'listLength' : 'length', expr))
  shell['contains'] = (value: unknown) =>
    wrap(isList(type) ? call('listContains', expr, operand(value, type.list)) : call('contains', expr, arg(value)))
  shell['count'] = (value: unknown) => wrap(call('listCount', expr, operand(value, isList(type) ? type.list : type)))
  shell['extract'] = (pattern: string, group = 0) =>
    wrap(call('extract', expr, lit(pattern, 'string'), literal(group, 'int64')))
  shell['isIn'] = (values: unknown[]) => wrap(call('isIn', expr, ...values.map(arg)))
  shell['between'] = (low: unknown, high: unknown) =>
    wrap(call('and', call('ge', expr, arg(low)), call('le', expr, arg(high))))
  shell['cast'] = (to: TypeName, options: { onError?: 'fail' | 'null' } = {}) =>
    wrap({ op: 'cast', arg: expr, to: parseType(to), onError: options.onError ?? 'fail' })
  shell['choose'] = (yes: Col, no: Col) => wrap({ op: 'case', when: [[expr, yes.expr]], otherwise: no.expr })
  const made = Object.freeze(shell) as unknown as Col
  schemas.set(made, schema)
  return made
}

const schemas = new WeakMap<Col, Schema>()

/** The columns that several expressions of one row are over. */
export const schemaOf = (columns: readonly Col[]): Schema =>
  columns.map((c) => schemas.get(c) ?? []).find((s) => s.length > 0) ?? []

/** A type as recipes write it. */
export function nameOf(type: Type): TypeName {
  if (typeof type === 'string') return type
  if ('decimal' in type) return `decimal(${type.decimal[0]}, ${type.decimal[1]})`
  if ('list' in type) return `${String(nameOf(type.list))}[]` as TypeName
  return Object.fromEntries(type.struct.map(([name, t]) => [name, nameOf(t)]))
}

/** A column or a plain value as an expression; a value takes the type of what it meets. */
export function operand(value: unknown, like: Type, beside?: string): Expr {
  if (value !== null && typeof value === 'object' && 'expr' in value) return (value as Col).expr
  return literal(value, like, beside)
}

/** The `r` of a row callback: one column shell a name; an unknown name fails and says which exist. */
export function rowOf<S>(schema: Schema, where: string): Row<S> {
  const names = schema.map((f) => f.name)
  return new Proxy({} as Row<S>, {
    get(_, name) {
      if (typeof name !== 'string') return undefined
      if (!names.includes(name)) throw unknownColumn(name, names, where)
      return column(col(name), schema, where)
    },
    has: (_, name) => names.includes(String(name)),
    ownKeys: () => names,
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  })
}
