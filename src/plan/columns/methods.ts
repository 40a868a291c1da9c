import type { FunctionName } from '../expr.ts'
import { isNumeric, type Type } from '../types.ts'

/** Methods that are a function of the column and of values like it. */
export const LIKE_IT: Readonly<Record<string, FunctionName>> = {
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
export const OTHERS: Readonly<Record<string, readonly [fn: FunctionName, ...args: Type[]]>> = {
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

/** What null makes of every row's answer: neither true nor false. */
export const COMPARES: ReadonlySet<FunctionName> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge'])

const ARITHMETIC: ReadonlySet<FunctionName> = new Set(['add', 'sub', 'mul', 'div', 'mod'])

/** The type that a plain value takes beside a column: the column's, and its own where they can't be computed with: that is told. */
export function likeOf(fn: FunctionName, type: Type, value: unknown): Type {
  if (isNumeric(type) || !ARITHMETIC.has(fn)) return type
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'number' && !Number.isInteger(value) ? 'float64' : 'int64'
}
