import { ownValue } from '../base/own.ts'
import type { AggOf, WindowOf } from './aggregates.ts'
import { rowOf } from './columns/column.ts'
import { aggOf, aggs, called, exprOf, exprs, windows } from './columns/given.ts'
import type { Col, Columns, Row } from './columns/kinds.ts'
import {
  keysGiven,
  type Names,
  notesOf,
  type Order,
  optionsOf,
  pairsOf,
  reasonOf,
  some,
  sortKey,
} from './columns/options.ts'
import type {
  Added,
  ClockOf,
  Hashed,
  Key,
  KeyOf,
  Keys,
  Merge,
  Moment,
  On,
  OrderBy,
  Renamed,
  Unnested,
} from './columns/shapes.ts'
import { constantMicros } from './durations.ts'
import { col } from './expr.ts'
import { checkNames } from './names.ts'
import { build, type From, type JoinHow, type Node, type Plan, plan, type RejectWhen } from './nodes.ts'
import { type Field, fieldOf, type Note, parseType, type Schema, type TypeName } from './types.ts'
import { pivot, unpivot } from './verbs/pivot.ts'
import { type Parts, sample, split } from './verbs/sample.ts'

/** A rolling window: aggregates as a function of key and time, read with `asOf` at moments of its clock T. */
export interface Rolling<S, T extends Moment = Moment> {
  readonly node: Extract<Node, { op: 'rolling' }>
  readonly columns?: S
  readonly clock?: T
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
  asOf<B, T extends Moment>(window: Rolling<B, T>, options: { by: Keys<S>; at: KeyOf<S, T> }): Table<Merge<S, B>>
  /** The latest row of another table strictly before `at`, and no older than `within`. */
  asOf<B, N extends KeyOf<B, Moment>>(
    other: Table<B>,
    options: { by: Keys<S>; at: KeyOf<S, B[N]>; on: N; within?: Col<'duration'> },
  ): Table<Merge<Omit<B, N>, S>>
  rolling<N extends KeyOf<S, Moment>, O extends Record<string, AggOf<TypeName>>>(
    options: { by: Keys<S>; on: N; over: Col<'duration'> },
    f: (r: Row<S>) => O,
  ): Rolling<Added<O>, ClockOf<S, N>>
  /** Adds columns computed over each key's rows in an order: places, neighbours, frames. Ties are broken by the remaining columns. */
  window<O extends Record<string, WindowOf<TypeName>>>(
    options: { by?: Keys<S>; order?: OrderBy<S> | readonly OrderBy<S>[] },
    f: (r: Row<S>) => O,
  ): Table<Merge<S, Added<O>>>
  /** One row for each item of a list, with its place from 0 under the name `position`; a row without items is dropped unless `keepEmpty`. */
  unnest<K extends KeyOf<S, `${string}[]`>, const P extends string = never>(
    column: K,
    options?: { keepEmpty?: boolean; position?: P },
  ): Table<Merge<Unnested<S, K>, { [C in P]: 'int64' }>>
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
  sample(fraction: number, options: { by: Hashed<S>; seed?: number }): Table<S>
  /** Adds a column that gives each row a part by the hash of a key; the shares add up to 1. */
  split<const P extends Readonly<Record<string, number>>, const N extends string = 'part'>(
    shares: P,
    options: { by: Hashed<S>; seed?: number; name?: N },
  ): Table<Merge<S, { [C in N]: 'string' }>>
  /** Says something of columns: unit, description, tags. */
  describe(notes: { readonly [K in Key<S>]?: Note }): Table<S>
  distinct(): Table<S>
  sort(...by: readonly OrderBy<S>[]): Table<S>
  limit(count: number): Table<S>
  /** All rows of both. */
  union(other: Table<S>): Table<S>
  /** The rows that both have, each once. */
  intersect(other: Table<S>): Table<S>
  /** The rows that only this one has, each once. */
  except(other: Table<S>): Table<S>
}

