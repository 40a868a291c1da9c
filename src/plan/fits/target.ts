import { GalleyError } from '../../base/errors.ts'
import { call, col, type Expr, type Frame, type Literal } from '../expr.ts'
import { build, type Named, type Node } from '../nodes.ts'
import { type Field, fieldOf, isTemporal } from '../types.ts'
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
  queries: (spec, train, about) => queriesBy(spec, train, about, ['key', 'fold']),
  bind(spec, found, schema, about) {
    const rates = spec.columns.map((column) => ratesOf(spec, fieldOf(schema, column, 'fit'), found, about))
    return bound(
      spec,
      rates,
      (input) => build({ op: 'derive', input, columns: rates.map((r) => [rateName(r.column), r.training] as const) }),
      about,
    )
  },
  within: {
    countsKeys: true,
    /** One a column: its key, `hits` and `rows`. */
    queries: (spec, train, about) => queriesBy(spec, train, about, ['key']),
    bind(spec, found, schema, about) {
      const rates = spec.columns.map((column) => ratesOf(spec, fieldOf(schema, column, 'fit'), found, about))
      return bound(spec, rates, (input) => rates.reduce((n, r) => foldRates(n, spec, r, needs(about)), input), about)
    },
  },
}

function queriesBy(spec: TargetEncode, train: Node, about: FitAbout, by: readonly string[]): Named<Node> {
  const { target, moment } = needs(about)
  const at = fieldOf(train.schema, moment, 'fit')
  if (!isTemporal(at.type))
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: 'fit needs a time to make folds of',
      why: `'${moment}' is not one`,
    })
  return spec.columns.map((column) => {
    const all: Named<Expr> = [
      ['key', col(column)],
      ['fold', foldOf(moment, spec.folds)],
      ['hit', col(target)],
    ]
    const columns = all.filter(([name]) => name === 'hit' || by.includes(name))
    const query = build({
      op: 'aggregate',
      input: build({ op: 'select', input: train, columns }),
      by,
      aggs: [
        ['hits', { fn: 'sum', arg: col('hit') }],
        ['rows', { fn: 'count', arg: col('hit') }],
      ],
    })
    return [column, query] as const
  })
}

/** Rates bound; training rows by earlier ones, or as `outOfFold` has it. */
function bound(
  spec: TargetEncode,
  rates: readonly Rates[],
  outOfFold: (input: Node) => Node,
  about: FitAbout,
): BoundFit {
  const past = spec.training === 'past'
  return {
    serving: [rates.map((r) => [rateName(r.column), r.serving] as const)],
    training: (input) => (past ? rates.reduce((n, r) => pastRates(n, spec, r, needs(about)), input) : outOfFold(input)),
    difference: past
      ? 'training rows are encoded with earlier rows only'
      : `training rows are encoded without their own fold (1 of ${spec.folds})`,
  }
}

interface Rates {
  readonly column: string
  readonly prior: number
  readonly serving: Expr
  readonly training: Expr
}

function ratesOf(
  spec: TargetEncode,
  { name: column, type }: Field,
  found: ReadonlyMap<string, readonly FitRow[]>,
  about: FitAbout,
): Rates {
  const order = literalOrder(type)
  const rows = (found.get(column) ?? [])
    .map((r) => ({
      key: r['key'] ?? null,
      fold: r['fold'] ?? null,
      hits: Number(r['hits'] ?? 0),
      rows: Number(r['rows'] ?? 0),
    }))
    .sort((a, b) => order(a.key, b.key) || Number(a.fold) - Number(b.fold))
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
  const [hits, rows] = [`${r.column} hits`, `${r.column} rows`]
  const order = [{ by: col(about.moment), descending: false }]
  const counted = build({ op: 'window', input, by: [r.column], order, columns: sums(about.target, frame, hits, rows) })
  return withRate(input, counted, spec, r, call('coalesce', col(hits), integer(0)), col(rows))
}

/** Each row's rate among the key's rows of the other folds. */
function foldRates(input: Node, spec: TargetEncode, r: Rates, about: { target: string; moment: string }): Node {
  const frame = { unit: 'rows' as const, from: null, to: null }
  const [fold, hits, rows, own, ownRows] = ['fold', 'hits', 'rows', 'fold hits', 'fold rows'].map((n) => `${r.column} ${n}`) as [string, string, string, string, string] // biome-ignore format: one line
  const folded = build({ op: 'derive', input, columns: [[fold, foldOf(about.moment, spec.folds)]] })
  const of = (n: Node, by: readonly string[], ...names: [string, string]) =>
    build({ op: 'window', input: n, by, order: [], columns: sums(about.target, frame, ...names) })
  const counted = of(of(folded, [r.column], hits, rows), [r.column, fold], own, ownRows)
  return withRate(input, counted, spec, r, call('sub', col(hits), col(own)), call('sub', col(rows), col(ownRows)))
}

/** Over a frame: the target's sum, and its rows. */
const sums = (target: string, frame: Frame, hits: string, rows: string) => {
  const agg = (fn: 'sum' | 'count') => ({ fn: 'aggregate' as const, agg: { fn, arg: col(target) }, frame })
  return [
    [hits, agg('sum')],
    [rows, agg('count')],
  ] as const
}

/** The input's columns with the rate of what was counted beside them. */
function withRate(input: Node, counted: Node, spec: TargetEncode, r: Rates, hits: Expr, rows: Expr): Node {
  const sum = call('add', hits, float(spec.smoothing * r.prior))
  const rate = call('div', sum, call('add', rows, float(spec.smoothing)))
  const kept = input.schema.map((f) => [f.name, col(f.name)] as const)
  const safe: Expr =
    spec.smoothing > 0 ? rate : { op: 'case', when: [[call('gt', rows, integer(0)), rate]], otherwise: float(r.prior) }
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
