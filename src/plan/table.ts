import { ownValue } from '../base/own.ts'
import type { AggOf, WindowOf } from './aggregates.ts'
import { rowOf } from './columns/column.ts'
import { aggs, exprOf, exprs } from './columns/given.ts'
import type { Col, Columns, Num, Row } from './columns/kinds.ts'
import { constantMicros } from './durations.ts'
import { col } from './expr.ts'
import { checkNames } from './names.ts'
import { build, type From, type JoinHow, type Node, type Plan, plan, type RejectWhen, type SortKey } from './nodes.ts'
import { type Field, fieldOf, type Note, parseType, type Schema, type TypeName } from './types.ts'
import { pivot, unpivot } from './verbs/pivot.ts'
import { sample, split } from './verbs/sample.ts'

type Added<O> = {
  [K in keyof O]: O[K] extends { readonly type: infer T extends TypeName }
    ? T
    : O[K] extends { readonly gives: infer T extends TypeName }
      ? T
      : never
}
/** Lazy on purpose: forcing each merge makes long chains slow to check. */
type Merge<A, B> = { [K in keyof A | keyof B]: K extends keyof B ? B[K] : K extends keyof A ? A[K] : never }
type Key<S> = keyof S & string
/** The columns of one of these types. */
type KeyOf<S, T> = { [K in Key<S>]: S[K] extends T ? K : never }[Key<S>]
type Time = 'date' | 'timestamp' | 'local timestamp'
type Number = Num | `decimal(${number}, ${number})`
/** The columns that a column of type T can be compared with. */
type Like<B, T> = KeyOf<B, T extends Number ? Number : T>
/** A join's columns, this table's to the other's. */
type On<S, B> = { readonly [K in Key<S>]?: Like<B, S[K]> }

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
  rename<const M extends { readonly [K in Key<S>]?: string }>(names: M): Table<Renamed<S, M>>
  /** One row for each different key; `[]` gives one row of all. */
  aggregate<K extends Key<S>, O extends Record<string, AggOf<TypeName>>>(
    by: K | readonly K[],
    f: (r: Row<S>) => O,
  ): Table<Merge<Pick<S, K>, Added<O>>>
  /** Inner join unless `how` says otherwise; `on` maps this table's columns to the other's. */
  join<B, const M extends On<S, B>, H extends JoinHow = 'inner'>(
    other: Table<B>,
    on: M & { readonly [K in Exclude<keyof M, Key<S>>]: never },
    options?: { how?: H },
  ): Table<[H] extends ['semi' | 'anti'] ? S : Merge<Omit<B, M[keyof M] & string>, S>>
  /** What a window said at the moment `at` of each row: `[at − over, at)`. */
  asOf<B>(window: Rolling<B>, options: { by: Key<S> | readonly Key<S>[]; at: Key<S> }): Table<Merge<S, B>>
  /** The latest row of another table strictly before `at`, and no older than `within`. */
  asOf<B>(
    other: Table<B>,
    options: { by: Key<S> | readonly Key<S>[]; at: Key<S>; on: Key<B>; within?: Col<'duration'> },
  ): Table<Merge<B, S>>
  rolling<O extends Record<string, AggOf<TypeName>>>(
    options: { by: Key<S> | readonly Key<S>[]; on: KeyOf<S, Time>; over: Col<'duration'> },
    f: (r: Row<S>) => O,
  ): Rolling<Added<O>>
  /** Adds columns computed over each key's rows in an order: places, neighbours, frames. Ties are broken by the remaining columns. */
  window<O extends Record<string, WindowOf<TypeName>>>(
    options: { by?: Key<S> | readonly Key<S>[]; order?: OrderBy<S> | readonly OrderBy<S>[] },
    f: (r: Row<S>) => O,
  ): Table<Merge<S, Added<O>>>
  /** One row for each item of a list; a row without items is dropped unless `keepEmpty`. */
  unnest<K extends KeyOf<S, `${string}[]`>>(
    column: K,
    options?: { keepEmpty?: boolean; position?: string },
  ): Table<{ [N in keyof S]: N extends K ? (S[N] extends `${infer E extends TypeName & string}[]` ? E : S[N]) : S[N] }>
  /** One column for each of the values, holding the aggregate of the rows that have it. */
  pivot<K extends Key<S>, const V extends string, T extends TypeName>(
    by: K | readonly K[],
    options: { key: Key<S>; values: readonly V[] },
    f: (r: Row<S>) => AggOf<T>,
  ): Table<Merge<Pick<S, K>, { [N in V]: T }>>
  /** One row for each of the columns, with its name and its value; the columns must be of one type. */
  unpivot<K extends Key<S>, const N extends string, const V extends string>(
    columns: readonly K[],
    names: { name: N; value: V },
  ): Table<Merge<Omit<S, K>, { [C in N]: 'string' } & { [C in V]: S[K] }>>
  /** A share of the rows, by the hash of a key: the same rows in every run and on every engine. */
  sample(fraction: number, options: { by: Key<S> | readonly Key<S>[]; seed?: number }): Table<S>
  /** Adds a column that gives each row a part by the hash of a key; the shares add up to 1. */
  split<const P extends Readonly<Record<string, number>>, const N extends string = 'part'>(
    shares: P,
    options: { by: Key<S> | readonly Key<S>[]; seed?: number; name?: N },
  ): Table<Merge<S, { [C in N]: 'string' }>>
  /** Says something of columns: unit, description, tags. */
  describe(notes: { readonly [K in Key<S>]?: Note }): Table<S>
  distinct(): Table<S>
  sort(...by: readonly (Key<S> | { by: Key<S>; descending: boolean })[]): Table<S>
  limit(count: number): Table<S>
  /** All rows of both. */
  union(other: Table<S>): Table<S>
  /** The rows that both have, each once. */
  intersect(other: Table<S>): Table<S>
  /** The rows that only this one has, each once. */
  except(other: Table<S>): Table<S>
}

