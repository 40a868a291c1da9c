import { GalleyError } from '../../base/errors.ts'
import { ownValue } from '../../base/own.ts'
import { listOfNames, optionsOf } from '../columns/options.ts'
import { call, col, type Expr, type Literal, lit } from '../expr.ts'
import { literal } from '../literal.ts'
import { build, type Node } from '../nodes.ts'
import { type Field, fieldOf, isDecimal, isInteger, isNumeric, type Schema } from '../types.ts'
import { literalOrder, namesApart } from './categories.ts'
import { alike, type FitKind, type FitRow, known } from './fit.ts'

/** Puts a value where one is missing; of floats, also for NaN and the infinities. */
export interface Impute {
  readonly kind: 'impute'
  readonly columns: readonly string[]
  readonly with: 'mean' | 'median' | 'mostFrequent' | { readonly constant: Literal }
  /** Groups that have a value of their own; a group without any takes the overall one. */
  readonly by: readonly string[]
  /** Adds `<column>Missing`, which says where it was. */
  readonly indicator: boolean
}

export const impute = (
  columns: readonly string[],
  options: { with?: Impute['with']; by?: readonly string[]; indicator?: boolean } = {},
): Impute => ({
  kind: 'impute',
  columns: listOfNames(columns, 'impute'),
  with: optionsOf(options, ['with', 'by', 'indicator'], 'impute').with ?? 'median',
  by: options.by ?? [],
  indicator: options.indicator ?? false,
})

export const imputeKind: FitKind<Impute> = {
  reads: (spec) => [...spec.columns, ...spec.by],
  queries(spec, train) {
    if (typeof spec.with === 'object') return []
    const levels = spec.by.length > 0 ? [spec.by, []] : [[]]
    return spec.columns.flatMap((column) =>
      levels.map((by) => [`${column} by ${by.length}`, query(spec, train, column, by)] as const),
    )
  },
  bind(spec, found, schema) {
    const columns: [string, Expr][] = []
    for (const column of spec.columns) {
      const field = fieldOf(schema, column, 'impute')
      const value = known(schema, column)
      if (spec.indicator) columns.push([`${column}Missing`, call('isNull', value)])
      columns.push([column, call('coalesce', value, ...values(spec, found, field, schema))])
    }
    return alike(columns)
  },
}

/** What a query finds is named apart from the columns that it groups by. */
const foundName = (column: string, by: readonly string[]): string => namesApart([], [...by, column])('found')

function query(spec: Impute, train: Node, column: string, by: readonly string[]): Node {
  const { type } = fieldOf(train.schema, column, 'impute')
  const present = build({ op: 'filter', input: train, predicate: call('not', call('isNull', col(column))) })
  if (spec.with === 'mostFrequent')
    return build({
      op: 'aggregate',
      input: present,
      by: [...by, column],
      aggs: [[foundName(column, by), { fn: 'count', arg: null }]],
    })
  if (!isNumeric(type))
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `impute with the ${String(spec.with)} needs a number`,
      why: `'${column}' is none`,
      fix: "use { with: 'mostFrequent' } or { with: { constant: … } }",
    })
  return build({
    op: 'aggregate',
    input: present,
    by,
    aggs: [
      [
        foundName(column, by),
        spec.with === 'mean' ? { fn: 'mean', arg: col(column) } : { fn: 'quantile', arg: col(column), param: 0.5 },
      ],
    ],
  })
}

/** What stands in for a missing value: the group's own first, then the overall one. */
function values(spec: Impute, found: ReadonlyMap<string, readonly FitRow[]>, field: Field, schema: Schema): Expr[] {
  if (typeof spec.with === 'object') return [literal(spec.with.constant, field.type)]
  const pick = (rows: readonly FitRow[], by: readonly string[] = []): Literal | undefined => {
    const name = foundName(field.name, by)
    if (spec.with !== 'mostFrequent') return rounded(ownValue(rows[0], name) ?? null, field)
    const order = literalOrder(field.type)
    const most = [...rows].sort(
      (a, b) =>
        Number(b[name]) - Number(a[name]) || order(ownValue(a, field.name) ?? null, ownValue(b, field.name) ?? null),
    )
    return ownValue(most[0], field.name)
  }
  const overall = pick(found.get(`${field.name} by 0`) ?? []) ?? null
  const otherwise = overall === null ? [] : [lit(overall, field.type)]
  if (spec.by.length === 0) return otherwise
  const groups = new Map<string, FitRow[]>()
  for (const row of found.get(`${field.name} by ${spec.by.length}`) ?? []) {
    const key = JSON.stringify(spec.by.map((name) => ownValue(row, name) ?? null))
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const keys = [...groups.keys()].sort()
  const own: Expr = {
    op: 'lookup',
    args: spec.by.map((name) => known(schema, name)),
    table: {
      keys: keys.map((k) => JSON.parse(k) as Literal[]),
      values: keys.map((k) => pick(groups.get(k) ?? [], spec.by) ?? null),
    },
    fallback: null,
    // a lookup gives scalars, of which text holds every digit of a decimal
    type: isDecimal(field.type) ? 'string' : field.type,
  }
  return [isDecimal(field.type) ? { op: 'cast', arg: own, to: field.type, onError: 'fail' } : own, ...otherwise]
}

/** The greatest int64: a mean near it is rounded to 2⁶³. */
const MOST = 2n ** 63n - 1n

/** A mean of integers as the nearest integer, half away from zero, so that the column keeps its type. */
function rounded(value: Literal, field: Field): Literal {
  const mean = Number(value ?? Number.NaN)
  if (!Number.isFinite(mean)) return null
  if (isInteger(field.type)) {
    const away = Math.round(Math.abs(mean))
    const n = mean < 0 ? -away : away
    return field.type === 'int64' ? String(BigInt.asIntN(64, BigInt(n)) === BigInt(n) ? n : MOST) : n
  }
  return isDecimal(field.type) ? mean.toFixed(field.type.decimal[1]) : mean
}
