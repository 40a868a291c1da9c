import { GalleyError } from '../../base/errors.ts'
import type { AggOf, WindowOf } from '../aggregates.ts'
import type { Agg, Expr, WindowCall } from '../expr.ts'
import type { Named } from '../nodes.ts'
import { printExpr } from '../print.ts'
import type { TypeName } from '../types.ts'
import type { Col } from './kinds.ts'
import { watched } from './unused.ts'

/** What a row's callback gives; `used` names the expressions that it is made of. @throws PLAN_TYPE_MISMATCH for what is no function, PLAN_INVALID for a condition that it drops */
export function called<R, T>(
  f: (r: R) => T,
  row: (where: string) => R,
  where: string,
  used: (given: T) => Iterable<Expr> = usedBy,
): T {
  if (typeof f !== 'function')
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `${where} is given ${aOrAn(f)}, not a function of the row`,
      why: 'columns are reached through the row that the function is called with',
      fix: `write it with an arrow: ${SHOWN[where] ?? `${where}((r) => …)`}`,
    })
  const { given, dropped } = watched(() => f(row(where)), used)
  if (dropped)
    throw new GalleyError('PLAN_INVALID', {
      what: `${where} makes a condition and does not use it: ${printExpr(dropped)}`,
      why: 'of a && b and of a ? b : c JavaScript keeps b alone: a column is an object, and every object counts as true',
      fix: 'join conditions with a.and(b), a.or(b), a.not(), choose with a.choose(b, c); leave out what is not needed',
    })
  return given
}

/**
 * The expressions that what a callback gives is made of: a column, or columns, aggregates and parts of windows by name. Names
 * are any, `expr` and `window` too, so both are looked for.
 */
const usedBy = (given: unknown): Expr[] =>
  given === null || typeof given !== 'object'
    ? []
    : [...usedByOne(given), ...Object.values(given).flatMap((value) => usedByOne(value))]

function usedByOne(given: unknown): Expr[] {
  if (given === null || typeof given !== 'object') return []
  const { expr, agg, window } = given as Partial<Col & AggOf<TypeName> & WindowOf<TypeName>>
  return [
    ...(expr ? [expr] : []),
    ...(agg ? ofAgg(agg) : []),
    ...(window !== null && typeof window === 'object'
      ? 'agg' in window
        ? ofAgg(window.agg)
        : 'arg' in window
          ? [window.arg]
          : []
      : []),
  ]
}
const ofAgg = ({ arg, arg2 }: Agg): Expr[] => [arg, arg2].filter((e) => e !== null && e !== undefined)

const SHOWN: Readonly<Record<string, string>> = {
  filter: 'filter((r) => r.price.gt(100))',
  reject: "reject((r) => r.price.lt(0), 'no price')",
  derive: 'derive((r) => ({ total: r.price.times(r.quantity) }))',
  aggregate: "aggregate(['city'], (r) => ({ total: sum(r.price) }))",
}

/** A plain value by its kind: `a string`. */
export const aOrAn = (value: unknown): string =>
  value === null
    ? 'null'
    : value === undefined
      ? 'nothing'
      : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`

/** The columns that a callback gives, by name. @throws PLAN_TYPE_MISMATCH */
export const exprs = (o: Record<string, Col>): Named<Expr> =>
  entries(o).map(([name, c]) => [name, exprOf(c, `derive of '${name}'`)] as const)
/** The aggregates that a callback gives, by name. @throws PLAN_TYPE_MISMATCH */
export const aggs = (o: Record<string, AggOf<TypeName>>): Named<Agg> =>
  entries(o).map(([name, a]) => [name, aggOf(a, name)] as const)
/** The columns of a window that a callback gives, by name. @throws PLAN_TYPE_MISMATCH */
export const windows = (o: Record<string, WindowOf<TypeName>>): Named<WindowCall> =>
  entries(o).map(([name, w]) => [name, windowOf(w, name)] as const)

function entries<T>(o: Record<string, T>): [string, T][] {
  if (o !== null && typeof o === 'object' && !Array.isArray(o)) return Object.entries(o)
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `a callback gives ${Array.isArray(o) ? 'a list' : o === null ? 'null' : typeof o}, not columns by name`,
    fix: 'give an object: (r) => ({ total: r.price.times(r.quantity) })',
  })
}

/** The expression of a column; JavaScript's own operators give something else. @throws PLAN_TYPE_MISMATCH */
export function exprOf(c: Col, where: string): Expr {
  if (c !== null && typeof c === 'object' && 'expr' in c) return c.expr
  if (typeof c === 'object' && c !== null && 'toPlan' in c)
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `${where} is given a table, not a column`,
      why: 'a row has columns of its own table only',
      fix: "bring the other table's columns in before: orders.join(cities, { city: 'name' })",
    })
  if (typeof c === 'object' && c !== null && ('agg' in c || 'window' in c))
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `${where} is given ${'agg' in c ? 'an aggregate' : 'a part of a window'}, not a column`,
      why: 'it is made of many rows, and this is about one',
      fix: 'use it in aggregate([…], …), rolling(…, …) or window({ by, order }, …), where an aggregate is over(sum(r.x))',
    })
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `${where} is given ${aOrAn(c)}, not a column`,
    why: 'operators of JavaScript (+, ===, !, &&) do not work on columns',
    fix: "use methods: r.x.plus(1), r.x.eq(1), r.x.gt(1).not(), a.and(b); constant(5, 'int64') for a constant",
  })
}

function windowOf(w: WindowOf<TypeName>, name: string): WindowCall {
  if (w !== null && typeof w === 'object' && 'window' in w) return w.window
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `'${name}' is given something that is no part of a window`,
    why: 'a window computes places, neighbours and aggregates over frames of rows',
    fix: 'say which, for instance rowNumber(), lag(r.x), over(sum(r.x), rows(-3, 0))',
  })
}

export function aggOf(a: AggOf<TypeName>, name: string): Agg {
  if (a !== null && typeof a === 'object' && 'agg' in a) return a.agg
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `'${name}' is given something that is no aggregate`,
    why: 'many rows become one value',
    fix: 'say how, for instance sum(r.x), max(r.x), count()',
  })
}
