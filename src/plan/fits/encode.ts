import { listOfNames, optionsOf } from '../columns/options.ts'
import { call, col, type Expr, type Literal, lit } from '../expr.ts'
import { fieldOf } from '../types.ts'
import { byFrequency, codes, countsQuery, literalOrder, namesApart } from './categories.ts'
import { alike, checked, type FitKind, float, integer, known } from './fit.ts'
import { checkNumber } from './options.ts'

/**
 * A column for each of the most frequent values: `<column>=<value>`, 1 or 0, and one for all others if there are any. A
 * name that is taken, be it in another case, has ` (2)` behind it.
 */
export interface OneHot {
  readonly kind: 'oneHot'
  readonly columns: readonly string[]
  /** Values that get a column of their own. */
  readonly max: number
}
export const oneHot = (columns: readonly string[], options: { max?: number } = {}): OneHot =>
  checked(oneHotKind, {
    kind: 'oneHot',
    columns: listOfNames(columns, 'oneHot'),
    max: optionsOf(options, ['max'], 'oneHot').max ?? 32,
  })

const queries = (spec: { readonly columns: readonly string[] }, train: Parameters<FitKind<OneHot>['queries']>[1]) =>
  spec.columns.map((column) => [column, countsQuery(train, column)] as const)

export const oneHotKind: FitKind<OneHot> = {
  check: (spec) => checkNumber('oneHot', 'max', spec.max, { from: 1, to: 10_000, whole: true }),
  reads: (spec) => spec.columns,
  queries,
  bind: (spec, found, schema) => {
    const rest = spec.columns.flatMap((column) => [otherName(column), missingName(column)])
    const nameOf = namesApart(schema, rest)
    return alike(
      spec.columns.flatMap((column) => {
        const { type } = fieldOf(schema, column, 'oneHot')
        const all = byFrequency(found.get(column) ?? [], type).map((c) => c.key)
        const own = all.filter((key) => key !== null).slice(0, spec.max)
        const others = all.some((key) => key !== null && !own.includes(key))
        const flag = (condition: Expr): Expr => ({ op: 'case', when: [[condition, float(1)]], otherwise: float(0) })
        const value = known(schema, column)
        const is = (key: Literal): Expr => call('eq', value, lit(key, type))
        const columns = own.map((key) => [nameOf(`${column}=${String(key)}`), flag(is(key))] as const)
        const unlike = call('not', call('isIn', value, ...own.map((key) => lit(key, type))))
        return [
          ...columns,
          ...(others && own.length > 0 ? [[otherName(column), flag(unlike)] as const] : []),
          ...(all.includes(null) ? [[missingName(column), flag(call('isNull', value))] as const] : []),
        ]
      }),
    )
  },
}
const otherName = (column: string): string => `${column}=(other)`
const missingName = (column: string): string => `${column}=(missing)`

/** Values as 0, 1, 2 … in `<column>Code`, in their own order or in a given one. A value that was not seen has none. */
export interface Ordinal {
  readonly kind: 'ordinal'
  readonly columns: readonly string[]
  /** The order, lowest first; by default that of the values themselves. */
  readonly order: readonly Literal[]
}
export const ordinal = (columns: readonly string[], options: { order?: readonly Literal[] } = {}): Ordinal => ({
  kind: 'ordinal',
  columns: listOfNames(columns, 'ordinal'),
  order: optionsOf(options, ['order'], 'ordinal').order ?? [],
})
export const ordinalKind: FitKind<Ordinal> = {
  reads: (spec) => spec.columns,
  queries: (spec, train) => (spec.order.length > 0 ? [] : queries(spec, train)),
  bind: (spec, found, schema) =>
    alike(
      spec.columns.map((column) => {
        const seen = (found.get(column) ?? []).map((r) => r['key'] ?? null).filter((key) => key !== null)
        const order =
          spec.order.length > 0 ? spec.order : seen.sort(literalOrder(fieldOf(schema, column, 'ordinal').type))
        return [
          `${column}Code`,
          codes(known(schema, column), new Map(order.map((key, i) => [key, String(i)])), null, 'int64'),
        ] as const
      }),
    ),
}

/** Values as their share of the training rows, in `<column>Share`; a value that was not seen has 0. */
export interface Frequency {
  readonly kind: 'frequency'
  readonly columns: readonly string[]
}
export const frequency = (columns: readonly string[]): Frequency => ({
  kind: 'frequency',
  columns: listOfNames(columns, 'frequency'),
})
export const frequencyKind: FitKind<Frequency> = {
  reads: (spec) => spec.columns,
  queries,
  bind: (spec, found, schema) =>
    alike(
      spec.columns.map((column) => {
        const all = byFrequency(found.get(column) ?? [], fieldOf(schema, column, 'frequency').type)
        const total = all.reduce((sum, c) => sum + c.rows, 0)
        return [
          `${column}Share`,
          codes(known(schema, column), new Map(all.map((c) => [c.key, c.rows / total])), 0, 'float64'),
        ] as const
      }),
    ),
}

/** Values by their hash, in columns `<column>Hash0` …: 1 in the bucket that a value falls in. Nothing is learnt, so new values have a place. */
export interface Hashing {
  readonly kind: 'hashing'
  readonly columns: readonly string[]
  readonly buckets: number
}
export const hashing = (columns: readonly string[], buckets = 16): Hashing =>
  checked(hashingKind, { kind: 'hashing', columns: listOfNames(columns, 'hashing'), buckets })
export const hashingKind: FitKind<Hashing> = {
  check: (spec) => checkNumber('hashing', 'buckets', spec.buckets, { from: 1, to: 10_000, whole: true }),
  reads: (spec) => spec.columns,
  queries: () => [],
  bind: (spec) =>
    alike(
      spec.columns.flatMap((column) => {
        const bucket = call('mod', call('hash32', col(column)), integer(spec.buckets))
        return Array.from({ length: spec.buckets }, (_, i): readonly [string, Expr] => [
          `${column}Hash${i}`,
          { op: 'case', when: [[call('eq', bucket, integer(i)), float(1)]], otherwise: float(0) },
        ])
      }),
    ),
}