/** The fluent shell around a node. @throws PLAN_INVALID for a column whose name can't be used */
export function table<S>(node: Node): Table<S> {
  const schema = checkNames(node.schema)
  const row = (where: string) => rowOf<S>(schema, where)
  const next = (n: Parameters<typeof build>[0]) => table<never>(build(n))
  const kept = (names: readonly string[]) =>
    next({ op: 'select', input: node, columns: names.map((n) => [n, col(n)] as const) })
  const shell = {
    node,
    schema,
    toPlan: () => plan(node),
    filter: (f: (r: Row<S>) => Col<'bool'>) =>
      next({ op: 'filter', input: node, predicate: exprOf(called(f, row, 'filter'), 'filter') }),
    reject: (f: (r: Row<S>) => Col<'bool'>, reason: string, options: { when?: RejectWhen } = {}) =>
      next({
        op: 'reject',
        input: node,
        predicate: exprOf(called(f, row, 'reject'), 'reject'),
        reason: reasonOf(reason),
        when: optionsOf(options, ['when'], 'reject').when ?? 'always',
      }),
    derive: (f: (r: Row<S>) => Record<string, Col>) =>
      next({ op: 'derive', input: node, columns: exprs(called(f, row, 'derive')) }),
    select: (...names: string[]) => kept(names),
    drop: (...names: string[]) => {
      for (const n of names) fieldOf(schema, n, 'drop')
      return kept(schema.map((f) => f.name).filter((name) => !names.includes(name)))
    },
    rename: (names: Record<string, string>) => {
      for (const n of Object.keys(names)) fieldOf(schema, n, 'rename')
      return next({
        op: 'select',
        input: node,
        columns: schema.map((f) => [ownValue(names, f.name) ?? f.name, col(f.name)] as const),
      })
    },
    aggregate: (by: Names, f: (r: Row<S>) => Record<string, AggOf<TypeName>>) =>
      next({ op: 'aggregate', input: node, by: keysGiven(by, 'aggregate'), aggs: aggs(called(f, row, 'aggregate')) }),
    join: (other: Table<Columns>, on: Record<string, string>, options: { how?: JoinHow } = {}) =>
      next({
        op: 'join',
        left: node,
        right: other.node,
        on: pairsOf(on),
        how: optionsOf(options, ['how'], 'join').how ?? 'inner',
      }),
    asOf: (
      other: Rolling<Columns> | Table<Columns>,
      o: { by: Names; at: string; on?: string; within?: Col<'duration'> },
    ) => {
      optionsOf(o, ['by', 'at', 'on', 'within'], 'asOf')
      const right = other.node
      const keys = right.op === 'rolling' ? right.by : some(o.by)
      const by = some(o.by).map((name, i) => [name, keys[i] ?? name] as const)
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
      o: { by: Names; on: string; over: Col<'duration'> },
      f: (r: Row<S>) => Record<string, AggOf<TypeName>>,
    ) => {
      const window = build({
        op: 'rolling',
        input: node,
        by: some(optionsOf(o, ['by', 'on', 'over'], 'rolling').by),
        on: o.on,
        over: constantMicros(o.over),
        aggs: aggs(called(f, row, 'rolling')),
      })
      checkNames(window.schema)
      return { node: window }
    },
    distinct: () => next({ op: 'distinct', input: node }),
    window: (
      o: { by?: Names; order?: Order | readonly Order[] },
      f: (r: Row<S>) => Record<string, WindowOf<TypeName>>,
    ) =>
      next({
        op: 'window',
        input: node,
        by: some(optionsOf(o, ['by', 'order'], 'window').by ?? []),
        order: some<Order>(o.order ?? []).map(sortKey),
        columns: windows(called(f, row, 'window')),
      }),
    unnest: (name: string, o: { keepEmpty?: boolean; position?: string } = {}) =>
      next({
        op: 'unnest',
        input: node,
        column: name,
        keepEmpty: optionsOf(o, ['keepEmpty', 'position'], 'unnest').keepEmpty ?? false,
        ...(o.position ? { position: o.position } : {}),
      }),
    pivot: (by: Names, o: { key: string; values: readonly string[] }, f: (r: Row<S>) => AggOf<TypeName>) =>
      table<never>(pivot(node, by, o, aggOf(called(f, row, 'pivot'), 'pivot'))),
    unpivot: (names: readonly string[], o: { name: string; value: string }) => table<never>(unpivot(node, names, o)),
    sample: (fraction: number, o: Parts) => table<never>(sample(node, fraction, o)),
    split: (shares: Readonly<Record<string, number>>, o: Parts) => table<never>(split(node, shares, o)),
    describe: (notes: Readonly<Record<string, Note>>) => next({ op: 'annotate', input: node, notes: notesOf(notes) }),
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
