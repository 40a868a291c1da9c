import type { Type } from './types.ts'

/**
 * A literal's value in JSON: int64, instants (µs), durations (µs) and decimals (`'12.50'`) travel as strings, bytes as
 * base64, lists as arrays, structs as objects, the rest as themselves.
 */
export type Literal = null | boolean | number | string | readonly Literal[] | { readonly [field: string]: Literal }

/** Constants that a fit found, as a keyed table inside an expression. Keys are JSON literals, one list a row. */
export interface LookupTable {
  readonly keys: readonly (readonly Literal[])[]
  readonly values: readonly Literal[]
}

/** An expression over one row: a plain frozen object, JSON through and through. */
export type Expr =
  | { readonly op: 'col'; readonly name: string }
  | { readonly op: 'lit'; readonly value: Literal; readonly type: Type }
  | { readonly op: 'call'; readonly fn: FunctionName; readonly args: readonly Expr[] }
  | { readonly op: 'cast'; readonly arg: Expr; readonly to: Type; readonly onError: 'fail' | 'null' }
  | { readonly op: 'case'; readonly when: readonly (readonly [Expr, Expr])[]; readonly otherwise: Expr }
  | {
      readonly op: 'lookup'
      readonly args: readonly Expr[]
      readonly table: LookupTable
      /** The answer for a key that the table does not hold. */
      readonly fallback: Literal
      readonly type: Type
    }
  | { readonly op: 'predict'; readonly model: string; readonly args: readonly Expr[] }

/** An aggregate over the rows of a group or a window. Nulls are skipped; `count` without an argument counts rows. */
export interface Agg {
  readonly fn: AggregateName
  readonly arg: Expr | null
  /** For `quantile`: the probability, 0 to 1. */
  readonly param?: number
  /** The second argument of `corr`. */
  readonly arg2?: Expr
}

export const AGGREGATES = [
  'count',
  'countDistinct',
  'sum',
  'mean',
  'min',
  'max',
  'stddev',
  'variance',
  'quantile',
  'corr',
] as const
export type AggregateName = (typeof AGGREGATES)[number]

/** Rows around the present one in its window's order; null is unbounded, 0 the present row, negative before it. */
export interface Frame {
  /** `rows` counts rows; `range` measures the one order key: µs for times and dates, its own unit for numbers. */
  readonly unit: 'rows' | 'range'
  readonly from: number | null
  readonly to: number | null
}

/** One column of a window: a place in the order, a neighbour's value, or an aggregate over a frame. */
export type WindowCall =
  | { readonly fn: 'rowNumber' | 'rank' | 'denseRank' }
  | { readonly fn: 'lag' | 'lead'; readonly arg: Expr; readonly offset: number }
  | { readonly fn: 'first' | 'last'; readonly arg: Expr; readonly frame: Frame }
  | { readonly fn: 'aggregate'; readonly agg: Agg; readonly frame: Frame }

export const FUNCTIONS = [
  // comparison and logic
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'not',
  'isNull',
  'coalesce',
  'isIn',
  'isNaN',
  // failures: whether a value could not be computed, and null in its place
  'fails',
  'orNull',
  // arithmetic
  'add',
  'sub',
  'mul',
  'div',
  'intDiv',
  'mod',
  'neg',
  'abs',
  'sign',
  'sqrt',
  'ln',
  'log10',
  'exp',
  'pow',
  'sin',
  'cos',
  'floor',
  'ceil',
  'round',
  'roundTo',
  'trunc',
  'least',
  'greatest',
  // strings
  'length',
  'lower',
  'upper',
  'trim',
  'concat',
  'contains',
  'startsWith',
  'endsWith',
  'substring',
  'replace',
  'split',
  'normalize',
  'tokens',
  'charNgrams',
  // regular expressions (RE2)
  'matches',
  'extract',
  'replaceMatches',
  // JSON text
  'jsonString',
  'jsonNumber',
  'jsonBool',
  'jsonLength',
  // lists and structs
  'list',
  'listLength',
  'listGet',
  'listContains',
  'listJoin',
  'listDistinct',
  'listCount',
  'ngrams',
  'struct',
  'field',
  // time
  'addDuration',
  'subDuration',
  'diffTime',
  'micros',
  'inMicros',
  'addMonths',
  'addDays',
  'toInstant',
  'toLocal',
  'toDate',
  'truncate',
  'parseTime',
  'formatTime',
  'year',
  'quarter',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'minuteOfDay',
  'weekday',
  'dayOfYear',
  'isoWeek',
  'isoYear',
  // hashing, for split and sample
  'hash32',
  'combine32',
] as const
export type FunctionName = (typeof FUNCTIONS)[number]

export const col = (name: string): Expr => Object.freeze({ op: 'col', name })
export const call = (fn: FunctionName, ...args: Expr[]): Expr =>
  Object.freeze({ op: 'call', fn, args: Object.freeze(args) })
export const lit = (value: Literal, type: Type): Expr => Object.freeze({ op: 'lit', value, type })

/** The one table of child expressions: walking, rewriting and collecting columns all go through it. */
export function exprChildren(e: Expr): readonly Expr[] {
  switch (e.op) {
    case 'col':
    case 'lit':
      return []
    case 'cast':
      return [e.arg]
    case 'case':
      return [...e.when.flat(), e.otherwise]
    default:
      return e.args
  }
}

/** A copy with its children mapped; the same object when nothing changed. */
export function mapExpr(e: Expr, f: (child: Expr) => Expr): Expr {
  switch (e.op) {
    case 'col':
    case 'lit':
      return e
    case 'cast': {
      const arg = f(e.arg)
      return arg === e.arg ? e : Object.freeze({ ...e, arg })
    }
    case 'case': {
      const when = e.when.map(([c, v]) => [f(c), f(v)] as const)
      const otherwise = f(e.otherwise)
      const same = otherwise === e.otherwise && when.every(([c, v], i) => c === e.when[i]?.[0] && v === e.when[i]?.[1])
      return same ? e : Object.freeze({ ...e, when, otherwise })
    }
    default: {
      const args = e.args.map(f)
      return args.every((a, i) => a === e.args[i]) ? e : Object.freeze({ ...e, args })
    }
  }
}

/** The columns an expression reads, each once, in order of appearance. */
export function columnsOf(...exprs: (Expr | null | undefined)[]): string[] {
  const seen = new Set<string>()
  const visit = (e: Expr): void => {
    if (e.op === 'col') seen.add(e.name)
    for (const child of exprChildren(e)) visit(child)
  }
  for (const e of exprs) if (e) visit(e)
  return [...seen]
}

/** Replaces column references by expressions; columns without an entry stay. */
export function substitute(e: Expr, by: ReadonlyMap<string, Expr>): Expr {
  if (e.op === 'col') return by.get(e.name) ?? e
  return mapExpr(e, (child) => substitute(child, by))
}

export function aggColumns(agg: Agg): string[] {
  return columnsOf(agg.arg, agg.arg2)
}

/** The expressions of a window's column. */
export const windowExprs = (call: WindowCall): Expr[] =>
  call.fn === 'aggregate'
    ? [call.agg.arg, call.agg.arg2].filter((e) => e !== null && e !== undefined)
    : 'arg' in call
      ? [call.arg]
      : []
