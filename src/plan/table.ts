import { GalleyError } from '../base/errors.ts'
import { type Col, type Columns, column, type In, type Row, rowOf } from './column.ts'
import { type Agg, type AggregateName, call, col, type Expr } from './expr.ts'
import { literal } from './literal.ts'
import { build, type From, type JoinHow, type Named, type Node, type Plan, plan, type RejectWhen } from './nodes.ts'
import { type Field, fieldOf, type ScalarType, type Schema } from './types.ts'

/** An aggregate with the type it gives. Made by `count()`, `mean(r.x)` … */
export interface AggOf<T extends ScalarType> {
  readonly agg: Agg
  readonly gives: T
}

type Added<O> = {
  [K in keyof O]: O[K] extends { readonly type: infer T extends ScalarType }
    ? T
    : O[K] extends AggOf<infer T>
      ? T
      : never
}
/** Lazy on purpose: forcing each merge makes long chains slow to check. */
type Merge<A, B> = { [K in keyof A | keyof B]: K extends keyof B ? B[K] : K extends keyof A ? A[K] : never }
type Key<S> = keyof S & string

/** A rolling window: aggregates as a function of key and time, read with `asOf`. */
export interface Rolling<S> {
  readonly node: Extract<Node, { op: 'rolling' }>
  readonly columns?: S
}

/**
 * A relation being described. Every verb gives a new Table; nothing runs until an engine gets the plan.
 * A shell over frozen plan nodes: no state of its own.
 */
export interface Table<S> {
  readonly node: Node
  readonly schema: Schema
  toPlan(): Plan
  /** Keeps the rows where the condition is true (not false, not null). */
  filter(f: (r: Row<S>) => Col<'bool'>): Table<S>
  /** Sets aside the rows where the condition is true, with the reason; an endpoint asks only the `always` ones. */
  reject(f: (r: Row<S>) => Col<'bool'>, reason: string, options?: { when?: RejectWhen }): Table<S>
  /** Adds columns, or replaces those of the same name. */
  derive<O extends Record<string, Col>>(f: (r: Row<S>) => O): Table<Merge<S, Added<O>>>
  select<K extends Key<S>>(...names: K[]): Table<Pick<S, K>>
  drop<K extends Key<S>>(...names: K[]): Table<Omit<S, K>>
  rename<const M extends { readonly [K in Key<S>]?: string }>(names: M): Table<Columns>
  aggregate<K extends Key<S>, O extends Record<string, AggOf<ScalarType>>>(
    by: readonly K[],
    f: (r: Row<S>) => O,
  ): Table<Merge<Pick<S, K>, Added<O>>>
  /** Inner join unless `how` says otherwise; `on` maps this table's columns to the other's. */
  join<B>(other: Table<B>, on: { readonly [K in Key<S>]?: Key<B> }, options?: { how?: JoinHow }): Table<Merge<B, S>>
  /** What a window said at the moment `at` of each row: `[at − over, at)`. */
  asOf<B>(window: Rolling<B>, options: { by: Key<S> | readonly Key<S>[]; at: Key<S> }): Table<Merge<S, B>>
  /** The latest row of another table strictly before `at`. */
  asOf<B>(other: Table<B>, options: { by: Key<S> | readonly Key<S>[]; at: Key<S>; on: Key<B> }): Table<Merge<B, S>>
  rolling<O extends Record<string, AggOf<ScalarType>>>(
    options: { by: Key<S> | readonly Key<S>[]; on: Key<S>; over: Col<'duration'> },
    f: (r: Row<S>) => O,
  ): Rolling<Added<O>>
  distinct(): Table<S>
  sort(...by: readonly (Key<S> | { by: Key<S>; descending: boolean })[]): Table<S>
  limit(count: number): Table<S>
  union(other: Table<S>): Table<S>
}

const list = <T>(one: T | readonly T[]): readonly T[] => (Array.isArray(one) ? one : [one as T])
const exprs = (o: Record<string, Col>): Named<Expr> => Object.entries(o).map(([name, c]) => [name, c.expr] as const)
const aggs = (o: Record<string, AggOf<ScalarType>>): Named<Agg> =>
  Object.entries(o).map(([name, a]) => [name, a.agg] as const)