/** The same columns under their new names. */
type Renamed<S, M> = { readonly [K in keyof S as K extends keyof M ? (M[K] extends string ? M[K] : K) : K]: S[K] }
type OrderBy<S> = Key<S> | { readonly by: Key<S>; readonly descending: boolean }

const list = <T>(one: T | readonly T[]): readonly T[] => (Array.isArray(one) ? one : [one as T])
type Order = string | { readonly by: string; readonly descending: boolean }
const sortKey = (k: Order): SortKey =>
  typeof k === 'string' ? { by: col(k), descending: false } : { by: col(k.by), descending: k.descending }

/** The fluent shell around a node. @throws PLAN_INVALID for a column whose name can't be used */
export function table<S>(node: Node): Table<S> {
  const schema = checkNames(node.schema)
  const row = (where: string) => rowOf<S>(schema, where)
  const next = (n: Parameters<typeof build>[0]) => table<never>(build(n))
  const shell = {
    node,
    schema,
    toPlan: () => plan(node),
    filter: (f: (r: Row<S>) => Col<'bool'>) =>
      next({ op: 'filter', input: node, predicate: exprOf(f(row('filter')), 'filter') }),
    reject: (f: (r: Row<S>) => Col<'bool'>, reason: string, options: { when?: RejectWhen } = {}) =>
      next({
        op: 'reject',
        input: node,
        predicate: exprOf(f(row('reject')), 'reject'),
        reason,
        when: options.when ?? 'always',
      }),
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
        columns: schema.map((f) => [ownValue(names, f.name) ?? f.name, col(f.name)] as const),
      })
    },
    aggregate: (by: string | readonly string[], f: (r: Row<S>) => Record<string, AggOf<TypeName>>) =>
      next({ op: 'aggregate', input: node, by: list(by), aggs: aggs(f(row('aggregate'))) }),
    join: (other: Table<Columns>, on: Record<string, string>, options: { how?: JoinHow } = {}) =>
      next({ op: 'join', left: node, right: other.node, on: Object.entries(on), how: options.how ?? 'inner' }),
    asOf: (
      other: Rolling<Columns> | Table<Columns>,
      o: { by: string | readonly string[]; at: string; on?: string; within?: Col<'duration'> },
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
        ...(o.within ? { within: constantMicros(o.within) } : {}),
      })
    },
    rolling: (
      o: { by: string | readonly string[]; on: string; over: Col<'duration'> },
      f: (r: Row<S>) => Record<string, AggOf<TypeName>>,
    ) => {
      const window = build({
        op: 'rolling',
        input: node,
        by: list(o.by),
        on: o.on,
        over: constantMicros(o.over),
        aggs: aggs(f(row('rolling'))),
      })
      checkNames(window.schema)
      return { node: window }
    },
    distinct: () => next({ op: 'distinct', input: node }),
    window: (
      o: { by?: string | readonly string[]; order?: Order | readonly Order[] },
      f: (r: Row<S>) => Record<string, WindowOf<TypeName>>,
    ) =>
      next({
        op: 'window',
        input: node,
        by: list(o.by ?? []),
        order: list<Order>(o.order ?? []).map(sortKey),
        columns: Object.entries(f(row('window'))).map(([name, w]) => [name, w.window] as const),
      }),
    unnest: (name: string, o: { keepEmpty?: boolean; position?: string } = {}) =>
      next({
        op: 'unnest',
        input: node,
        column: name,
        keepEmpty: o.keepEmpty ?? false,
        ...(o.position ? { position: o.position } : {}),
      }),
    pivot: (
      by: string | readonly string[],
      o: { key: string; values: readonly string[] },
      f: (r: Row<S>) => AggOf<TypeName>,
    ) => table<never>(pivot(node, list(by), o, f(row('pivot')).agg)),
    unpivot: (names: readonly string[], o: { name: string; value: string }) => table<never>(unpivot(node, names, o)),
    sample: (fraction: number, o: { by: string | readonly string[]; seed?: number }) =>
      table<never>(sample(node, fraction, list(o.by), o.seed)),
    split: (
      shares: Readonly<Record<string, number>>,
      o: { by: string | readonly string[]; seed?: number; name?: string },
    ) => table<never>(split(node, shares, list(o.by), o)),
    describe: (notes: Readonly<Record<string, Note>>) =>
      next({ op: 'annotate', input: node, notes: Object.entries(notes) }),
    sort: (...by: Order[]) => next({ op: 'sort', input: node, keys: by.map(sortKey) }),
    intersect: (other: Table<S>) => next({ op: 'intersect', left: node, right: other.node }),
    except: (other: Table<S>) => next({ op: 'except', left: node, right: other.node }),
    limit: (count: number) => next({ op: 'limit', input: node, count }),
    union: (other: Table<S>) => next({ op: 'union', left: node, right: other.node }),
  }
  return Object.freeze(shell) as unknown as Table<S>
}

/** A table that reads from somewhere; `columns` gives names and types. Columns may be null unless said otherwise. */
export function scan<const S extends Columns>(from: From, columns: S, notNull: readonly (keyof S)[] = []): Table<S> {
  const schema: Field[] = Object.entries(columns).map(([name, type]) => ({
    name,
    type: parseType(type),
    nullable: !notNull.includes(name),
  }))
  return table<S>(build({ op: 'scan', from, schema }))
}
