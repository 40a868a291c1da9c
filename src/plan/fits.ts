import { GalleyError } from '../base/errors.ts'
import { call, col, type Expr, type Literal, lit } from './expr.ts'
import { build, type Named, type Node } from './nodes.ts'
import { fieldOf, isTemporal } from './types.ts'

/**
 * A fitted transform: *fit* is an aggregate query on any engine, its result binds as constants, and what is left is an
 * ordinary row-wise expression.
 */
export interface TargetEncode {
  readonly kind: 'targetEncode'
  readonly columns: readonly string[]
  /** Rows of the overall rate mixed into each key's own, so that rare keys lean on it. */
  readonly smoothing: number
  readonly folds: number
}
export type Fit = TargetEncode

/** The columns that a fit gives, bound twice: for the rows it was fitted on, and for all others. */
export interface BoundFit {
  readonly training: Named<Expr>
  readonly serving: Named<Expr>
  /** How the two differ, in words; empty when they don't. */
  readonly difference: string
}

/**
 * Replaces keys by the rate of the target among their rows: `(Σ + s·prior) / (n + s)`, as `<column>Rate`
 * (Micci-Barreca 2001). For training rows the own fold is left out, so that no row sees its own label.
 */
export function targetEncode(
  columns: readonly string[],
  options: { smoothing?: number; folds?: number } = {},
): TargetEncode {
  return { kind: 'targetEncode', columns, smoothing: options.smoothing ?? 20, folds: options.folds ?? 5 }
}

/** The names of the columns that a fit adds. */
export const fitColumns = (fit: Fit): string[] => fit.columns.map(rateName)
const rateName = (column: string): string => `${column}Rate`

/** The fold of a row, from the moment it is about: equal moments share a fold on every engine. */
const foldOf = (moment: string, folds: number): Expr =>
  call('mod', call('hash32', col(moment)), lit(String(folds), 'int64'))

/** The aggregate queries that fit needs over the training rows, one a column: its key, fold, `hits` and `rows`. */
export function fitQueries(fit: Fit, train: Node, target: string, moment: string): Named<Node> {
  const at = fieldOf(train.schema, moment, 'fit')
  if (!isTemporal(at.type))
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `fit needs a time to make folds of`,
      why: `'${moment}' is not one`,
    })
  return fit.columns.map((column) => {
    fieldOf(train.schema, column, 'targetEncode')
    const keyed = build({
      op: 'select',
      input: train,
      columns: [
        ['key', col(column)],
        ['fold', foldOf(moment, fit.folds)],
        ['hit', col(target)],
      ],
    })
    return [
      column,
      build({
        op: 'aggregate',
        input: keyed,
        by: ['key', 'fold'],
        aggs: [
          ['hits', { fn: 'sum', arg: col('hit') }],
          ['rows', { fn: 'count', arg: col('hit') }],
        ],
      }),
    ] as const
  })
}

/** One row of a fit's query: key, fold, sum of the target, rows. */
export type FitRow = readonly [key: Literal, fold: Literal, hits: number, rows: number]

/** Binds what the queries found as constants. */
export function bindFit(fit: Fit, found: ReadonlyMap<string, readonly FitRow[]>, moment: string): BoundFit {
  const training: [string, Expr][] = []
  const serving: [string, Expr][] = []
  for (const column of fit.columns) {
    const rows = [...(found.get(column) ?? [])].sort((a, b) =>
      String(a[0]) < String(b[0]) ? -1 : String(a[0]) > String(b[0]) ? 1 : Number(a[1]) - Number(b[1]),
    )
    const hits = rows.reduce((sum, r) => sum + r[2], 0)
    const seen = rows.reduce((sum, r) => sum + r[3], 0)
    const prior = seen > 0 ? hits / seen : 0
    const rate = (hits: number, n: number) => (hits + fit.smoothing * prior) / (n + fit.smoothing)
    const byKey = new Map<Literal, { hits: number; rows: number }>()
    for (const [key, , hits, n] of rows) {
      const sum = byKey.get(key) ?? { hits: 0, rows: 0 }
      byKey.set(key, { hits: sum.hits + hits, rows: sum.rows + n })
    }
    const keys = [...byKey.keys()]
    serving.push([
      rateName(column),
      {
        op: 'lookup',
        args: [col(column)],
        table: {
          keys: keys.map((k) => [k]),
          values: keys.map((k) => rate(byKey.get(k)?.hits ?? 0, byKey.get(k)?.rows ?? 0)),
        },
        fallback: prior,
        type: 'float64',
      },
    ])
    training.push([
      rateName(column),
      {
        op: 'lookup',
        args: [col(column), foldOf(moment, fit.folds)],
        table: {
          keys: rows.map(([key, fold]) => [key, fold]),
          values: rows.map(([key, , hits, n]) =>
            rate((byKey.get(key)?.hits ?? 0) - hits, (byKey.get(key)?.rows ?? 0) - n),
          ),
        },
        fallback: prior,
        type: 'float64',
      },
    ])
  }
  return { training, serving, difference: `training rows are encoded without their own fold (1 of ${fit.folds})` }
}