/** The fluent shell around a node. */
export function table<S>(node: Node): Table<S> {
  const { schema } = node
  const row = (where: string) => rowOf<S>(schema, where)
  const next = (n: Parameters<typeof build>[0]) => table<never>(build(n))
  const shell = {
    node,
    schema,
    toPlan: () => plan(node),
    filter: (f: (r: Row<S>) => Col<'bool'>) => next({ op: 'filter', input: node, predicate: f(row('filter')).expr }),
    reject: (f: (r: Row<S>) => Col<'bool'>, reason: string, options: { when?: RejectWhen } = {}) =>
      next({ op: 'reject', input: node, predicate: f(row('reject')).expr, reason, when: options.when ?? 'always' }),
    derive: (f: (r: Row<S>) => Record<string, Col>) =>
      next({ op: 'derive', input: node, columns: exprs(f(row('derive'))) }),
    select: (...names: string[]) =>
      next({ op: 'select', input: node, columns: names.map((n) => [n, col(n)] as const) }),
    drop: (...names: string[]) => {
      for (const n of names) fieldOf(schema, n, 'drop')
      return next({
        op: 'select',
        input: node,
        columns: schema.filter((f) => !names.includes(f.name)).map((f) => [f.name, col(f.name)] as const),
      })
    },
    rename: (names: Record<string, string>) => {
      for (const n of Object.keys(names)) fieldOf(schema, n, 'rename')
      return next({
        op: 'select',
        input: node,
        columns: schema.map((f) => [names[f.name] ?? f.name, col(f.name)] as const),
      })
    },
    aggregate: (by: readonly string[], f: (r: Row<S>) => Record<string, AggOf<ScalarType>>) =>
      next({ op: 'aggregate', input: node, by, aggs: aggs(f(row('aggregate'))) }),
    join: (other: Table<Columns>, on: Record<string, string>, options: { how?: JoinHow } = {}) =>
      next({ op: 'join', left: node, right: other.node, on: Object.entries(on), how: options.how ?? 'inner' }),
    asOf: (
      other: Rolling<Columns> | Table<Columns>,
      o: { by: string | readonly string[]; at: string; on?: string },
    ) => {
      const right = other.node
      const keys = right.op === 'rolling' ? right.by : list(o.by)
      const by = list(o.by).map((name, i) => [name, keys[i] ?? name] as const)
      return next({
        op: 'asof',
        left: node,
        right,
        by,
        at: o.at,
        on: right.op === 'rolling' ? right.on : (o.on ?? o.at),
      })
    },
    rolling: (
      o: { by: string | readonly string[]; on: string; over: Col<'duration'> },
      f: (r: Row<S>) => Record<string, AggOf<ScalarType>>,
    ) => ({
      node: build({
        op: 'rolling',
        input: node,
        by: list(o.by),
        on: o.on,
        over: constantMicros(o.over),
        aggs: aggs(f(row('rolling'))),
      }),
    }),
    distinct: () => next({ op: 'distinct', input: node }),
    sort: (...by: (string | { by: string; descending: boolean })[]) =>
      next({
        op: 'sort',
        input: node,
        keys: by.map((k) =>
          typeof k === 'string' ? { by: col(k), descending: false } : { by: col(k.by), descending: k.descending },
        ),
      }),
    limit: (count: number) => next({ op: 'limit', input: node, count }),
    union: (other: Table<S>) => next({ op: 'union', left: node, right: other.node }),
  }
  return Object.freeze(shell) as unknown as Table<S>
}

/** A table that reads from somewhere; `columns` gives names and types. Columns may be null unless said otherwise. */
export function scan<const S extends Columns>(from: From, columns: S, notNull: readonly (keyof S)[] = []): Table<S> {
  const schema: Field[] = Object.entries(columns).map(([name, type]) => ({
    name,
    type,
    nullable: !notNull.includes(name),
  }))
  return table<S>(build({ op: 'scan', from, schema }))
}

const durationOf =
  (unit: number) =>
  (amount: number | Col): Col<'duration'> => {
    if (typeof amount === 'number') {
      const micros = Math.round(amount * unit)
      return Object.freeze({
        expr: { op: 'lit', value: String(micros), type: 'duration' },
        type: 'duration',
      }) as unknown as Col<'duration'>
    }
    if (amount.type === 'int32' || amount.type === 'int64')
      return Object.freeze({
        expr: call('micros', call('mul', amount.expr, literal(unit, 'int64'))),
        type: 'duration',
      }) as unknown as Col<'duration'>
    return Object.freeze({
      expr: call('micros', call('mul', amount.expr, literal(unit, 'float64'))),
      type: 'duration',
    }) as unknown as Col<'duration'>
  }

/** Durations from a number or a numeric column; parts of a microsecond are rounded half away from zero. */
export const seconds = durationOf(1e6)
export const minutes = durationOf(60e6)
export const hours = durationOf(3600e6)
export const days = durationOf(86400e6)

function constantMicros(d: Col<'duration'>): number {
  if (d.expr.op === 'lit' && d.expr.value !== null) return Number(d.expr.value)
  throw new GalleyError('PLAN_INVALID', { what: 'a window needs a constant span', fix: 'write for instance hours(3)' })
}

const aggregate =
  <T extends ScalarType>(fn: AggregateName, gives: T) =>
  (c: Col): AggOf<T> => ({ agg: { fn, arg: c.expr }, gives })

/** Rows, or the rows where the column is not null. */
export const count = (c?: Col): AggOf<'int64'> => ({ agg: { fn: 'count', arg: c?.expr ?? null }, gives: 'int64' })
export const countDistinct = aggregate('countDistinct', 'int64')
export const mean = aggregate('mean', 'float64')
export const stddev = aggregate('stddev', 'float64')
export const variance = aggregate('variance', 'float64')
export const quantile = (c: Col, p: number): AggOf<'float64'> => ({
  agg: { fn: 'quantile', arg: c.expr, param: p },
  gives: 'float64',
})
export const sum = <T extends ScalarType>(c: Col<T>): AggOf<T extends 'float32' | 'float64' ? 'float64' : 'int64'> => ({
  agg: { fn: 'sum', arg: c.expr },
  gives: (c.type.startsWith('float') ? 'float64' : 'int64') as never,
})
export const min = <T extends ScalarType>(c: Col<T>): AggOf<T> => ({ agg: { fn: 'min', arg: c.expr }, gives: c.type })
export const max = <T extends ScalarType>(c: Col<T>): AggOf<T> => ({ agg: { fn: 'max', arg: c.expr }, gives: c.type })

/** A constant as a column. */
export const constant = <T extends ScalarType>(value: In<T> & (string | number | boolean), type: T): Col<T> =>
  column(literal(value, type), [], 'constant') as Col<T>
