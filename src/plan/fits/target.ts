import { GalleyError } from '../../base/errors.ts'
import { call, col, type Expr, type Literal } from '../expr.ts'
import { build, type Named, type Node } from '../nodes.ts'
import { fieldOf, isTemporal } from '../types.ts'
import { codes, literalOrder } from './categories.ts'
import type { BoundFit, FitAbout, FitKind, FitRow } from './fit.ts'
import { float, integer } from './fit.ts'

/**
 * Replaces keys by the rate of the target among their rows: `(Σ + s·prior) / (n + s)`, as `<column>Rate`
 * (Micci-Barreca 2001).
 */
export interface TargetEncode {
  readonly kind: 'targetEncode'
  readonly columns: readonly string[]
  /** Rows of the overall rate mixed into each key's own, so that rare keys lean on it. */
  readonly smoothing: number
  readonly folds: number
  /** What a training row's rate is made of, so that no row sees its own label: the other folds, or earlier rows only. */
  readonly training: 'outOfFold' | 'past'
}

export const targetEncode = (
  columns: readonly string[],
  options: { smoothing?: number; folds?: number; training?: TargetEncode['training'] } = {},
): TargetEncode => ({
  kind: 'targetEncode',
  columns,
  smoothing: options.smoothing ?? 20,
  folds: options.folds ?? 5,
  training: options.training ?? 'outOfFold',
})

const rateName = (column: string): string => `${column}Rate`

/** The fold of a row, from the moment it is about: equal moments share a fold on every engine. */
const foldOf = (moment: string, folds: number): Expr => call('mod', call('hash32', col(moment)), integer(folds))

export const targetEncodeKind: FitKind<TargetEncode> = {
  reads: (spec) => spec.columns,
  /** One a column: its key, fold, `hits` (the target's sum) and `rows`. */
  queries(spec, train, about) {
    const { target, moment } = needs(about)
    const at = fieldOf(train.schema, moment, 'fit')
    if (!isTemporal(at.type))
      throw new GalleyError('PLAN_TYPE_MISMATCH', {
        what: 'fit needs a time to make folds of',
        why: `'${moment}' is not one`,
      })
    return spec.columns.map((column) => {
      const keyed = build({
        op: 'select',
        input: train,
        columns: [
          ['key', col(column)],
          ['fold', foldOf(moment, spec.folds)],
          ['hit', col(target)],
        ],
      })
      const query = build({
        op: 'aggregate',
        input: keyed,
        by: ['key', 'fold'],
        aggs: [
          ['hits', { fn: 'sum', arg: col('hit') }],
          ['rows', { fn: 'count', arg: col('hit') }],
        ],
      })
      return [column, query] as const
    })
  },
  bind(spec, found, _, about) {
    const rates = spec.columns.map((column) => ratesOf(spec, column, found.get(column) ?? [], about))
    const serving = [rates.map((r) => [rateName(r.column), r.serving] as const)]
    const past = spec.training === 'past'
    return {
      serving,
      training: (input) =>
        past
          ? rates.reduce((n, r) => pastRates(n, spec, r, needs(about)), input)
          : build({ op: 'derive', input, columns: rates.map((r) => [rateName(r.column), r.training] as const) }),
      difference: past
        ? 'training rows are encoded with earlier rows only'
        : `training rows are encoded without their own fold (1 of ${spec.folds})`,
    } satisfies BoundFit
  },
}

interface Rates {
  readonly column: string
  readonly prior: number
  readonly serving: Expr
  readonly training: Expr
}

function ratesOf(spec: TargetEncode, column: string, found: readonly FitRow[], about: FitAbout): Rates {
  const rows = found
    .map((r) => ({
      key: r['key'] ?? null,
      fold: r['fold'] ?? null,
      hits: Number(r['hits'] ?? 0),
      rows: Number(r['rows'] ?? 0),
    }))
    .sort((a, b) => literalOrder(a.key, b.key) || Number(a.fold) - Number(b.fold))
  const hits = rows.reduce((sum, r) => sum + r.hits, 0)
  const seen = rows.reduce((sum, r) => sum + r.rows, 0)
  const prior = seen > 0 ? hits / seen : 0
  const rate = (h: number, n: number) =>
    n + spec.smoothing > 0 ? (h + spec.smoothing * prior) / (n + spec.smoothing) : prior
  const byKey = new Map<Literal, { hits: number; rows: number }>()
  for (const r of rows) {
    const sum = byKey.get(r.key) ?? { hits: 0, rows: 0 }
    byKey.set(r.key, { hits: sum.hits + r.hits, rows: sum.rows + r.rows })
  }
  const { moment } = needs(about)
  return {
    column,
    prior,
    serving: codes(column, new Map([...byKey].map(([key, k]) => [key, rate(k.hits, k.rows)])), prior, 'float64'),
    training: {
      op: 'lookup',
      args: [col(column), foldOf(moment, spec.folds)],
      table: {
        keys: rows.map((r) => [r.key, r.fold]),
        values: rows.map((r) => rate((byKey.get(r.key)?.hits ?? 0) - r.hits, (byKey.get(r.key)?.rows ?? 0) - r.rows)),
      },
      fallback: prior,
      type: 'float64',
    },
  }
}

/** Each row's rate among the key's rows before its moment. */
function pastRates(input: Node, spec: TargetEncode, r: Rates, about: { target: string; moment: string }): Node {
  const frame = { unit: 'range' as const, from: null, to: -1 }
  const agg = (fn: 'sum' | 'count') => ({ fn: 'aggregate' as const, agg: { fn, arg: col(about.target) }, frame })
  const [hits, rows] = [`${r.column} hits`, `${r.column} rows`]
  const counted = build({
    op: 'window',
    input,
    by: [r.column],
    order: [{ by: col(about.moment), descending: false }],
    columns: [
      [hits, agg('sum')],
      [rows, agg('count')],
    ],
  })
  const sum = call('add', call('coalesce', col(hits), integer(0)), float(spec.smoothing * r.prior))
  const rate = call('div', sum, call('add', col(rows), float(spec.smoothing)))
  const kept = input.schema.map((f) => [f.name, col(f.name)] as const)
  const safe: Expr =
    spec.smoothing > 0
      ? rate
      : { op: 'case', when: [[call('gt', col(rows), integer(0)), rate]], otherwise: float(r.prior) }
  const columns: Named<Expr> = [...kept.filter(([name]) => name !== rateName(r.column)), [rateName(r.column), safe]]
  return build({ op: 'select', input: counted, columns })
}

function needs(about: FitAbout): { target: string; moment: string } {
  const { target, moment } = about
  if (target === undefined || moment === undefined)
    throw new GalleyError('PLAN_INVALID', {
      what: 'targetEncode needs a target and a time column',
      why: 'it keeps a row from seeing its own label by folds of time',
      fix: "name the time: k.dataset(…, { moment: 'at' })",
    })
  return { target, moment }
}
