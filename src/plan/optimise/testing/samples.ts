import { call, col, type Expr, lit } from '../../expr.ts'
import { build, type Named, type Node } from '../../nodes.ts'
import { parseType, type TypeName } from '../../types.ts'
import type { OptimiseOptions } from '../index.ts'

export const scan = (name: string, columns: Record<string, TypeName>): Node =>
  build({
    op: 'scan',
    from: { kind: 'source', name },
    schema: Object.entries(columns).map(([c, type]) => ({ name: c, type: parseType(type), nullable: true })),
  })
export const t = scan('t', { k: 'string', i: 'int64', x: 'float64', s: 'string', b: 'bool', at: 'timestamp' })
export const u = scan('u', { uk: 'string', y: 'float64' })
export const int = (n: number): Expr => lit(String(n), 'int64')
export const over = (name: string, n = 5): Expr => call('gt', col(name), int(n))
export const number: Expr = { op: 'cast', arg: col('s'), to: 'int64', onError: 'fail' }
export const filter = (input: Node, predicate: Expr): Node => build({ op: 'filter', input, predicate })
export const reject = (input: Node, predicate: Expr, reason = 'bad'): Node =>
  build({ op: 'reject', input, predicate, reason, when: 'always' })
export const derive = (input: Node, columns: Named<Expr>): Node => build({ op: 'derive', input, columns })
export const pick = (input: Node, ...names: string[]): Node =>
  build({ op: 'select', input, columns: names.map((n) => [n, col(n)] as const) })
export const join = (how: 'inner' | 'left' | 'semi' | 'anti', left: Node = t): Node =>
  build({ op: 'join', left, right: u, on: [['k', 'uk']], how })
export const sort = (input: Node): Node => build({ op: 'sort', input, keys: [{ by: col('i'), descending: false }] })
export const count = (input: Node, by: readonly string[] = ['k']): Node =>
  build({ op: 'aggregate', input, by, aggs: [['n', { fn: 'count', arg: null }]] })
export const ranked = (input: Node, name: string, fn: 'rank' | 'rowNumber' = 'rank'): Node =>
  build({ op: 'window', input, by: ['k'], order: [{ by: col('i'), descending: false }], columns: [[name, { fn }]] })
export const rolled = (left: Node, name: string, fn: 'count' | 'max' = 'count'): Node => {
  const agg = { fn, arg: fn === 'max' ? col('i') : null }
  const right = build({ op: 'rolling', input: t, by: ['k'], on: 'at', over: 3_600_000_000, aggs: [[name, agg]] })
  return build({ op: 'asof', left, right, by: [['k', 'k']], at: 'at', on: 'at' })
}
export const both = (a: Expr, b: Expr): Expr => call('and', a, b)

/** What one rule alone makes of a plan; `undefined` for `after`: it must leave the plan alone. */
export type Example = readonly [what: string, before: Node, after: Node | undefined, options?: OptimiseOptions]
export const parsed = derive(t, [['n', number]])
