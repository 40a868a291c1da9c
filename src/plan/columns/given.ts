import { GalleyError } from '../../base/errors.ts'
import type { AggOf } from '../aggregates.ts'
import type { Agg, Expr } from '../expr.ts'
import type { Named } from '../nodes.ts'
import type { TypeName } from '../types.ts'
import type { Col } from './kinds.ts'

/** The columns that a callback gives, by name. @throws PLAN_TYPE_MISMATCH */
export const exprs = (o: Record<string, Col>): Named<Expr> =>
  entries(o).map(([name, c]) => [name, exprOf(c, `derive of '${name}'`)] as const)
/** The aggregates that a callback gives, by name. @throws PLAN_TYPE_MISMATCH */
export const aggs = (o: Record<string, AggOf<TypeName>>): Named<Agg> =>
  entries(o).map(([name, a]) => [name, aggOf(a, name)] as const)

function entries<T>(o: Record<string, T>): [string, T][] {
  if (o !== null && typeof o === 'object') return Object.entries(o)
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `a callback gives ${o === null ? 'null' : typeof o}, not columns by name`,
    fix: 'give an object: (r) => ({ total: r.price.times(r.quantity) })',
  })
}

/** The expression of a column; JavaScript's own operators give something else. @throws PLAN_TYPE_MISMATCH */
export function exprOf(c: Col, where: string): Expr {
  if (c !== null && typeof c === 'object' && 'expr' in c) return c.expr
  const got = typeof c === 'object' && c !== null && 'agg' in c ? 'an aggregate' : typeof c
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `${where} is given ${got === 'an aggregate' ? got : `a ${got}`}, not a column`,
    why: 'operators of JavaScript (+, ===, !, &&) do not work on columns, and aggregates stand in aggregate() and windows',
    fix: 'use methods: r.x.plus(1), r.x.eq(1), r.x.gt(1).not(), a.and(b); constant(5) for a constant',
  })
}

function aggOf(a: AggOf<TypeName>, name: string): Agg {
  if (a !== null && typeof a === 'object' && 'agg' in a) return a.agg
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `'${name}' is given something that is no aggregate`,
    why: 'many rows become one value',
    fix: 'say how, for instance sum(r.x), max(r.x), count()',
  })
}
